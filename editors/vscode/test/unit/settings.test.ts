import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { explicit, serverKeys } from '../../src/settings';

interface Manifest {
  contributes: {
    commands: { command: string }[];
    configuration: { properties: Record<string, { scope: string; default?: unknown }> }[];
    menus: Record<string, { command: string; when?: string }[]>;
  };
}
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const settings = Object.assign({}, ...manifest.contributes.configuration.map(({ properties }) => properties)) as Record<
  string,
  { scope: string }
>;

test('the manifest is what it is generated from', async () => {
  const { generate } = (await import('../../scripts/manifest.mjs')) as { generate: () => Record<string, string> };
  for (const [path, text] of Object.entries(generate())) expect(read(path) === text, `${path}: run npm run manifest`).toBe(true);
});

test('every setting of alfine.toml is there under its own name', () => {
  interface Schema {
    properties?: Record<string, Schema>;
    aliasOf?: string[];
  }
  const schema = JSON.parse(read('../../server/config/alfine.schema.json')) as Schema;
  // What other tools call a setting is for their files.
  const own = (properties: Record<string, Schema>) => Object.entries(properties).filter(([, { aliasOf }]) => aliasOf === undefined);
  const names = own(schema.properties ?? {}).flatMap(([key, { properties }]) =>
    properties === undefined ? [key] : own(properties).map(([inner]) => `${key}.${inner}`),
  );
  expect(serverKeys(Object.keys(settings)).sort()).toEqual(names.sort());
});

test('what a repository could have run on its reader’s machine counts only in the reader’s own settings', () => {
  const machine = Object.keys(settings).filter((key) => settings[key]?.scope === 'machine');
  expect(machine.sort()).toEqual(
    [
      'server.path', 'verifiers', 'worktree.setup', 'quality_gates.test_command', 'agents', 'permissions', 'on_done', 'lands',
      ...['enabled', 'auto_detect_ui_tasks', 'dev_server_command', 'base_url'].map((key) => `browser_verify.${key}`),
      ...['pass_env', 'mask', 'may_commit', 'allow_unsandboxed_all'].map((key) => `safety.${key}`),
    ]
      .map((key) => `alfine.${key}`)
      .sort(),
  );
});

test('the server has one set of settings for all folders, so none is offered for one of them', () => {
  expect(Object.keys(settings).filter((key) => !['machine', 'window'].includes(settings[key]?.scope ?? ''))).toEqual([]);
});

test('only what the user set is sent, nested as in alfine.toml', () => {
  const set: Record<string, object> = {
    agent: { defaultValue: 'claude' },
    'limits.iterations': { globalValue: 5 },
    'limits.stall': { defaultValue: '15m', workspaceValue: '1m' },
    'gate.ralph_status': { workspaceFolderValue: false },
  };
  const sent = explicit(Object.keys(set), (key) => set[key], (key) => `value of ${key}`);
  expect(sent).toEqual({
    limits: { iterations: 'value of limits.iterations', stall: 'value of limits.stall' },
    gate: { ralph_status: 'value of gate.ralph_status' },
  });
});

test('the extension’s own settings are not the server’s', () => {
  expect(serverKeys(['alfine.server.path', 'alfine.notify', 'alfine.agent', 'other.agent'])).toEqual(['agent']);
});

test('every text of the manifest has its words, and none is left over', () => {
  const words = JSON.parse(read('package.nls.json')) as Record<string, string>;
  const used = new Set([...read('package.json').matchAll(/%(alfine\.[^%"]+)%/g)].map(([, key]) => key));
  expect(Object.keys(words).sort()).toEqual([...used].sort());
});

test('every menu names a command that is there', () => {
  const commands = new Set(manifest.contributes.commands.map(({ command }) => command));
  const named = Object.values(manifest.contributes.menus).flat();
  expect(named.filter(({ command }) => !commands.has(command))).toEqual([]);
});
