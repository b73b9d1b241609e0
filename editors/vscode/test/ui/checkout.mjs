// An agent that reaches into the user's own checkout: the user is warned, sees what it is, and brings it back. A picture is
// taken after each step.
//
// usage: checkout.mjs VSIX [FOLDER_FOR_PICTURES]
import path from 'node:path';
import { ready, Sandbox } from '../editor/sandbox.mjs';
import { Steps } from '../editor/steps.mjs';
import { openBrowser, startEditor, until, Workbench } from '../editor/workbench.mjs';

const [vsix, shots = 'shots'] = process.argv.slice(2);
if (!vsix) throw new Error('usage: checkout.mjs VSIX [FOLDER_FOR_PICTURES]');

const plan = '# Coupons\n\n### T1: Discount a price\n\nWrite `discount.sh`.\n';
const sandbox = new Sandbox({ 'PLAN.md': plan, 'prices.txt': '100\n' });
sandbox.git('branch', 'other');
sandbox.write('prices.txt', '100\n200, and not committed yet\n');
sandbox.plays({
  runs: [
    [
      { shell: `cd ${sandbox.repo} && git reset -q --hard && git switch -q other` },
      { write: { path: 'discount.sh', content: 'echo 150\n' } },
      ready('it is written'),
    ],
  ],
});
const editor = await startEditor({ vsix: [path.resolve(vsix)], env: sandbox.env, own: { 'alfine.notify': 'always' } });
const browser = await openBrowser();
const { page } = browser;
const bench = new Workbench(page);
const steps = new Steps(page, shots);
const { step } = steps;

await step('a loop is started', async () => {
  await bench.open(editor.url, sandbox.repo);
  await bench.openFile('PLAN.md');
  await bench.lens('Start loop').click();
  await bench.dialog().getByText('Start without them', { exact: true }).click();
});
await step('its agent reaches into the checkout: a message, a squiggle and a lens say so', async () => {
  await bench.toast('changed your checkout').waitFor();
  await bench.lens('Bring back my checkout').waitFor();
  await until(() => bench.squiggles('warning').count());
  if (sandbox.read('prices.txt') !== '100\n') throw new Error('the agent did no harm');
});
await step('what would be brought back is shown first', async () => {
  await bench.command('Notifications: Clear All Notifications');
  await bench.lens('Bring back my checkout').click();
  const text = await bench.dialog().innerText();
  for (const words of ['other is checked out in place of main', '1 file changed (prices.txt)']) {
    if (!text.includes(words)) throw new Error(`not shown: ${words} in ${text}`);
  }
});
await step('brought back, the uncommitted work is there, and nothing warns', async () => {
  await bench.dialog().getByText('Bring back', { exact: true }).click();
  await bench.toast('Your checkout is as it was before').waitFor();
  await until(() => sandbox.read('prices.txt') === '100\n200, and not committed yet\n');
  if (sandbox.git('branch', '--show-current').trim() !== 'main') throw new Error('another branch is checked out');
  await until(async () => (await bench.lens('Bring back my checkout').count()) === 0);
});
await browser.close();
await editor.stop();
steps.end();
