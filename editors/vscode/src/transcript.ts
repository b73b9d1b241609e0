/**
 * What an agent says, as a read-only document that grows while the agent works.
 *
 * Asks the server only while somebody looks and there can be something new.
 */
import * as vscode from 'vscode';
import type { Ctx } from './ctx';
import type { TaskView } from './protocol';
import { isActive, name } from './task';
import { render } from './transcript_text';

const SCHEME = 'alfine-transcript';
/** How long to wait for more while the agent works. */
const PAUSE_MS = 500;
/** Characters that are kept; what came before is left out. */
const MOST = 2_000_000;

interface Open {
  task: string;
  /** The only iteration that is shown; undefined where all are. */
  only: number | undefined;
  text: string;
  /** Where to go on: the iteration, and the place in its transcript; undefined before its heading. */
  iteration: number;
  after: number | undefined;
  /** Asks for more now, if it waits. */
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
      vscode.window.onDidChangeVisibleTextEditors(() => {
        this.wakeAll();
      }),
      ctx.tasks.onChange(() => {
        this.wakeAll();
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
      query: JSON.stringify({ task: task.task, iteration }),
    });
    const document = await vscode.workspace.openTextDocument(uri);
    const editor = await vscode.window.showTextDocument(document, { preview: false });
    reveal(editor);
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const key = uri.toString();
    const known = this.opened.get(key);
    if (known !== undefined) return known.text;
    const { task, iteration } = JSON.parse(uri.query) as { task: string; iteration?: number };
    const text = this.title(task, iteration);
    const open: Open = { task, only: iteration, text, iteration: iteration ?? 1, after: undefined, wake: undefined, closed: false };
    this.opened.set(key, open);
    await this.more(open);
    void this.keepUp(uri, open);
    return open.text;
  }

  private title(key: string, iteration: number | undefined): string {
    const task = this.ctx.tasks.get(key);
    const of = task === undefined ? key : name(task);
    return `# ${of}${iteration === undefined ? '' : `, iteration ${iteration}`}\n`;
  }

  private async keepUp(uri: vscode.Uri, open: Open): Promise<void> {
    while (!open.closed) {
      const task = this.ctx.tasks.get(open.task);
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
      if (open.closed) return;
      try {
        if (await this.more(open)) this.grow(uri);
      } catch (error) {
        // The server is away; a change of the tasks tells when it is back.
        this.ctx.output.debug(`no transcript: ${String(error)}`);
      }
    }
  }

  /** Reads all that is new. Says whether there was something. */
  private async more(open: Open): Promise<boolean> {
    const before = open.text.length;
    while (!open.closed) {
      const { task, iteration, after } = open;
      const { events, next } = await this.ctx.transcript({ task, iteration, after: after ?? 0 });
      if (after === undefined && open.only === undefined) open.text += `\n## Iteration ${iteration}\n`;
      const folder = this.ctx.tasks.get(task)?.worktree;
      const text = render(events);
      // Every path begins with the worktree's.
      open.text += folder === undefined ? text : text.replaceAll(`${folder}/`, '');
      const stays = next ?? after ?? 0;
      const isOver = next === null || (events.length === 0 && stays === (after ?? 0));
      open.after = stays;
      if (!isOver) continue;
      const last = this.ctx.tasks.get(task)?.iteration ?? iteration;
      if (open.only !== undefined || iteration >= last) break;
      open.iteration += 1;
      open.after = undefined;
    }
    const grew = open.text.length !== before;
    this.cut(open);
    return grew;
  }

  private cut(open: Open): void {
    if (open.text.length <= MOST) return;
    const from = open.text.indexOf('\n', open.text.length - MOST / 2);
    open.text = `${this.title(open.task, open.only)}\n(What came before is left out here.)\n${open.text.slice(from)}`;
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

  private wakeAll(): void {
    for (const open of this.opened.values()) open.wake?.();
  }

  private close(key: string): void {
    const open = this.opened.get(key);
    if (open === undefined) return;
    open.closed = true;
    open.wake?.();
    this.opened.delete(key);
    this.following.delete(key);
  }
}

function seesEnd({ document, visibleRanges }: vscode.TextEditor): boolean {
  return visibleRanges.some(({ end }) => end.line >= document.lineCount - 2);
}

function reveal(editor: vscode.TextEditor): void {
  const end = editor.document.lineAt(editor.document.lineCount - 1).range.end;
  editor.revealRange(new vscode.Range(end, end), vscode.TextEditorRevealType.Default);
}
