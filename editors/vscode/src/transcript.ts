/**
 * What an agent says, as a read-only document that grows while the agent works.
 *
 * Asks the server only while somebody looks and there can be something new.
 */
import * as vscode from 'vscode';
import type { Ctx } from './ctx';
import type { TaskView } from './protocol';
import { isActive } from './task';
import { Reader } from './transcript_reader';

const SCHEME = 'alfine-transcript';
/** How long to wait for more while the agent works. */
const PAUSE_MS = 500;

interface Open {
  task: string;
  /** The task's plan: two folders may have a task of one key. */
  plan: string | undefined;
  reader: Reader;
  /** As much as the document has. */
  shown: string;
  /** Whether something happened since the server was last asked. */
  isStale: boolean;
  /** Ends the wait for something to happen. */
  wake: (() => void) | undefined;
  closed: boolean;
}

export class Transcripts implements vscode.TextDocumentContentProvider {
  private readonly opened = new Map<string, Open>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  /** Documents whose end was in sight when they began to grow. */
  private readonly following = new Set<string>();

  readonly onDidChange = this.changed.event;

  constructor(private readonly ctx: Ctx) {
    ctx.extension.subscriptions.push(
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        this.follow(document);
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.close(uri.toString());
      }),
      vscode.window.onDidChangeVisibleTextEditors((editors) => {
        for (const { document } of editors) wake(this.opened.get(document.uri.toString()));
      }),
      ctx.tasks.onChange((changes) => {
        const changed = new Set(changes.map(({ now }) => now.task));
        // All tasks were replaced: the server may have been away.
        for (const open of this.opened.values()) if (changed.size === 0 || changed.has(open.task)) wake(open);
      }),
      {
        dispose: () => {
          for (const key of [...this.opened.keys()]) this.close(key);
        },
      },
    );
  }

  async show(task: TaskView, iteration?: number): Promise<void> {
    const part = iteration === undefined ? '' : `, iteration ${iteration}`;
    const uri = vscode.Uri.from({
      scheme: SCHEME,
      path: `/${task.id.replaceAll('/', '-')} transcript${part}.md`,
      query: JSON.stringify({ task: task.task, plan: task.uri, iteration }),
    });
    const document = await vscode.workspace.openTextDocument(uri);
    const editor = await vscode.window.showTextDocument(document, { preview: false });
    reveal(editor);
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const key = uri.toString();
    const known = this.opened.get(key);
    if (known !== undefined) return known.shown;
    const { task, plan, iteration } = JSON.parse(uri.query) as { task: string; plan?: string; iteration?: number };
    const reader = new Reader(task, iteration, {
      task: () => this.ctx.tasks.get(task, plan),
      page: (of, after) => this.ctx.transcript({ task, ...(plan === undefined ? {} : { uri: plan }), iteration: of, after }),
    });
    const open: Open = { task, plan, reader, shown: '', isStale: false, wake: undefined, closed: false };
    this.opened.set(key, open);
    try {
      await reader.more();
    } catch (error) {
      // There will be no document to be closed; the next one asks again.
      this.close(key);
      throw error;
    }
    open.shown = reader.text;
    void this.keepUp(uri, open);
    return open.shown;
  }

  private async keepUp(uri: vscode.Uri, open: Open): Promise<void> {
    while (!open.closed) {
      if (!open.isStale) await this.pause(uri, open);
      open.isStale = false;
      try {
        await open.reader.more();
      } catch (error) {
        // The server is away. The tasks change when it is back.
        this.ctx.output.debug(`no transcript: ${String(error)}`);
      }
      if (open.reader.text === open.shown) continue;
      open.shown = open.reader.text;
      this.grow(uri);
    }
  }

  /** Waits until something happens; while the agent works and somebody looks, not for long. */
  private async pause(uri: vscode.Uri, open: Open): Promise<void> {
    const task = this.ctx.tasks.get(open.task, open.plan);
    const isSeen = vscode.window.visibleTextEditors.some(({ document }) => document.uri.toString() === uri.toString());
    const active = isSeen && task !== undefined && isActive(task);
    await new Promise<void>((resolve) => {
      const timer = active ? setTimeout(resolve, PAUSE_MS) : undefined;
      open.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    open.wake = undefined;
  }

  private grow(uri: vscode.Uri): void {
    const key = uri.toString();
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document.uri.toString() === key && seesEnd(editor)) this.following.add(key);
    }
    this.changed.fire(uri);
  }

  private follow(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    if (!this.following.delete(key)) return;
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document.uri.toString() === key) reveal(editor);
    }
  }

  private close(key: string): void {
    const open = this.opened.get(key);
    if (open === undefined) return;
    open.closed = true;
    open.reader.stop();
    open.wake?.();
    this.opened.delete(key);
    this.following.delete(key);
  }
}

function wake(open: Open | undefined): void {
  if (open === undefined) return;
  open.isStale = true;
  open.wake?.();
}

function seesEnd({ document, visibleRanges }: vscode.TextEditor): boolean {
  return visibleRanges.some(({ end }) => end.line >= document.lineCount - 2);
}

function reveal(editor: vscode.TextEditor): void {
  const end = editor.document.lineAt(editor.document.lineCount - 1).range.end;
  editor.revealRange(new vscode.Range(end, end), vscode.TextEditorRevealType.Default);
}
