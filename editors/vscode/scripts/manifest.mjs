// Writes what of package.json and package.nls.json is made of other things: the commands with their menus, and the
// settings, which are those of `alfine.toml`. With --check, nothing is written; exit status 1 if it would be.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commands, menus } from './commands.mjs';
import { ownSettings, userOnly } from './settings.mjs';

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const read = (path) => JSON.parse(readFileSync(here(path), 'utf8'));
const schemaPath = '../../server/config/alfine.schema.json';

const sections = { limits: 'Limits', worktree: 'Worktrees', verification: 'Verification', lint: 'Lints', gate: 'Gate', safety: 'Safety' };

/** One setting of `alfine.toml` as VS Code writes it. Texts go to `nls`. */
function setting(path, schema, nls) {
  const key = `alfine.settings.${path}`;
  nls[key] = schema.description.replaceAll('\n', ' ');
  const made = { markdownDescription: `%${key}%`, scope: userOnly.some((name) => path === name || path.startsWith(`${name}.`)) ? 'machine' : 'window' };
  if (schema.oneOf) {
    made.type = 'string';
    made.enum = schema.oneOf.map((one) => one.const);
    made.enumDescriptions = schema.oneOf.map((one) => {
      nls[`${key}.${one.const}`] = one.description;
      return `%${key}.${one.const}%`;
    });
    made.default = schema.default;
    return made;
  }
  return { ...made, ...plain(schema) };
}

/** A schema without what VS Code does not know or says already. */
function plain(schema) {
  const rest = { ...schema };
  for (const key of ['description', 'examples', 'format', 'title']) delete rest[key];
  for (const list of ['properties', 'patternProperties']) {
    if (rest[list]) rest[list] = Object.fromEntries(Object.entries(rest[list]).map(([key, value]) => [key, inner(value)]));
  }
  for (const one of ['items', 'additionalProperties']) if (typeof rest[one] === 'object') rest[one] = inner(rest[one]);
  return rest;
}

function inner(schema) {
  const made = plain(schema);
  if (schema.description) made.description = schema.description.replaceAll('\n', ' ');
  return made;
}

export function generate() {
  const manifest = read('package.json');
  const nls = Object.fromEntries(Object.entries(read('package.nls.json')).filter(([key]) => !/^alfine\.(settings|command)\./.test(key)));
  const schema = read(schemaPath);

  const own = {};
  for (const [key, { description, enumDescriptions, ...rest }] of Object.entries(ownSettings)) {
    const name = `alfine.settings.${key}`;
    nls[name] = description;
    own[`alfine.${key}`] = { markdownDescription: `%${name}%`, ...rest };
    if (enumDescriptions) {
      own[`alfine.${key}`].enumDescriptions = enumDescriptions.map((text, index) => {
        nls[`${name}.${rest.enum[index]}`] = text;
        return `%${name}.${rest.enum[index]}%`;
      });
    }
  }
  const loops = {};
  const groups = [];
  // An editor needs one name of a setting.
  const namedOnce = (properties) => Object.entries(properties).filter(([, inside]) => !inside.aliasOf);
  for (const [key, value] of namedOnce(schema.properties)) {
    if (!value.properties) {
      loops[`alfine.${key}`] = setting(key, value, nls);
      continue;
    }
    const named = namedOnce(value.properties);
    if (!named.length) continue;
    const properties = named.map(([name, inside]) => [`alfine.${key}.${name}`, setting(`${key}.${name}`, inside, nls)]);
    nls[`alfine.settings.section.${key}`] = sections[key] ?? key;
    groups.push({ title: `%alfine.settings.section.${key}%`, properties: Object.fromEntries(properties) });
  }
  nls['alfine.settings.section.editor'] = 'Editor';
  nls['alfine.settings.section.loops'] = 'Loops';
  manifest.contributes.configuration = [
    { title: '%alfine.settings.section.editor%', properties: own },
    { title: '%alfine.settings.section.loops%', properties: loops },
    ...groups,
  ];
  manifest.capabilities.untrustedWorkspaces.restrictedConfigurations = Object.keys({ ...own, ...Object.assign({}, loops, ...groups.map((group) => group.properties)) })
    .filter((key) => [...userOnly, 'server.path'].some((name) => key === `alfine.${name}` || key.startsWith(`alfine.${name}.`)));

  manifest.contributes.commands = Object.entries(commands).map(([id, { title, icon }]) => {
    nls[`alfine.command.${id}`] = title;
    return { command: `alfine.${id}`, title: `%alfine.command.${id}%`, category: 'Alfine', ...(icon ? { icon: `$(${icon})` } : {}) };
  });
  manifest.contributes.menus = { commandPalette: Object.entries(commands).map(([id, { palette }]) => ({ command: `alfine.${id}`, when: palette })), ...menus };

  const text = (value) => `${JSON.stringify(value, null, 2)}\n`;
  return { 'package.json': text(manifest), 'package.nls.json': text(nls) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(generate())) {
    if (!process.argv.includes('--check')) writeFileSync(here(path), text);
    else if (readFileSync(here(path), 'utf8') !== text) {
      console.error(`${path} is not what it is made of; run: npm run manifest`);
      process.exitCode = 1;
    }
  }
}
