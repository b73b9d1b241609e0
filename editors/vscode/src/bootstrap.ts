/**
 * Finds the program `alfine`: the setting, then the bundled one, then `PATH`; and says what to do if there is none.
 *
 * Knows nothing of VS Code, so that every case can be tested.
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** Where a program may come from. */
export type Origin = 'setting' | 'bundled' | 'path';

/** A program that answers. */
export interface Program {
  path: string;
  origin: Origin;
  version: string;
  /** What to tell the user if the program has another version than the extension. */
  warning?: string;
}

/** Why there is no program, and what to do. */
export class NoProgram extends Error {
  constructor(
    message: string,
    readonly remedy: string,
    /** Whether the setting is what has to be fixed. */
    readonly setting: boolean,
  ) {
    super(message);
  }
}

export interface Surroundings {
  /** `alfine.server.path`, as it is set. */
  setting: string;
  /** The extension's folder. */
  extension: string;
  /** The extension's version. */
  version: string;
  /** `PATH`. */
  path: string;
  /** The user's home. */
  home: string;
}

/** How long a program may take to say its version. A cold disk is slow. */
const PATIENCE_MS = 10_000;

/** Finds the program and asks for its version. Throws `NoProgram`. */
export async function find(at: Surroundings): Promise<Program> {
  const setting = at.setting.trim();
  if (setting !== '') return inSetting(setting, at);
  const bundled = join(at.extension, 'server', 'alfine');
  if (await isProgram(bundled)) return ask(bundled, 'bundled', at);
  for (const folder of at.path.split(delimiter)) {
    const path = join(folder, 'alfine');
    if (isAbsolute(folder) && (await isProgram(path))) return ask(path, 'path', at);
  }
  throw new NoProgram(
    'The program “alfine” was not found: this build of the extension has none in it, and there is none on your PATH.',
    'Install the build of the extension for your system, or install alfine and name it in the setting alfine.server.path.',
    true,
  );
}

async function inSetting(setting: string, at: Surroundings): Promise<Program> {
  const path = setting.startsWith('~/') ? join(at.home, setting.slice(2)) : setting;
  if (!isAbsolute(path)) {
    throw new NoProgram(
      `The setting alfine.server.path is “${setting}”, which is no absolute path.`,
      'Write the whole path of the program, or empty the setting to use the bundled one.',
      true,
    );
  }
  if (!(await isProgram(path))) {
    throw new NoProgram(
      `The setting alfine.server.path is “${setting}”, and there is no program at that place.`,
      'Fix the setting, or empty it to use the bundled one.',
      true,
    );
  }
  return ask(path, 'setting', at);
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function ask(path: string, origin: Origin, at: Surroundings): Promise<Program> {
  const said = await new Promise<string>((resolve, reject) => {
    execFile(path, ['--version'], { timeout: PATIENCE_MS, maxBuffer: 64 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else reject(didNotRun(path, origin, error.killed === true ? 'it did not answer' : firstLine(stderr) || error.message));
    });
  });
  const version = /^alfine (\d+\.\d+\.\d+\S*)$/.exec(said)?.[1];
  if (version === undefined) {
    throw didNotRun(path, origin, `it answers --version with “${firstLine(said)}”, as Alfine does not`);
  }
  const warning = isSameSeries(version, at.version) ? undefined : otherVersion(path, origin, version, at.version);
  return warning === undefined ? { path, origin, version } : { path, origin, version, warning };
}

function didNotRun(path: string, origin: Origin, why: string): NoProgram {
  const remedy =
    origin === 'bundled'
      ? 'Install the build of the extension that is made for your system.'
      : origin === 'setting'
        ? 'Fix the setting alfine.server.path, or empty it to use the bundled program.'
        : 'Install alfine anew, or name another one in the setting alfine.server.path.';
  return new NoProgram(`${path} does not run here: ${why}.`, remedy, origin !== 'bundled');
}

function otherVersion(path: string, origin: Origin, version: string, wanted: string): string {
  const remedy =
    origin === 'setting'
      ? 'Empty the setting alfine.server.path to use the bundled one, or name one of the same version.'
      : `Install alfine ${wanted}, or the version ${version} of the extension.`;
  return `${path} is Alfine ${version}, and this extension is made for ${wanted}: some things may not work. ${remedy}`;
}

/** Before 1.0, another minor version may be another protocol; from then on, another major one. */
export function isSameSeries(a: string, b: string): boolean {
  const series = (version: string) => {
    const [major = '', minor = ''] = version.split('.');
    return major === '0' ? `0.${minor}` : major;
  };
  return series(a) === series(b);
}

function firstLine(text: string): string {
  return (text.trim().split('\n')[0] ?? '').slice(0, 200);
}
