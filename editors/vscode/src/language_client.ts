/**
 * The language client, as this extension wants it. The only part that loads `vscode-languageclient`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
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
import * as protocol from './protocol';
import { Questions } from './questions';
import { explicit, serverKeys } from './settings';
import type { Tasks } from './tasks';

/** How long a server that said goodbye may take to end. */
const FAREWELL_MS = 1000;

class Client extends LanguageClient {
  private server: ChildProcess | undefined;

  constructor(program: Program, options: LanguageClientOptions) {
    super('alfine', 'Alfine', () => this.spawn(program.path), options);
  }

  private spawn(path: string): Promise<ChildProcess> {
    return new Promise((resolve, reject) => {
      const server = spawn(path, ['lsp']);
      this.server = server;
      server.on('error', reject);
      server.once('spawn', () => {
        resolve(server);
      });
    });
  }

  /** Whatever the server does or does not answer, it is gone then. */
  override async stop(timeout?: number): Promise<void> {
    const { server } = this;
    try {
      // One that has not answered yet cannot be asked.
      if (!this.isRunning()) return;
      await super.stop(timeout);
      await ended(server);
    } finally {
      server?.kill('SIGKILL');
    }
  }

  /** Errors go to the log. What the user has to know is shown, together with what to do. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  /** The commands are ours: they are there without a server too, and ask for what is missing. */
  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    if ('registrationType' in feature && feature.registrationType.method === 'workspace/executeCommand') return;
    super.registerFeature(feature);
  }
}

async function ended(server: ChildProcess | undefined): Promise<void> {
  if (server?.exitCode !== null || server.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const late = setTimeout(resolve, FAREWELL_MS);
    server.once('exit', () => {
      clearTimeout(late);
      resolve();
    });
  });
}

/** What a client is made of. */
export interface ClientParts {
  program: Program;
  /** Where the server's log goes. */
  output: vscode.LogOutputChannel;
  /** Kept up to date with what the server says of the tasks. */
  tasks: Tasks;
  /** The extension, whose manifest lists the settings. */
  extension: vscode.Extension<unknown>;
  /** Called when the server ends by itself. */
  closed: () => void;
}

/** Makes a client that is not started yet. */
export function makeClient({ program, output, tasks, extension, closed }: ClientParts): LanguageClient {
  const options: LanguageClientOptions = {
    // Any file may have a blocker, a finding, or a place to start a loop on.
    documentSelector: [{ scheme: 'file' }],
    initializationOptions: { tasks: true, tasksVersion: 2, savesTicks: true, hoversDiagnostics: true },
    outputChannel: output,
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
            section === 'alfine' ? settings(extension, scopeUri === undefined ? undefined : vscode.Uri.parse(scopeUri)) : null,
          ),
        didChangeConfiguration: () =>
          client.sendNotification('workspace/didChangeConfiguration', { settings: { alfine: settings(extension) } }),
      },
    },
  };
  const client = new Client(program, options);
  const questions = new Questions(tasks);
  client.onRequest(ShowMessageRequest.type, (params) => questions.ask(params));
  client.onNotification(protocol.tasksChanged, (change: protocol.TasksChanged) => {
    tasks.apply(change);
  });
  return client;
}

/** What the user set in this editor, for a folder. */
function settings(extension: vscode.Extension<unknown>, scope?: vscode.Uri): Record<string, unknown> {
  const manifest = extension.packageJSON as {
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
