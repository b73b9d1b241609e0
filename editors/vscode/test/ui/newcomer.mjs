// The first minutes with the packed extension: a repository without a plan, a question of the agent, a folder that is not
// trusted, a program that is not there. A picture is taken after each step.
//
// usage: newcomer.mjs VSIX [FOLDER_FOR_PICTURES]
import fs from 'node:fs';
import path from 'node:path';
import { plan } from '../editor/plan.mjs';
import { ready, Sandbox } from '../editor/sandbox.mjs';
import { Steps } from '../editor/steps.mjs';
import { openBrowser, startEditor, until, Workbench } from '../editor/workbench.mjs';

const [vsix, shots = 'shots'] = process.argv.slice(2);
if (!vsix) throw new Error('usage: newcomer.mjs VSIX [FOLDER_FOR_PICTURES]');
const own = { 'workbench.colorTheme': 'Default Dark Modern' };
const settings = (editor, values) => {
  const file = path.join(editor.dir, 'data/Machine/settings.json');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(values));
};

const sandbox = new Sandbox({ 'README.md': '# Shop\n' });
const asks = { gate: { ready: false, reason: 'the place is not said', question: 'Which file is it to be written to?' } };
sandbox.plays({
  runs: [
    [{ text: 'I need to know where.' }, asks],
    [{ write: { path: 'work.txt', content: 'done\n' } }, ready('it is written')],
  ],
});
const editor = await startEditor({ vsix: [path.resolve(vsix)], env: sandbox.env, own });
const browser = await openBrowser();
const { page } = browser;
const bench = new Workbench(page);
const steps = new Steps(page, shots);
const { step } = steps;
const view = () => page.locator('.activitybar .action-item a[aria-label^="Alfine"]');
const welcome = () => page.locator('.welcome-view-content');
let begun = 0;

await step('a repository without a plan: the view says what to do', async () => {
  await bench.open(editor.url, sandbox.repo);
  begun = Date.now();
  await view().click();
  await welcome().getByText('Write a First Plan').waitFor();
});
await step('the plan is written, and opens with its lens', async () => {
  await welcome().getByText('Write a First Plan').click();
  await page.locator('.tab.active[data-resource-name="PLAN.md"]').waitFor();
  await bench.lens('Start loop').waitFor();
});
await step('started, it asks for the commands first', async () => {
  await bench.lens('Start loop').click();
  await bench.dialog().getByText('Allow', { exact: true }).waitFor();
});
await step('the agent asks, and the question is at hand', async () => {
  await bench.dialog().getByText('Allow', { exact: true }).click();
  await bench.toast('Which file is it to be written to?').waitFor();
  await bench.statusItem('alfine.alfine.alfine.status').filter({ hasText: '1 needs you' }).waitFor();
  return `${(Date.now() - begun) / 1000} s from nothing to here`;
});
await step('an answer is written', async () => {
  await bench.toast('Which file').getByText('Write an answer').click();
  await bench.quickInput().fill('To work.txt');
});
await step('with it the loop goes on, and gets done', async () => {
  await page.keyboard.press('Enter');
  await bench.lens('done').first().waitFor();
});
await step('discarding asks first', async () => {
  await bench.command('Alfine: Discard Work');
  await bench.dialog().getByText('Discard', { exact: true }).waitFor();
});
await step('and then the work is gone', async () => {
  await bench.dialog().getByText('Discard', { exact: true }).click();
  await bench.lens('discarded').first().waitFor();
});
await step('a program that is not there: what to do', async () => {
  await bench.command('Notifications: Clear All Notifications');
  settings(editor, { 'alfine.server.path': '/nowhere/alfine' });
  await bench.toast('there is no program at that place').waitFor();
  await bench.statusItem('alfine.alfine.alfine.status').filter({ hasText: 'Alfine' }).waitFor();
  await welcome().getByText('What to Do').waitFor();
});
await step('mended, it is back', async () => {
  settings(editor, {});
  await bench.row('PLAN.md').waitFor();
});

await browser.close();
await editor.stop();
sandbox.remove();

const stranger = new Sandbox({ 'PLAN.md': plan });
stranger.plays({ runs: [[ready('never run')]] });
const wary = await startEditor({ vsix: [path.resolve(vsix)], env: stranger.env, own, trust: false });
const other = await openBrowser();
steps.page = other.page;
const there = new Workbench(other.page);
await step('in a folder that is not trusted, a plan is checked', async () => {
  await other.page.goto(`${wary.url}/?folder=${encodeURIComponent(stranger.repo)}`);
  await there.statusItem('status.workspaceTrust').filter({ hasText: 'Restricted Mode' }).waitFor();
  await there.openFile('PLAN.md');
  await there.lens('Start loop').waitFor();
});
await step('and nothing is run', async () => {
  await there.lens('Start loop').first().click();
  await there.toast('Restricted Mode').waitFor();
  await until(() => stranger.processes().filter(({ line }) => line.includes('fake-agent')), ({ length }) => length === 0);
});
await other.close();
await wary.stop();
stranger.remove();

// Two folders with the same plan; in the name of one is what editors and servers write in different ways.
const twins = new Sandbox({ 'PLAN.md': plan });
const second = path.join(twins.dir, 'shop (2) @é');
fs.cpSync(twins.repo, second, { recursive: true });
twins.plays({ runs: [[ready('never mind')]] });
const workspace = twins.sign('both.code-workspace');
fs.writeFileSync(workspace, JSON.stringify({ folders: [{ path: twins.repo }, { path: second }] }));
const both = await startEditor({ vsix: [path.resolve(vsix)], env: twins.env, own });
const third = await openBrowser();
steps.page = third.page;
const shop = new Workbench(third.page);
const tasks = () => third.page.locator('.pane-body .monaco-list-row', { hasText: 'T1: Discount a price' });
await step('of two folders with one plan, each is shown with its name', async () => {
  await third.page.goto(`${both.url}/?workspace=${encodeURIComponent(workspace)}`);
  await third.page.locator('.activitybar .action-item a[aria-label^="Alfine"]').click();
  await shop.row('coupons · 0 of 2 done').waitFor();
  await shop.row('shop (2) @é · 0 of 2 done').waitFor();
});
await step('an open plan has its tasks once', async () => {
  await shop.row('shop (2) @é').click();
  await shop.lens('Start loop').first().waitFor();
  await third.page.keyboard.type('\n');
  await shop.lens('Start loop').first().waitFor();
  await shop.command('View: Revert and Close Editor');
  if ((await tasks().count()) !== 2) throw new Error(`${await tasks().count()} rows`);
});
await step('a task is started in the folder where it was clicked', async () => {
  await tasks().nth(1).hover();
  await tasks().nth(1).locator('a[aria-label^="Start Loop"]').click();
  await shop.dialog().getByText('Allow', { exact: true }).click();
  const begun = (folder) => twins.run('git', ['-C', folder, 'branch', '--list', 'alfine/*']).trim() !== '';
  await until(() => begun(second));
  if (begun(twins.repo)) throw new Error('it was started in the other folder');
});
await step('a folder without a repository: the view says what is missing', async () => {
  const bare = twins.sign('bare');
  fs.mkdirSync(bare);
  await third.page.goto(`${both.url}/?folder=${encodeURIComponent(bare)}`);
  await third.page.locator('.monaco-workbench').waitFor();
  const text = third.page.locator('.welcome-view-content', { hasText: 'This folder is not in a git repository' });
  await text.or(third.page.locator('.activitybar .action-item a[aria-label^="Alfine"]')).first().waitFor();
  if (!(await text.isVisible())) await third.page.locator('.activitybar .action-item a[aria-label^="Alfine"]').click();
  await text.waitFor();
});
await third.close();
await both.stop();
twins.remove();
steps.end();
