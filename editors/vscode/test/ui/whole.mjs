// A whole plan in a real VS Code: three loops side by side, a budget that holds the plan up and is raised by its fix, and a plan
// in another tool's JSON. A picture is taken after each step.
//
// usage: whole.mjs VSIX [FOLDER_FOR_PICTURES]
import path from 'node:path';
import { ready, Sandbox } from '../editor/sandbox.mjs';
import { Steps } from '../editor/steps.mjs';
import { openBrowser, startEditor, until, Workbench } from '../editor/workbench.mjs';

const [vsix, shots = 'shots'] = process.argv.slice(2);
if (!vsix) throw new Error('usage: whole.mjs VSIX [FOLDER_FOR_PICTURES]');

const titles = ['Discount a price', 'Expire coupons', 'Count coupons', 'Print a receipt', 'Greet the customer'];
const plan = `# Coupons\n${titles.map((title, at) => `\n### T${at + 1}: ${title}\n`).join('')}`;
const prd = {
  project: 'Coupons',
  branchName: 'ralph/coupons',
  description: 'A shop that knows coupons.',
  userStories: [
    { id: 'US-001', title: 'Redeem a coupon', acceptanceCriteria: ['A coupon is used once'], priority: 1, passes: true, notes: '' },
    { id: 'US-002', title: 'Mail a coupon', acceptanceCriteria: ['A mail is written'], priority: 2, passes: false, notes: '' },
  ],
};
const sandbox = new Sandbox({ 'PLAN.md': plan, 'prd.json': `${JSON.stringify(prd, null, 2)}\n` });
const cost = { result: { cost: 0.3, input: 1200, output: 300 } };
sandbox.plays(
  {
    parts: titles.map((title, at) => ({
      prompt: `${title}\n`,
      runs: [[{ wait_for: sandbox.sign('go') }, { write: { path: `${at + 1}.txt`, content: title } }, ready('it is there'), cost]],
    })),
  },
  'on_done = "merge"\nmax_parallel = 3\n',
);
const editor = await startEditor({ vsix: [path.resolve(vsix)], env: sandbox.env, own: { 'alfine.notify': 'always' } });
const browser = await openBrowser();
const { page } = browser;
const bench = new Workbench(page);
const steps = new Steps(page, shots);
const { step } = steps;

await step('a plan is started as a whole: three loops run side by side', async () => {
  await bench.open(editor.url, sandbox.repo);
  await bench.openFile('PLAN.md');
  await bench.lens('Start all').click();
  await bench.lens('0 of 5 done · 3 running').waitFor();
  await bench.lens('Pause all').waitFor();
  await page.locator('.activitybar .action-item a[aria-label^="Alfine"]').click();
  for (const task of ['T1', 'T2', 'T3']) await bench.row(`${task}: `).filter({ hasText: '1 of 10' }).waitFor();
});
await step('held with a budget, the plan says on its first line what it needs', async () => {
  await bench.lens('Pause all').click();
  await until(() => bench.lens('paused').count());
  sandbox.give('go');
  await until(() => sandbox.alfine('status', 'PLAN.md'), (said) => !said.includes('running'));
  sandbox.write('alfine.toml', '[budget]\nplan_usd = 1.0\n');
  await bench.lens('Continue all').click();
  await bench.lens('out of budget').waitFor();
  await bench.lens('Raise the budget to $2.00 and continue').waitFor();
  await until(() => bench.squiggles('warning').count());
});
await step('the light bulb raises the budget, and the plan is finished', async () => {
  await bench.editor().click();
  await bench.goTo(1, 3);
  const menu = await bench.codeActions();
  await menu.locator('.monaco-list-row.action', { hasText: 'Raise the budget to $2.00 and continue' }).first().click();
  await until(async () => (await bench.lens('merged into main').count()) === titles.length);
  if ((await bench.lens('out of budget').count()) > 0) throw new Error('the budget still holds it up');
  for (const n of [1, 2, 3, 4, 5]) sandbox.read(`${n}.txt`);
  return sandbox.alfine('cost').trim().split('\n');
});
await step('a plan of another tool, in JSON, has lenses and statuses', async () => {
  await bench.openFile('prd.json');
  await bench.lens('Start loop').first().waitFor();
});
await step('the closed editor leaves nothing', async () => {
  await browser.close();
  await editor.stop();
  await until(() => sandbox.processes().length === 0);
});
sandbox.remove();
steps.end();
