/**
 * What a loop changed, in the editor's own diff views: between iterations, and against where it began.
 *
 * `alfine diff` says which commits to compare, git has the contents. Nothing is written.
 */
import { execFile } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { Ctx } from './ctx';
import type { TaskView } from './protocol';
import { name } from './task';

const SCHEME = 'alfine-tree';
/** Larger answers are no text that anybody reads. */
const LARGEST = 32 * 1024 * 1024;

export interface FileChange {
  path: string;
  /** Where it was before, if somewhere else. */
  was?: string;
  change: 'added' | 'deleted' | 'modified' | 'renamed' | 'type_changed';
  added: number;
  removed: number;
}

export interface Changes {
  /** The commits that are compared. */
  from: string;
  to: string;
  files: FileChange[];
}

/** The repository's root that a task's plan lies in. */
export function rootOf(task: TaskView): string | undefined {
  if (task.uri !== undefined) {
    const path = vscode.Uri.parse(task.uri).fsPath;
    if (path.endsWith(task.plan)) return path.slice(0, path.length - task.plan.length - 1);
    return dirname(path);
  }
  // It left its plan: git finds the repository from the tree that its loop works in, too.
  return task.worktree ?? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
}

/** The folder that a task's plan is in, if that is not obvious: one of several, or outside all of them. */
export function folderOf(task: TaskView): string | undefined {
  if (task.uri === undefined) return undefined;
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(task.uri));
  if (folder === undefined) return basename(rootOf(task) ?? '');
  return (vscode.workspace.workspaceFolders ?? []).length > 1 ? folder.name : undefined;
}

export class ChangesProvider implements vscode.TextDocumentContentProvider {
  constructor(private readonly ctx: Ctx) {
    ctx.extension.subscriptions.push(vscode.workspace.registerTextDocumentContentProvider(SCHEME, this));
  }

  /** Asks what an iteration changed, or the whole loop. */
  async of(task: TaskView, iteration?: number): Promise<Changes> {
    const { state } = this.ctx;
    const root = rootOf(task);
    if (state.is !== 'ready' || root === undefined) throw new Error('Alfine’s server does not run.');
    const only = iteration === undefined ? [] : ['--iteration', String(iteration)];
    return JSON.parse(await run(state.program.path, ['-C', root, 'diff', task.task, '--json', ...only])) as Changes;
  }

  /** Opens all changes in one view. */
  async show(task: TaskView, iteration?: number): Promise<void> {
    const changes = await this.of(task, iteration);
    const title = `${name(task)} (${iteration === undefined ? 'all changes' : `iteration ${iteration}`})`;
    if (changes.files.length === 0) {
      const what = iteration === undefined ? 'The loop' : `Iteration ${iteration}`;
      await vscode.window.showInformationMessage(`${what} of ${name(task)} changed nothing.`);
      return;
    }
    const resources = changes.files.map((file) => {
      const [before, after] = this.sides(task, changes, file);
      return [
        after,
        file.change === 'added' ? undefined : before,
        file.change === 'deleted' ? undefined : after,
      ] as const;
    });
    await vscode.commands.executeCommand('vscode.changes', title, resources);
  }

  /** Opens one file's change. */
  async showFile(task: TaskView, changes: Changes, file: FileChange, iteration?: number): Promise<void> {
    const [before, after] = this.sides(task, changes, file);
    const title = `${basename(file.path)} (${task.id}, ${iteration === undefined ? 'all changes' : `iteration ${iteration}`})`;
    await vscode.commands.executeCommand('vscode.diff', before, after, title, { preview: true });
  }

  /** Opens the file where the agent works on it, in the editor that VS Code has for it. */
  async openFile(task: TaskView, file: FileChange): Promise<void> {
    const folder = task.worktree ?? rootOf(task);
    if (folder !== undefined) await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(join(folder, file.path)));
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const { root, commit } = JSON.parse(uri.query) as { root: string; commit: string };
    if (commit === '') return '';
    if (!/^[0-9a-f]{40,64}$/.test(commit)) throw new Error(`no commit: ${commit}`);
    const path = uri.path.slice(1);
    try {
      const text = await run('git', ['-C', root, 'cat-file', 'blob', `${commit}:${path}`]);
      return text.includes('\0') ? `(${path} as of ${commit.slice(0, 8)} is no text.)\n` : text;
    } catch (error) {
      if (error instanceof TooMuch) return `(${path} as of ${commit.slice(0, 8)} is larger than 32 MB.)\n`;
      throw error;
    }
  }

  private sides(task: TaskView, { from, to }: Changes, file: FileChange): [vscode.Uri, vscode.Uri] {
    const root = rootOf(task) ?? '';
    const at = (path: string, commit: string) =>
      vscode.Uri.from({ scheme: SCHEME, path: `/${path}`, query: JSON.stringify({ root, commit }) });
    return [
      at(file.was ?? file.path, file.change === 'added' ? '' : from),
      at(file.path, file.change === 'deleted' ? '' : to),
    ];
  }
}

/** A program printed more than is read. */
class TooMuch extends Error {}

/** Runs a program to its end and returns what it printed. Its complaint is the error. */
export function run(program: string, args: readonly string[], folder?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: folder, maxBuffer: LARGEST, timeout: 60_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') reject(new TooMuch(error.message));
      else reject(new Error(stderr.trim().replace(/^(error|fatal): /, '') || error.message));
    });
  });
}
