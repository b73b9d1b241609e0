/**
 * Activation: puts the parts together, and lets the server start on its own time.
 */
import * as vscode from 'vscode';
import { ChangesProvider } from './changes';
import { Commands } from './commands';
import { ContextKeys } from './context_keys';
import { CriteriaMarks } from './criteria';
import { Ctx } from './ctx';
import { Messages } from './notify';
import { StatusItem } from './status';
import { Transcripts } from './transcript';
import { Tree } from './tree';

let ctx: Ctx | undefined;

export function activate(extension: vscode.ExtensionContext): Ctx {
  ctx = new Ctx(extension);
  const changes = new ChangesProvider(ctx);
  const commands = new Commands(ctx, changes, new Transcripts(ctx));
  new ContextKeys(ctx);
  new Tree(ctx, changes);
  new StatusItem(ctx);
  new CriteriaMarks(ctx);
  new Messages(ctx);
  const started = ctx;
  extension.subscriptions.push(
    started.onState((state) => {
      if (state.is === 'failed') void commands.explain();
      else if (state.is === 'ready' && state.program.warning !== undefined) {
        void vscode.window.showWarningMessage(state.program.warning);
      }
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('alfine.server.path')) void started.restart();
    }),
  );
  void started.start();
  return started;
}

export async function deactivate(): Promise<void> {
  await ctx?.stop();
}
