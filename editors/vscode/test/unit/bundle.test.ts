import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';

const here = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
beforeAll(() => {
  execFileSync(process.execPath, [here('scripts/build.mjs')]);
});

test('all code together is below 500 KB', () => {
  const sizes = readdirSync(here('dist'))
    .filter((name) => name.endsWith('.js'))
    .map((name) => statSync(here(`dist/${name}`)).size);
  expect(sizes.length).toBe(2);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(500_000);
});

test('activating loads the editor, what Node has, and not the language client, which is most of the code', () => {
  const said = execFileSync(process.execPath, [here('test/unit/activate.cjs'), here('dist/main.js')], { encoding: 'utf8' });
  expect((JSON.parse(said) as string[]).filter((name) => !name.startsWith('node:'))).toEqual(['vscode']);
  expect(statSync(here('dist/main.js')).size).toBeLessThan(100_000);
});
