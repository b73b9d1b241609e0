// A repository with a plan, and an agent that plays a script, in a folder of their own.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
/** The program under test, and the agent that it starts. */
export const alfine = process.env.ALFINE_BIN ?? path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'), 'debug/alfine');
const agent = path.join(path.dirname(alfine), 'fake-agent');

export class Sandbox {
  constructor(files) {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'alfine-sandbox-'));
    this.repo = path.join(this.dir, 'coupons');
    this.home = path.join(this.dir, 'home');
    for (const folder of [this.repo, this.home, path.join(this.home, 'config/alfine')]) fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(this.dir, 'gitconfig'), '[user]\n\tname = Ada\n\temail = ada@localhost\n[init]\n\tdefaultBranch = main\n');
    this.env = {
      HOME: this.home,
      XDG_CONFIG_HOME: path.join(this.home, 'config'),
      XDG_DATA_HOME: path.join(this.home, 'data'),
      XDG_STATE_HOME: path.join(this.home, 'state'),
      XDG_CACHE_HOME: path.join(this.home, 'cache'),
      GIT_CONFIG_GLOBAL: path.join(this.dir, 'gitconfig'),
      GIT_CONFIG_NOSYSTEM: '1',
      FAKE_ALFINE: path.join(this.dir, 'fake-alfine.json'),
    };
    this.git('init', '-q');
    for (const [name, text] of Object.entries(files)) this.write(name, text);
    this.git('add', '-A');
    this.git('commit', '-q', '-m', 'Begin');
  }

  at = (name) => path.join(this.repo, name);
  /** A file by which the script waits for the test. */
  sign = (name) => path.join(this.dir, name);
  give = (name) => fs.writeFileSync(this.sign(name), '');
  read = (name) => fs.readFileSync(this.at(name), 'utf8');

  write(name, text) {
    fs.mkdirSync(path.dirname(this.at(name)), { recursive: true });
    fs.writeFileSync(this.at(name), text);
  }

  git(...args) {
    return this.run('git', args);
  }

  alfine(...args) {
    return this.run(alfine, args);
  }

  run(program, args) {
    return execFileSync(program, args, { cwd: this.repo, env: { ...process.env, ...this.env }, encoding: 'utf8' });
  }

  /** What the agent plays, and more of the user's settings. Work that nothing proves is taken. */
  plays(scenario, settings = '') {
    const file = this.sign('scenario.json');
    fs.writeFileSync(file, JSON.stringify(scenario));
    const text = JSON.stringify;
    fs.writeFileSync(
      path.join(this.home, 'config/alfine/config.toml'),
      `${settings}\n[proof]\nunproven = "take"\n[agents.claude]\ncommand = ${text(agent)}\n[agents.claude.env]\nFAKE_AGENT_SCENARIO = ${text(file)}\n`,
    );
  }

  /** The processes that have this sandbox's home, by their command lines. */
  processes() {
    const found = [];
    for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const environment = fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        if (!environment.includes(`HOME=${this.home}`)) continue;
        const line = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
        if (line !== '') found.push({ pid: Number(pid), line });
      } catch {
        // It ended meanwhile, or is not ours.
      }
    }
    return found;
  }

  /** Ends what is left, by process id. */
  remove() {
    for (const { pid } of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    }
    if (!process.env.KEEP) fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

const gate = (ready, reason, next) => ({ gate: { ready, reason, ...(next ? { next } : {}) } });
export const ready = (reason) => gate(true, reason);
export const notReady = (reason) => gate(false, reason);
