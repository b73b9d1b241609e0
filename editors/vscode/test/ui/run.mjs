// One run of a user through the packed extension in a real VS Code: from an open plan to merged work. A picture is taken
// after each step. The server is the real one, the agent plays a script.
//
// usage: run.mjs VSIX [FOLDER_FOR_PICTURES]
import fs from 'node:fs';
import path from 'node:path';
import { detour, plan, wrong } from '../editor/plan.mjs';
import { Sandbox } from '../editor/sandbox.mjs';
import { Steps } from '../editor/steps.mjs';
import { openBrowser, startEditor, until, Workbench } from '../editor/workbench.mjs';

const [vsix, shots = 'shots'] = process.argv.slice(2);
if (!vsix) throw new Error('usage: run.mjs VSIX [FOLDER_FOR_PICTURES]');

const sandbox = new Sandbox({ 'PLAN.md': plan, 'README.md': '# Coupons\n' });
sandbox.plays({ runs: detour(sandbox) }, '[limits]\nno_change = 2\n');
const theme = process.env.THEME ? { 'workbench.colorTheme': process.env.THEME } : {};
const openEditor = () => startEditor({ vsix: [path.resolve(vsix)], env: sandbox.env, own: { 'alfine.notify': 'always', ...theme } });
let editor = await openEditor();
const browser = await openBrowser();
const { page } = browser;
const bench = new Workbench(page);

const steps = new Steps(page, shots);
const { step } = steps;
const equal = (seen, wanted) => {
  if (JSON.stringify(seen) !== JSON.stringify(wanted)) throw new Error(`${JSON.stringify(seen)} is not ${JSON.stringify(wanted)}`);
};
const status = () => bench.statusItem('alfine.alfine.alfine.status');
const view = () => page.locator('.activitybar .action-item a[aria-label^="Alfine"]');

await step('open the folder', () => bench.open(editor.url, sandbox.repo));
await step('the plan has a lens above each task', async () => {
  await bench.openFile('PLAN.md');
  await bench.lens('Start loop').first().waitFor();
  await bench.lens('pending: waits for T1').waitFor();
});
await step('the plan has a button that starts all, and a selection an entry in its menu', async () => {
  await page.locator('.editor-actions a[aria-label^="Start Loops of a Plan"]').waitFor();
  await bench.goTo(3, 1);
  await page.keyboard.press('Shift+End');
  await page.keyboard.press('Shift+F10');
  await page.locator('.context-view .action-label', { hasText: 'Start a Loop on the Selection' }).waitFor();
  await page.keyboard.press('Escape');
});
await step('the status bar has an item without alarm', () => status().filter({ hasText: 'Alfine' }).waitFor());
await step('a click on the lens shows every command before anything runs', async () => {
  await bench.lens('Start loop').first().click();
  const dialog = bench.dialog();
  await dialog.waitFor();
  const text = await dialog.innerText();
  for (const command of ['test "$(sh discount.sh 200 25)" = 150', 'grep -q Usage']) {
    if (!text.includes(command)) throw new Error(`not shown: ${command} in ${text}`);
  }
});
await step('allowed, it runs, and says so on the line and in the status bar', async () => {
  await bench.dialog().getByText('Allow', { exact: true }).click();
  await bench.lens('iteration 1 of 10 · running').waitFor();
  await status().filter({ hasText: '1 running' }).waitFor();
});
await step('the view has the plan and its tasks', async () => {
  await view().click();
  await bench.row('T1: Discount a price').filter({ hasText: '1 of 10' }).waitFor();
  await bench.row('T2: Expire coupons').waitFor();
});
await step('the transcript grows while the agent works', async () => {
  await bench.command('Alfine: Show Transcript');
  await page.locator('.tab.active', { hasText: 'transcript' }).waitFor();
  await until(() => bench.text(), (text) => text.includes('I look at the repository first.'));
  sandbox.give('go-1');
  await until(() => bench.text(), (text) => text.includes('The check says 175 instead of 150.'));
});
await step('a failed criterion has its sign in the plan', async () => {
  await bench.openFile('PLAN.md');
  await page.locator('.monaco-editor .glyph-margin-widgets .cgmr, .monaco-editor .margin-view-overlays .cgmr').first().waitFor();
});
await step('the breaker stops a loop that goes nowhere, and a message says so', async () => {
  sandbox.give('go-2');
  await bench.toast('was stopped').waitFor();
  await bench.lens('stopped: no change').waitFor();
  await status().filter({ hasText: '1 needs you' }).waitFor();
});
await step('the line is underlined, and the hover says why', async () => {
  await bench.command('Notifications: Clear All Notifications');
  await until(() => bench.squiggles('error').or(bench.squiggles('warning')).count());
  await bench.editor().click();
  await bench.goTo(5, 10);
  await page.keyboard.press('Control+K');
  await page.keyboard.press('Control+I');
  const hover = page.locator('.monaco-hover:visible').first();
  await until(
    async () => ((await hover.isVisible()) ? hover.innerText() : ''),
    (text) => text.includes('Next: ') && text.split('changed nothing').length === 2,
  );
});
await step('the light bulb has the remedies', async () => {
  await page.keyboard.press('Escape');
  const menu = await bench.codeActions();
  const titles = await menu.locator('.monaco-list-row.action .title').allTextContents();
  if (!titles.some((title) => title.startsWith('Reset the breaker'))) throw new Error(JSON.stringify(titles));
  return titles;
});
await step('continue', async () => {
  await page.locator('.action-widget .monaco-list-row.action', { hasText: 'Continue' }).first().click();
  await bench.lens('iteration 4 of 10').waitFor();
});
await step('closed while a loop runs, the editor leaves nothing but what runs it', async () => {
  await page.goto('about:blank');
  await editor.stop();
  const isOfTheLoop = (line) => / (runner|guard) /.test(line) || line.includes('fake-agent');
  const lines = await until(
    () => sandbox.processes().map(({ line }) => line),
    (all) => all.every(isOfTheLoop),
    10_000,
  );
  if (!lines.some((line) => line.includes(' runner '))) throw new Error(`no runner among ${JSON.stringify(lines)}`);
});
await step('opened again, it shows the loop that went on', async () => {
  editor = await openEditor();
  await bench.open(editor.url, sandbox.repo);
  await bench.openFile('PLAN.md');
  await bench.lens('iteration 4 of 10').waitFor();
});
await step('proven, it is done', async () => {
  sandbox.give('go-4');
  await bench.lens('done').first().waitFor();
  await status().filter({ hasText: '1 to merge' }).waitFor();
  await bench.lens('Merge').waitFor();
});
await step('the view has iterations and the files that each changed', async () => {
  const row = bench.row('T1: Discount a price');
  if (!(await row.isVisible())) await view().click();
  await row.waitFor();
  if ((await row.getAttribute('aria-expanded')) !== 'true') await row.locator('.monaco-tl-twistie').click();
  await bench.row('All changes').waitFor();
  // A pattern heeds the case: what the task says of itself, "done · iteration 4 of 10", is not its iteration.
  await bench.row(/Iteration 4/).locator('.monaco-tl-twistie').click();
  await bench.row('discount.sh').waitFor();
});
await step('a file opens as a change of that iteration', async () => {
  await bench.row('discount.sh').click();
  await page.locator('.tab.active', { hasText: 'discount.sh' }).waitFor();
  const left = page.locator('.monaco-diff-editor .original .view-lines');
  await until(() => left.innerText(), (text) => text.replace(/\u00a0/g, ' ').includes(wrong.split('\n')[2]));
});
await step('the lens opens the whole work', async () => {
  await bench.openFile('PLAN.md');
  await bench.lens('Show diff').first().click();
  await page.locator('.tab.active', { hasText: 'all changes' }).waitFor();
  await page.locator('.multiDiffEntry').first().waitFor();
});
await step('merged, the box is ticked and the work is there', async () => {
  await bench.openFile('PLAN.md');
  await bench.lens('Merge').click();
  await bench.lens('merged').first().waitFor();
  await until(() => fs.existsSync(sandbox.at('discount.sh')));
  equal(sandbox.run('sh', ['discount.sh', '200', '25']).trim(), '150');
  await until(() => sandbox.read('PLAN.md'), (text) => text.includes('- [x] It takes the percentage off'));
  equal(await bench.toast('save it').count(), 0);
});
await step('the palette offers only what can be done', async () => {
  await page.keyboard.press('F1');
  await bench.quickInput().fill('>Alfine: ');
  await bench.quick().locator('.monaco-list-row', { hasText: 'Alfine: Start Loop' }).first().waitFor();
  const titles = await bench.quick().locator('.monaco-list-row .label-name').allTextContents();
  const wanting = titles.filter((title) => /Pause Loop|Answer|Merge|Continue/.test(title));
  equal(wanting, []);
});
await step('the editor says how long the activation took', async () => {
  await page.keyboard.press('Escape');
  // The slowest is first, and only what is in sight is there.
  const size = page.viewportSize();
  await page.setViewportSize({ ...size, height: 3000 });
  await bench.command('Developer: Show Running Extensions');
  const row = page.locator('.runtime-extensions-editor .monaco-list-row', { hasText: 'Alfine' }).first();
  await row.waitFor();
  const text = await row.innerText();
  await page.keyboard.press('Escape');
  await page.locator('.runtime-extensions-editor').waitFor({ state: 'detached' });
  await page.setViewportSize(size);
  // It is shown and not judged: it has all that the machine did meanwhile in it. A unit test looks at what is loaded.
  const [, ms] = /Activation: (\d+) ?ms/.exec(text) ?? [];
  if (ms === undefined) throw new Error(text);
  return `${ms} ms`;
});
await step('every setting has its description', async () => {
  await bench.command('Preferences: Open Settings (UI)');
  await page.locator('.settings-editor .suggest-input-container .monaco-editor').click();
  await page.keyboard.type('@ext:alfine.alfine notify');
  await page.locator('.settings-editor .setting-item-contents', { hasText: 'When a message is shown.' }).first().waitFor();
});
await step('the walkthrough opens', async () => {
  await page.keyboard.press('Escape');
  await page.locator('.settings-editor').waitFor({ state: 'detached' });
  await bench.command('Alfine: Open Walkthrough');
  await page.locator('.gettingStartedContainer', { hasText: 'Get Started with Alfine' }).first().waitFor();
});

await browser.close();
await editor.stop();
await step('the closed editor leaves nothing', () =>
  until(() => sandbox.processes().map(({ line }) => line), ({ length }) => length === 0, 10_000).then(() => undefined),
);
sandbox.remove();
steps.end();
