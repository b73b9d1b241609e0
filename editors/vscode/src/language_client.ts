/**
 * The language client, as this extension wants it. The only part that loads `vscode-languageclient`.
 */
import * as vscode from 'vscode';
import {
  CloseAction,
  type DynamicFeature,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  ShowMessageRequest,
  type StaticFeature,
} from 'vscode-languageclient/node';
import type { Program } from './bootstrap';
import type { Ctx } from './ctx';
import * as protocol from './protocol';
import { Questions } from './questions';
import { explicit, serverKeys } from './settings';

/** The commands are ours: they are there without a server too, and ask for what is missing. */
class Client extends LanguageClient {
  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    if ('registrationType' in feature && feature.registrationType.method === 'workspace/executeCommand') return;
    super.registerFeature(feature);
  }
}

/** Makes a client that is not started yet. `closed` is called when its server ends by itself. */
export function makeClient(ctx: Ctx, program: Program, closed: () => void): LanguageClient {
  const options: LanguageClientOptions = {
    // Any file may have a blocker, a finding, or a place to start a loop on.
    documentSelector: [{ scheme: 'file' }],
    initializationOptions: { tasks: true, savesTicks: true },
    outputChannel: ctx.output,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    synchronize: { configurationSection: 'alfine' },
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        closed();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
    middleware: {
      // The item in the status bar shows the loops already.
      handleWorkDoneProgress: (token, params, next) => {
        if (!String(token).startsWith('alfine/')) next(token, params);
      },
      workspace: {
        configuration: ({ items }) =>
          items.map(({ section, scopeUri }) =>
            section === 'alfine' ? settings(ctx, scopeUri === undefined ? undefined : vscode.Uri.parse(scopeUri)) : null,
          ),
        didChangeConfiguration: () =>
          client.sendNotification('workspace/didChangeConfiguration', { settings: { alfine: settings(ctx) } }),
      },
    },
  };
  const client = new Client('alfine', 'Alfine', { command: program.path, args: ['lsp'] }, options);
  const questions = new Questions(ctx.tasks);
  client.onRequest(ShowMessageRequest.type, (params) => questions.ask(params));
  client.onNotification(protocol.tasksChanged, (change: protocol.TasksChanged) => {
    ctx.tasks.apply(change);
  });
  return client;
}

/** What the user set in this editor, for a folder. */
function settings(ctx: Ctx, scope?: vscode.Uri): Record<string, unknown> {
  const manifest = ctx.extension.extension.packageJSON as {
    contributes: { configuration: { properties: Record<string, unknown> }[] };
  };
  const keys = serverKeys(manifest.contributes.configuration.flatMap(({ properties }) => Object.keys(properties)));
  const configuration = vscode.workspace.getConfiguration('alfine', scope);
  return explicit(
    keys,
    (key) => configuration.inspect(key),
    (key) => configuration.get(key),
  );
}
