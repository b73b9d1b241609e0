import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { find, isSameSeries, NoProgram, type Surroundings } from '../../src/bootstrap';

let folder: string;
let at: Surroundings;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'alfine-bootstrap-'));
  at = { setting: '', extension: join(folder, 'extension'), version: '0.1.0', path: join(folder, 'bin'), home: folder };
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function program(path: string, script = 'echo "alfine 0.1.0"'): string {
  const whole = join(folder, path);
  mkdirSync(join(whole, '..'), { recursive: true });
  writeFileSync(whole, `#!/bin/sh\n${script}\n`);
  chmodSync(whole, 0o755);
  return whole;
}

async function fault(): Promise<NoProgram> {
  const error: unknown = await find(at).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof NoProgram)) throw new Error(`no NoProgram: ${String(error)}`);
  return error;
}

test('the setting goes before the bundled program, and that before PATH', async () => {
  const onPath = program('bin/alfine');
  expect(await find(at)).toEqual({ path: onPath, origin: 'path', version: '0.1.0' });
  const bundled = program('extension/server/alfine');
  expect(await find(at)).toMatchObject({ path: bundled, origin: 'bundled' });
  at.setting = program('own/alfine');
  expect(await find(at)).toMatchObject({ path: at.setting, origin: 'setting' });
  at.setting = '~/own/alfine';
  expect(await find(at)).toMatchObject({ origin: 'setting' });
});

test('without any program the user is told how to get one', async () => {
  const { message, remedy, setting } = await fault();
  expect(message).toContain('“alfine” was not found');
  expect(remedy).toContain('alfine.server.path');
  expect(setting).toBe(true);
});

test('a setting that names no program is not passed over in silence', async () => {
  program('extension/server/alfine');
  at.setting = join(folder, 'nowhere');
  expect((await fault()).message).toContain('there is no program at that place');
  at.setting = 'bin/alfine';
  expect((await fault()).message).toContain('no absolute path');
  at.setting = folder;
  expect((await fault()).message).toContain('there is no program at that place');
});

test('a relative folder on PATH is never looked into', async () => {
  at.path = `.:bin:`;
  program('bin/alfine');
  expect((await fault()).message).toContain('was not found');
});

test('a file that may not be run is no program', async () => {
  chmodSync(program('bin/alfine'), 0o644);
  expect((await fault()).message).toContain('was not found');
});

test('a program of another version is used, and the user told', async () => {
  at.setting = program('own/alfine', 'echo "alfine 0.2.3"');
  const { version, warning } = await find(at);
  expect(version).toBe('0.2.3');
  expect(warning).toContain('is Alfine 0.2.3, and this extension is made for 0.1.0');
  expect(warning).toContain('Empty the setting');
});

test('a program for another system, another program, and one that crashes say what to do', async () => {
  program('extension/server/alfine', 'echo no such library >&2; exit 127');
  const crashed = await fault();
  expect(crashed.message).toContain('does not run here: no such library.');
  expect(crashed.remedy).toContain('made for your system');
  at.setting = program('own/alfine', 'echo "cowsay 1.0"');
  expect((await fault()).message).toContain('“cowsay 1.0”');
});

test('versions are of one series where the protocol is the same', () => {
  const same = (a: string, b: string) => isSameSeries(a, b);
  expect([same('0.1.0', '0.1.9'), same('0.1.0', '0.2.0'), same('1.2.0', '1.9.1'), same('1.0.0', '2.0.0')]).toEqual([true, false, true, false]);
});
