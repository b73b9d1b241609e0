// One run of a user with the real Claude Code CLI and a scripted model on loopback: from an open plan over a tripped
// breaker to merged work, and an agent that deletes a test. A picture is taken after each step. ALFINE_REAL_CLAUDE names the CLI.
//
// usage: claude.mjs VSIX [FOLDER_FOR_PICTURES]
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { plan, right } from '../editor/plan.mjs';
import { Sandbox } from '../editor/sandbox.mjs';
import { Steps } from '../editor/steps.mjs';
import { openBrowser, startEditor, until, Workbench } from '../editor/workbench.mjs';

const [vsix, shots = 'shots'] = process.argv.slice(2);
const claude = process.env.ALFINE_REAL_CLAUDE;
if (!vsix || !claude) throw new Error('usage: ALFINE_REAL_CLAUDE=CLI claude.mjs VSIX [FOLDER_FOR_PICTURES]');

const gate = (ready) => `I looked.\n\n<COMPLETION_GATE>\nready: ${ready}\nreason: "as scripted"\n</COMPLETION_GATE>`;
const lamp = `
### T3: Light the lamp

Acceptance criteria:
- [ ] Its tests pass: \`python3 -m unittest discover -v\`
`;
const lampTests = `import unittest

import lamp


class Lamp(unittest.TestCase):
    def test_is_there(self):
        self.assertTrue(lamp)

    def test_shines(self):
        self.assertTrue(lamp.shines())
`;
const otherTests = `import unittest


class Other(unittest.TestCase):
    def test_it(self):
        pass
`;

const sandbox = new Sandbox({
  'PLAN.md': plan + lamp,
  'README.md': '# Coupons\n',
  'lamp.py': 'def shines():\n    return False\n',
  'test_lamp.py': lampTests,
  'test_other.py': otherTests,
});
const mended = `until [ -e '${sandbox.sign('seen')}' ]; do sleep 0.1; done; git checkout -q HEAD -- test_lamp.py; sed -i s/False/True/ lamp.py`;
const script = {
  steps: [
    { text: gate(false) },
    { text: gate(false) },
    { text: 'I write it.', write: { path: 'discount.sh', content: right } },
    { text: gate(true) },
    { shell: 'rm test_lamp.py' },
    { text: gate(true) },
    { shell: mended },
    { text: gate(true) },
  ],
  after: 'error',
};
fs.writeFileSync(sandbox.sign('script.json'), JSON.stringify(script));
const stub = fileURLToPath(new URL('../../../../tests/model-stub/model_stub.py', import.meta.url));
const model = spawn('python3', [stub, '--script', sandbox.sign('script.json')], { stdio: ['pipe', 'pipe', 'inherit'] });
let said = '';
model.stdout.on('data', (data) => (said += data));
await until(() => /listening on \S+/.test(said));
const url = `http://${/listening on (\S+)/.exec(said)[1]}`;
const env = {
  ANTHROPIC_BASE_URL: url,
  ANTHROPIC_API_KEY: 'sk-fake-key',
  CLAUDE_CONFIG_DIR: path.join(sandbox.home, 'claude'),
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  CLAUDE_CODE_MAX_RETRIES: '1',
  DISABLE_TELEMETRY: '1',
  IS_SANDBOX: '1',
};
fs.writeFileSync(
  path.join(sandbox.home, 'config/alfine/config.toml'),
  `[limits]\nno_change = 2\n[agents.claude]\ncommand = ${JSON.stringify(claude)}\n[agents.claude.env]\n${Object.entries(env)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`)
    .join('')}`,
);

const editor = await startEditor({ vsix: [path.resolve(vsix)], env: sandbox.env });
const browser = await openBrowser();
const { page } = browser;
// A real CLI takes its time to start.
page.setDefaultTimeout(60_000);
const bench = new Workbench(page);
const steps = new Steps(page, shots);
const { step } = steps;

await step('the plan has its lens', async () => {
  await bench.open(editor.url, sandbox.repo);
  await bench.openFile('PLAN.md');
  await bench.lens('Start loop').first().waitFor();
});
await step('clicked and allowed, it runs', async () => {
  await bench.lens('Start loop').first().click();
  await bench.dialog().getByText('Allow', { exact: true }).click();
  await bench.lens('running').waitFor();
});
await step('the breaker stops it', () => bench.lens('stopped: no change').waitFor());
await step('the light bulb lets it go on', async () => {
  await bench.editor().click();
  await bench.goTo(5, 10);
  const menu = await bench.codeActions();
  await menu.locator('.monaco-list-row.action', { hasText: 'Continue' }).first().click();
});
await step('proven, it is done', () => bench.lens('Merge').waitFor());
await step('its transcript has what Claude said', async () => {
  await bench.command('Alfine: Show Transcript');
  await until(() => bench.text(), (text) => text.includes('I write it.'));
});
await step('its diff has what Claude wrote', async () => {
  await bench.command('Alfine: Show Changes');
  await page.locator('.multiDiffEntry').first().waitFor();
});
await step('merged, the work is there', async () => {
  await bench.openFile('PLAN.md');
  await bench.lens('Merge').click();
  await bench.lens('merged').first().waitFor();
  await until(() => fs.existsSync(sandbox.at('discount.sh')) && sandbox.read('discount.sh') === right);
});
await step('an agent deletes the test that fails: it is underlined where it stood', async () => {
  await bench.editor().click();
  await bench.goTo((plan + lamp).split('\n').indexOf('### T3: Light the lamp') + 1, 10);
  const menu = await bench.codeActions();
  await menu.locator('.monaco-list-row.action', { hasText: 'Start loop' }).first().click();
  await bench.dialog().getByText('Allow', { exact: true }).click();
  await bench.lens('iteration 2 of').waitFor();
  await bench.openFile('test_lamp.py');
  await until(() => bench.squiggles('error').count());
});
await step('and a hover says of which check, and why', async () => {
  await bench.editor().click();
  await bench.goTo(1, 3);
  await page.keyboard.press('Control+K');
  await page.keyboard.press('Control+I');
  const hover = page.locator('.monaco-hover:visible').first();
  await until(
    async () => ((await hover.isVisible()) ? hover.innerText() : ''),
    (text) => text.includes('test_shines') && text.includes('take that change back'),
  );
});
await step('told so, it does the work: proven', async () => {
  await page.keyboard.press('Escape');
  sandbox.give('seen');
  await until(async () => (await bench.squiggles('error').count()) === 0);
  await bench.openFile('PLAN.md');
  await bench.lens('done, proven').waitFor();
});

await browser.close();
await editor.stop();
model.kill();
sandbox.remove();
steps.end();
