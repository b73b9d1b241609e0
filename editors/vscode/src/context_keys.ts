/** What the `when` clauses of the manifest ask: the server's state, and what can be done with some task. */
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { Ctx } from './ctx';
import { allActions } from './task';

export class ContextKeys {
  private readonly set = new Map<string, unknown>();

  constructor(private readonly ctx: Ctx) {
    const update = () => {
      this.update();
    };
    const look = () => void this.look();
    ctx.extension.subscriptions.push(
      ctx.tasks.onChange(update),
      ctx.onState(update),
      ctx.onState(look),
      vscode.workspace.onDidChangeWorkspaceFolders(look),
      // A repository may have been made in a terminal meanwhile.
      vscode.window.onDidChangeWindowState(look),
    );
  }

  private async look(): Promise<void> {
    const folders = vscode.workspace.workspaceFolders ?? [];
    const inOne = await Promise.all(folders.map(({ uri }) => isInRepository(uri.fsPath)));
    this.put('alfine.noRepository', !inOne.includes(true));
  }

  private update(): void {
    const { state, tasks } = this.ctx;
    const can = tasks.actions();
    this.put('alfine.server', state.is);
    for (const action of allActions) this.put(`alfine.can.${action}`, can.has(action));
    const plans = new Set(tasks.all().flatMap(({ uri }) => (uri === undefined ? [] : vscode.Uri.parse(uri).fsPath)));
    this.put('alfine.plans', [...plans]);
    this.put('alfine.hasPlans', plans.size > 0);
  }

  private put(key: string, value: unknown): void {
    if (JSON.stringify(this.set.get(key)) === JSON.stringify(value)) return;
    this.set.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}

async function isInRepository(folder: string): Promise<boolean> {
  const isHere = await stat(join(folder, '.git')).then(
    () => true,
    () => false,
  );
  return isHere || (dirname(folder) !== folder && isInRepository(dirname(folder)));
}
