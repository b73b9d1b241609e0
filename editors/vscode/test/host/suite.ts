/** Tests inside the extension host: what the extension and the real server do through VS Code's API. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Ctx } from '../../src/ctx';
import type { TaskView } from '../../src/protocol';
import serverCommands from '../../src/server_commands.json';

const tests: [name: string, work: () => Promise<void>][] = [];
const test = (name: string, work: () => Promise<void>) => tests.push([name, work]);

async function until<T>(look: () => T | PromiseLike<T>, isSo: (seen: T) => boolean = Boolean, within = 30_000): Promise<T> {
  const begun = Date.now();
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (Date.now() - begun > within) throw new Error(`not so within ${within} ms, last: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const root = () => vscode.workspace.workspaceFolders?.[0]?.uri ?? assert.fail('no folder');
const planUri = () => vscode.Uri.joinPath(root(), 'PLAN.md');
let ctx: Ctx;
const task = (id: string): TaskView => ctx.tasks.get(`PLAN.md#${id}`) ?? assert.fail(`no ${id}`);
const ready = () => until(() => ctx.state, ({ is }) => is === 'ready');
const set = (key: string, value: unknown) => vscode.workspace.getConfiguration('alfine').update(key, value, vscode.ConfigurationTarget.Global);

/** The servers that this extension host started, by process id. */
function servers(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return parent === String(process.pid) && line.includes('lsp');
      } catch {
        return false;
      }
    });
}

test('the extension activates with the bundled server', async () => {
  const extension = vscode.extensions.getExtension<Ctx>('alfine.alfine') ?? assert.fail('not there');
  ctx = await extension.activate();
  const state = await ready();
  assert(state.is === 'ready');
  assert.equal(state.program.origin, 'bundled');
  assert.equal(state.program.warning, undefined);
});

test('every command of the manifest is registered, and each of the server’s too', async () => {
  const manifest = vscode.extensions.getExtension('alfine.alfine')?.packageJSON as { contributes: { commands: { command: string }[] } };
  const known = new Set(await vscode.commands.getCommands(true));
  const named = [...manifest.contributes.commands.map(({ command }) => command), ...Object.keys(serverCommands)];
  const missing = named.filter((command) => !known.has(command));
  assert.deepEqual(missing, []);
});

test('the plan’s tasks are there, with the limit of the repository’s alfine.toml, not VS Code’s default', async () => {
  await until(() => ctx.tasks.all().length, (count) => count === 2);
  assert.equal(task('T1').status, 'ready');
  assert.equal(task('T2').status, 'pending');
  await until(() => task('T1').maxIterations, (limit) => limit === 4);
});

test('a setting of this editor goes over the repository’s', async () => {
  await set('limits.iterations', 7);
  await until(() => task('T1').maxIterations, (limit) => limit === 7);
  await set('limits.iterations', undefined);
  await until(() => task('T1').maxIterations, (limit) => limit === 4);
});

test('a folder’s settings cannot name a program for the agent', async () => {
  const file = vscode.Uri.joinPath(root(), '.vscode/settings.json');
  await vscode.workspace.fs.writeFile(file, Buffer.from('{"alfine.agents": {"claude": {"command": "/evil"}}, "alfine.limits.iterations": 9}'));
  await until(() => task('T1').maxIterations, (limit) => limit === 9);
  assert.deepEqual(vscode.workspace.getConfiguration('alfine').get('agents'), {});
  await vscode.workspace.fs.delete(vscode.Uri.joinPath(root(), '.vscode'), { recursive: true });
  await until(() => task('T1').maxIterations, (limit) => limit === 4);
});

test('a task has its lens, which carries the command', async () => {
  await vscode.window.showTextDocument(planUri());
  const lenses = await until(
    () => vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', planUri(), 10),
    (found) => found.some(({ command }) => command?.title === 'Start loop'),
  );
  const start = lenses.find(({ command }) => command?.title === 'Start loop')?.command;
  assert.equal(start?.command, 'alfine.start');
});

test('a started task is done, and its changes can be read', async () => {
  await vscode.commands.executeCommand('alfine.start', { uri: planUri().toString(), task: 'PLAN.md#T1' });
  await until(() => task('T1').status, (status) => status === 'done');
  assert.deepEqual(task('T1').criteria.map(({ state }) => state), ['proven', 'proven']);
  await vscode.commands.executeCommand('alfine.showDiff', { task: 'PLAN.md#T1' });
  const tab = await until(() => vscode.window.tabGroups.activeTabGroup.activeTab?.label);
  assert.match(tab ?? '', /T1: Discount a price/);
});

test('what is not asked any more is not asked for an answer', async () => {
  // An input box would wait for the user.
  await vscode.commands.executeCommand('alfine.answer', { task: 'PLAN.md#T1' });
});

test('the transcript is a read-only document with what the agent said', async () => {
  await vscode.commands.executeCommand('alfine.showTranscript', { task: 'PLAN.md#T1' });
  const editor = vscode.window.activeTextEditor ?? assert.fail('no editor');
  assert.equal(editor.document.uri.scheme, 'alfine-transcript');
  assert.match(editor.document.getText(), /^# T1: Discount a price\n\n## Iteration 1\n[\s\S]*This is short\./);
  await vscode.commands.executeCommand('type', { text: 'x' });
  assert.doesNotMatch(editor.document.getText(), /^x/);
});

test('what is no text, and what is too large, is told instead of shown', async () => {
  const git = (...args: string[]) => execFileSync('git', ['-C', root().fsPath, ...args], { encoding: 'utf8' }).trim();
  const names = { binary: 'a b/ü.png', large: 'large.txt', text: 'text #1.txt' };
  mkdirSync(join(root().fsPath, 'a b'));
  writeFileSync(join(root().fsPath, names.binary), Buffer.from([0x89, 0x50, 0, 1]));
  writeFileSync(join(root().fsPath, names.large), 'x'.repeat(33 * 1024 * 1024));
  writeFileSync(join(root().fsPath, names.text), 'text\n');
  git('add', ...Object.values(names));
  const commit = git('commit-tree', '-m', 'files', git('write-tree'));
  git('rm', '-q', '-f', ...Object.values(names));
  const shown = async (path: string) => {
    const query = JSON.stringify({ root: root().fsPath, commit });
    return (await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme: 'alfine-tree', path: `/${path}`, query }))).getText();
  };
  assert.match(await shown(names.binary), /^\(a b\/ü\.png as of [0-9a-f]{8} is no text\.\)\n$/);
  assert.match(await shown(names.large), /is larger than 32 MB/);
  assert.equal(await shown(names.text), 'text\n');
});

test('merging ticks the task in the open plan', async () => {
  await vscode.window.showTextDocument(planUri());
  await vscode.commands.executeCommand('alfine.merge', { task: 'PLAN.md#T1' });
  await until(() => task('T1').status, (status) => status === 'merged');
  await until(() => vscode.workspace.textDocuments.find(({ uri }) => uri.path === planUri().path)?.getText() ?? '', (text) => text.includes('- [x] It takes the percentage off'));
  await until(() => task('T2').status, (status) => status === 'ready');
});

test('an unsaved plan is saved before a loop is started from it', async () => {
  const editor = await vscode.window.showTextDocument(planUri());
  await editor.edit((edit) => {
    edit.insert(new vscode.Position(2, 0), 'A sentence more. ');
  });
  assert(editor.document.isDirty);
  await vscode.commands.executeCommand('alfine.start', { uri: planUri().toString(), task: 'PLAN.md#nobody' }).then(undefined, () => undefined);
  assert(!editor.document.isDirty);
});

test('a server that is killed comes back', async () => {
  const [first] = servers();
  assert(first !== undefined);
  process.kill(first, 'SIGKILL');
  await until(servers, (now) => now.length === 1 && now[0] !== first);
  await ready();
  await until(() => ctx.tasks.all().length, (count) => count === 2);
});

test('one that keeps ending is given up after a few times, and says what to do', async () => {
  for (let n = 0; n < 4; n++) {
    const [pid] = await until(servers, ({ length }) => length === 1);
    await ready();
    process.kill(pid ?? assert.fail(), 'SIGKILL');
    await until(() => !servers().includes(pid ?? 0));
  }
  const state = await until(() => ctx.state, ({ is }) => is === 'failed');
  assert(state.is === 'failed');
  assert.match(state.message, /ended by itself 5 times/);
  assert.match(state.remedy, /log/);
  await vscode.commands.executeCommand('alfine.restartServer');
  await ready();
});

test('a setting that names no program says what to do, and the bundled one is back without it', async () => {
  await set('server.path', '/nowhere/alfine');
  const state = await until(() => ctx.state, ({ is }) => is === 'failed');
  assert(state.is === 'failed');
  assert.match(state.message, /there is no program at that place/);
  assert.match(state.remedy, /empty it to use the bundled one/);
  assert.equal(servers().length, 0);
  await set('server.path', undefined);
  await ready();
});

test('a server of another version, and one that ends at once, say so', async () => {
  const scenario = process.env['FAKE_ALFINE'] ?? assert.fail();
  writeFileSync(scenario, JSON.stringify({ version: '0.9.0' }));
  await set('server.path', process.env['TEST_FAKE']);
  const old = await until(() => ctx.state, (state) => state.is === 'ready' && state.program.origin === 'setting');
  assert(old.is === 'ready');
  assert.match(old.program.warning ?? '', /is Alfine 0\.9\.0, and this extension is made for 0\.1\.0/);
  writeFileSync(scenario, JSON.stringify({ crash: 'start' }));
  await vscode.commands.executeCommand('alfine.restartServer');
  const state = await until(() => ctx.state, ({ is }) => is === 'failed');
  assert(state.is === 'failed');
  assert.match(state.message, /could not be started/);
  await set('server.path', undefined);
  await ready();
});

test('a command whose server ends says so, and the server comes back', async () => {
  writeFileSync(process.env['FAKE_ALFINE'] ?? assert.fail(), JSON.stringify({ crash: 'command' }));
  await set('server.path', process.env['TEST_FAKE']);
  await until(() => ctx.state, (state) => state.is === 'ready' && state.program.origin === 'setting');
  const [first] = servers();
  await assert.rejects(ctx.execute('alfine.pause', { task: 'PLAN.md#T1' }), /server ended before it answered/);
  await until(servers, ([now]) => now !== undefined && now !== first);
  await ready();
  await set('server.path', undefined);
  await until(() => ctx.state, (state) => state.is === 'ready' && state.program.origin === 'bundled');
});

test('a server that does not answer is ended, by a restart at once, and without one after a while', async () => {
  const scenario = process.env['FAKE_ALFINE'] ?? assert.fail();
  writeFileSync(scenario, JSON.stringify({ hang: 'initialize' }));
  await set('server.path', process.env['TEST_FAKE']);
  await until(() => ctx.state, ({ is }) => is === 'starting');
  const [first] = await until(servers, ({ length }) => length === 1);
  void vscode.commands.executeCommand('alfine.restartServer');
  await until(servers, ([now]) => now !== undefined && now !== first, 5000);
  const state = await until(() => ctx.state, ({ is }) => is === 'failed');
  assert(state.is === 'failed');
  assert.match(state.message, /did not answer within 15 seconds/);
  await until(servers, ({ length }) => length === 0);
});

test('a server that does not say goodbye is ended', async () => {
  writeFileSync(process.env['FAKE_ALFINE'] ?? assert.fail(), JSON.stringify({ hang: 'shutdown' }));
  await vscode.commands.executeCommand('alfine.restartServer');
  await ready();
  const [first] = servers();
  await set('server.path', undefined);
  await until(() => ctx.state, (state) => state.is === 'ready' && state.program.origin === 'bundled');
  assert(first !== undefined && !servers().includes(first));
});

export async function run(): Promise<void> {
  let passed = 0;
  let failed = 0;
  for (const [name, work] of tests) {
    const begun = Date.now();
    try {
      await work();
      passed++;
      console.log(`ok ${name} (${Date.now() - begun} ms)`);
    } catch (error) {
      failed++;
      console.log(`not ok ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0) throw new Error(`${failed} failed in ${join('test', 'host')}`);
}
