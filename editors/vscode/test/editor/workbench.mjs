// A real VS Code (code-server) with a browser before it, and what a test sees and does there.
//
// EDITOR_TOOLS names the folder that install.sh filled, CHROMIUM the browser. KEEP=1 keeps the editor's folder.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const tools = process.env.EDITOR_TOOLS ?? fileURLToPath(new URL('../../../../tests/.tools/vscode', import.meta.url));
const node = path.join(tools, 'node24/bin/node');
const codeServer = path.join(tools, 'app/node_modules/code-server');

const settings = {
  'workbench.startupEditor': 'none',
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'editor.minimap.enabled': false,
  'editor.cursorBlinking': 'solid',
  'editor.smoothScrolling': false,
  'workbench.reduceMotion': 'on',
  'workbench.list.smoothScrolling': false,
  'files.autoSave': 'off',
  'window.dialogStyle': 'custom',
  'git.enabled': false,
};

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = net.createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks again and again until it is so. */
export async function until(look, isSo = Boolean, within = 20_000) {
  const begun = Date.now();
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (Date.now() - begun > within) throw new Error(`not so within ${within} ms, last: ${JSON.stringify(seen)}`);
    await pause(50);
  }
}

/** Starts the editor with folders of its own. `trust`: whether folders are trusted without a question. */
export async function startEditor({ vsix = [], env = {}, args = [], own = {}, trust = true } = {}) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'alfine-editor-'));
  const at = (name) => {
    const folder = path.join(dir, name);
    fs.mkdirSync(folder, { recursive: true });
    return folder;
  };
  const data = at('data');
  fs.writeFileSync(
    path.join(at('data/User'), 'settings.json'),
    JSON.stringify({ ...settings, 'security.workspace.trust.enabled': !trust, ...own }),
  );
  const port = await freePort();
  const config = path.join(dir, 'config.yaml');
  fs.writeFileSync(config, `bind-addr: 127.0.0.1:${port}\nauth: none\ncert: false\n`);
  const home = at('home');
  const all = { ...process.env, HOME: home, XDG_CONFIG_HOME: path.join(home, 'config'), XDG_DATA_HOME: path.join(home, 'data'), XDG_STATE_HOME: path.join(home, 'state'), XDG_RUNTIME_DIR: dir, ...env };
  const base = [path.join(codeServer, 'out/node/entry.js'), '--config', config, '--user-data-dir', data, '--extensions-dir', at('extensions')];
  for (const file of vsix) {
    const done = spawnSync(node, [...base, '--install-extension', file], { env: all, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${file} cannot be installed: ${done.stdout}${done.stderr}`);
  }
  const log = path.join(dir, 'editor.log');
  const out = fs.openSync(log, 'a');
  const noTrust = trust ? ['--disable-workspace-trust'] : [];
  const child = spawn(node, [...base, '--disable-telemetry', '--disable-update-check', '--disable-getting-started-override', ...noTrust, ...args], { env: all, stdio: ['ignore', out, out], detached: true });
  const end = () => {
    try {
      process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It is gone already.
    }
  };
  process.once('exit', end);
  const url = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the editor did not start: ${fs.readFileSync(log, 'utf8')}`);
    return fetch(`${url}/healthz`).then(({ ok }) => ok, () => false);
  });
  return {
    url,
    dir,
    log: () => fs.readFileSync(log, 'utf8'),
    stop: async () => {
      end();
      if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
      if (!process.env.KEEP) fs.rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

export async function openBrowser({ width = 1280, height = 800 } = {}) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'alfine-browser-'));
  const context = await chromium.launchPersistentContext(dir, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    viewport: { width, height },
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  });
  // Nothing leaves the machine.
  await context.route((url) => !['127.0.0.1', 'localhost'].includes(url.hostname), (route) => route.abort());
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(20_000);
  return {
    page,
    close: async () => {
      await context.close();
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The workbench, as a user sees it. */
export class Workbench {
  constructor(page) {
    this.page = page;
  }

  async open(url, folder) {
    await this.page.goto(`${url}/?folder=${encodeURIComponent(folder)}`);
    await this.page.locator('.monaco-workbench').waitFor();
    await this.page.locator('.explorer-folders-view .monaco-list-row').first().waitFor();
  }

  quick = () => this.page.locator('.quick-input-widget:visible');
  quickInput = () => this.quick().locator('input[type="text"]:visible').first();
  editor = () => this.page.locator('.editor-instance .monaco-editor[data-uri]').first();
  statusItem = (id) => this.page.locator(`.statusbar-item[id="${id}"]`);
  squiggles = (severity) => this.page.locator(`.monaco-editor .squiggly-${severity}`);
  lens = (text) => this.page.locator('.monaco-editor .codelens-decoration a', { hasText: text });
  toast = (text) => this.page.locator('.notifications-toasts .notification-toast', { hasText: text });
  dialog = () => this.page.locator('.monaco-dialog-box');
  row = (text) => this.page.locator('.pane-body .monaco-list-row', { hasText: text }).first();

  async again(work, times = 4) {
    for (let n = 1; ; n++) {
      try {
        return await work();
      } catch (error) {
        if (n >= times) throw error;
      }
    }
  }

  async press(key, text, row = text) {
    await this.again(async () => {
      await this.page.keyboard.press(key);
      await this.quickInput().waitFor({ timeout: 3000 });
    });
    await this.quickInput().fill(text);
    const found = this.quick().locator('.monaco-list-row', { hasText: row }).first();
    await found.waitFor();
    return found;
  }

  async command(title) {
    await (await this.press('F1', `>${title}`, title)).click();
  }

  async openFile(name) {
    await (await this.press('Control+P', name)).click();
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
    await this.editor().waitFor();
  }

  /** Puts the cursor somewhere; done when the editor has the focus and the status bar says so, or the next key is lost. */
  async goTo(line, column) {
    await this.again(async () => {
      await this.page.keyboard.press('Control+G');
      await this.quickInput().waitFor({ timeout: 3000 });
    });
    await this.quickInput().fill(`:${line}:${column}`);
    await this.page.keyboard.press('Enter');
    await this.quick().waitFor({ state: 'hidden' });
    await this.page.locator('.editor-instance .monaco-editor.focused').first().waitFor();
    await this.statusItem('status.editor.selection').filter({ hasText: `Ln ${line}, Col ${column}` }).waitFor();
  }

  /** Opens the light bulb's menu. */
  async codeActions() {
    const menu = this.page.locator('.action-widget');
    await this.again(async () => {
      await this.page.keyboard.press('Control+Period');
      await menu.locator('.monaco-list-row.action').first().waitFor({ timeout: 3000 });
    });
    return menu;
  }

  text() {
    return this.page.locator('.editor-instance .monaco-editor .view-lines').first().evaluate((lines) =>
      [...lines.querySelectorAll('.view-line')]
        .sort((a, b) => parseInt(a.style.top) - parseInt(b.style.top))
        .map((line) => line.textContent.replace(/\u00a0/g, ' '))
        .join('\n'),
    );
  }
}
