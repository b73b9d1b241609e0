/**
 * The server's life: found, started, watched, ended; and what the rest of the extension asks of it.
 *
 * Never starts an agent, and never waits for the server while the extension is activated.
 */
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { find, NoProgram, type Program } from './bootstrap';
import * as protocol from './protocol';
import { Tasks } from './tasks';

/** How the server is. */
export type ServerState =
  | { is: 'off' }
  | { is: 'starting' }
  | { is: 'ready'; program: Program }
  | { is: 'failed'; message: string; remedy: string; setting: boolean };

/** A server that ends by itself this often in this time is not started again. */
const MOST_ENDS = 4;
const ENDS_WITHIN_MS = 3 * 60_000;

/** How long a server may take to answer for the first time. */
const PATIENCE_MS = 15_000;

/** It is not to be started any more. */
class Stopped extends Error {}

/** The code that the connection gives to a request whose server ends. */
const ENDED_UNANSWERED = -32_097;

export class Ctx {
  readonly tasks = new Tasks();
  readonly output: vscode.LogOutputChannel;
  private client: LanguageClient | undefined;
  private current: ServerState = { is: 'off' };
  private readonly emitter = new vscode.EventEmitter<ServerState>();
  private ends: number[] = [];
  /** Ends a start that has not come to its end. */
  private giveUp: (() => void) | undefined;
  /** One start or stop at a time. */
  private queue: Promise<void> = Promise.resolve();

  readonly onState = this.emitter.event;

  constructor(readonly extension: vscode.ExtensionContext) {
    this.output = vscode.window.createOutputChannel('Alfine', { log: true });
    extension.subscriptions.push(this.output, this.emitter, this.tasks);
    let isTold = false;
    this.tasks.onChange(() => {
      if (!this.tasks.fromOldServer || isTold) return;
      isTold = true;
      void vscode.window.showWarningMessage(
        'Alfine’s program is older than this extension: its tasks are shown, and nothing can be done with them here. ' +
          'Update the program, or empty the setting alfine.server.path to use the bundled one.',
      );
    });
  }

  get state(): ServerState {
    return this.current;
  }

  get version(): string {
    return (this.extension.extension.packageJSON as { version: string }).version;
  }

  /** Starts the server, if it does not run. Never throws: what went wrong is in the state. */
  start(): Promise<void> {
    return this.inTurn(() => this.startNow());
  }

  stop(): Promise<void> {
    this.giveUp?.();
    return this.inTurn(() => this.stopNow());
  }

  async restart(): Promise<void> {
    this.ends = [];
    await this.stop();
    await this.start();
  }

  /** Sends one of the server's commands. Throws what the server refuses. */
  async execute(command: protocol.ServerCommand, argument: object): Promise<unknown> {
    const client = await this.ready();
    try {
      return await client.sendRequest('workspace/executeCommand', { command, arguments: [argument] });
    } catch (error) {
      if ((error as { code?: unknown }).code !== ENDED_UNANSWERED) throw error;
      throw new Error('Alfine’s server ended before it answered. See whether it was done, and try again if it was not.', { cause: error });
    }
  }

  async transcript(params: protocol.TranscriptParams): Promise<protocol.TranscriptPart> {
    const client = await this.ready();
    return client.sendRequest<protocol.TranscriptPart>(protocol.transcript, params);
  }

  /** Requests all tasks again. */
  async refresh(): Promise<void> {
    const client = await this.ready();
    const { tasks } = await client.sendRequest<protocol.Tasks>(protocol.tasks, {});
    this.tasks.replace(tasks);
  }

  private async ready(): Promise<LanguageClient> {
    await this.queue;
    if (this.client?.isRunning() === true) return this.client;
    const why = this.current.is === 'failed' ? ` ${this.current.message} ${this.current.remedy}` : '';
    throw new Error(`Alfine's server does not run.${why}`);
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(work, work);
    return this.queue;
  }

  private async startNow(): Promise<void> {
    if (this.client !== undefined) return;
    this.become({ is: 'starting' });
    try {
      const program = await find({
        setting: vscode.workspace.getConfiguration('alfine').get<string>('server.path') ?? '',
        extension: this.extension.extensionPath,
        version: this.version,
        path: process.env['PATH'] ?? '',
        home: homedir(),
      });
      this.output.info(`starting ${program.path}, version ${program.version}`);
      if (program.warning !== undefined) this.output.warn(program.warning);
      // Most of the code is the client's, so it is not loaded before there is a server to talk to.
      const { makeClient } = await import('./language_client');
      const client = makeClient({
        program,
        output: this.output,
        tasks: this.tasks,
        extension: this.extension.extension,
        closed: () => {
          this.closed();
        },
      });
      this.client = client;
      await this.answers(client);
      // If the server ends at a certain moment of its start, the client does not say so.
      if (!client.isRunning()) throw new Error('it ended before it was ready');
      this.become({ is: 'ready', program });
      await this.take(client);
    } catch (error) {
      // Who stops it ends the server, too.
      if (!(error instanceof Stopped)) this.fail(error);
    }
  }

  /** Starts a client, and waits for its server's first answer, though not for ever. */
  private async answers(client: LanguageClient): Promise<void> {
    let late: NodeJS.Timeout | undefined;
    const given = new Promise<never>((_, reject) => {
      late = setTimeout(() => {
        reject(new Error(`it did not answer within ${PATIENCE_MS / 1000} seconds`));
      }, PATIENCE_MS);
      this.giveUp = () => {
        reject(new Stopped());
      };
    });
    try {
      await Promise.race([client.start(), given]);
    } finally {
      clearTimeout(late);
      this.giveUp = undefined;
    }
  }

  private async take(client: LanguageClient): Promise<void> {
    try {
      const { tasks } = await client.sendRequest<protocol.Tasks>(protocol.tasks, {});
      this.tasks.replace(tasks);
    } catch (error) {
      // Whoever sees the server end starts it again.
      this.output.warn(`no tasks: ${String(error)}`);
    }
  }

  private fail(error: unknown): void {
    const client = this.client;
    this.client = undefined;
    void client?.dispose().catch(() => undefined);
    this.tasks.replace([]);
    const message = error instanceof Error ? error.message : String(error);
    this.output.error(message);
    this.become(
      error instanceof NoProgram
        ? { is: 'failed', message, remedy: error.remedy, setting: error.setting }
        : {
            is: 'failed',
            message: `The server could not be started: ${message}.`,
            remedy: 'Its log says more. Loops that run go on without it.',
            setting: false,
          },
    );
  }

  private async stopNow(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client !== undefined) {
      await client.dispose().catch((error: unknown) => {
        this.output.warn(`the server did not stop in time: ${String(error)}`);
      });
    }
    this.tasks.replace([]);
    this.become({ is: 'off' });
  }

  private become(state: ServerState): void {
    this.current = state;
    this.emitter.fire(state);
  }

  private closed(): void {
    // The server has not answered yet: the code that starts it reports what went wrong.
    if (this.current.is !== 'ready') return;
    const now = Date.now();
    this.ends = this.ends.filter((at) => now - at < ENDS_WITHIN_MS);
    this.ends.push(now);
    if (this.ends.length <= MOST_ENDS) {
      this.output.warn('the server ended by itself and is started again; loops go on meanwhile');
      void this.again();
      return;
    }
    void this.client?.dispose().catch(() => undefined);
    this.client = undefined;
    this.tasks.replace([]);
    this.become({
      is: 'failed',
      message: `The server ended by itself ${this.ends.length} times within three minutes.`,
      remedy: 'Its log says why. Loops that run go on without it.',
      setting: false,
    });
  }

  /** A client whose server is gone is not used again: the next client reads the settings again. */
  private again(): Promise<void> {
    return this.inTurn(async () => {
      const client = this.client;
      this.client = undefined;
      await client?.dispose().catch(() => undefined);
      await this.startNow();
    });
  }
}

/** What the server says of why it refuses, for the user. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
