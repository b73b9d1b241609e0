// Runs suite.ts inside the extension host of a real VS Code, with the extension as it is packed, and the real server.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { plan, straight } from '../editor/plan.mjs';
import { alfine, Sandbox } from '../editor/sandbox.mjs';
import { openBrowser, startEditor } from '../editor/workbench.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const vsix = process.argv[2];
if (!vsix) throw new Error('usage: run.mjs VSIX');

const sandbox = new Sandbox({ 'PLAN.md': plan, 'alfine.toml': '[limits]\niterations = 4\n' });
sandbox.plays({ runs: straight });
sandbox.alfine('trust', 'PLAN.md', '--yes');
fs.writeFileSync(sandbox.env.FAKE_ALFINE, '{}');

// The extension under test is the packed one, unpacked.
const extension = path.join(sandbox.dir, 'packed');
fs.mkdirSync(extension);
execFileSync('python3', ['-m', 'zipfile', '-e', path.resolve(vsix), extension]);
fs.chmodSync(path.join(extension, 'extension/server/alfine'), 0o755);
const suite = path.join(sandbox.dir, 'suite.cjs');
await esbuild.build({ entryPoints: [here('suite.ts')], outfile: suite, bundle: true, platform: 'node', format: 'cjs', external: ['vscode'] });

const env = { ...sandbox.env, ALFINE_BIN: alfine, TEST_FAKE: here('../fake/alfine.mjs') };
const editor = await startEditor({ env, args: ['--vscode-option', 'enable-smoke-test-driver'] });
const browser = await openBrowser();
const host = new URL(editor.url).host;
const remote = (name) => `vscode-remote://${host}${name}`;
let finish;
const finished = new Promise((resolve) => (finish = resolve));
await browser.page.exposeFunction('codeAutomationLog', (_, args) => {
  const line = args.join(' ');
  if (process.env.VERBOSE || /^(ok|not ok|#|\d+ passed)/.test(line)) console.log(line);
});
await browser.page.exposeFunction('codeAutomationExit', (code) => finish(code));
const payload = [
  ['extensionDevelopmentPath', remote(path.join(extension, 'extension'))],
  ['extensionTestsPath', remote(suite)],
  ['skipWelcome', 'true'],
];
await browser.page.goto(`${editor.url}/?folder=${encodeURIComponent(sandbox.repo)}&payload=${encodeURIComponent(JSON.stringify(payload))}`);
const code = await Promise.race([finished, new Promise((resolve) => setTimeout(() => resolve('no end within 3 minutes'), 180_000))]);
if (code !== 0) {
  await browser.page.screenshot({ path: path.join(process.env.SHOTS ?? '.', 'host-failed.png') }).catch(() => undefined);
  if (typeof code === 'string') console.log(`not ok ${code}\n0 passed, 1 failed`);
}
await browser.close();
await editor.stop();
sandbox.remove();
process.exit(code === 0 ? 0 : 1);
