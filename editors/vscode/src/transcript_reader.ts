/**
 * Reads the transcripts of a task's loop, page by page, into one text. Pure; knows how a part becomes text, and who to ask.
 */
import type { TaskView, TranscriptPart } from './protocol';
import { name } from './task';
import { render } from './transcript_text';

/** Characters that are kept; what came before is left out. */
const MOST = 2_000_000;

export interface Source {
  /** The task as it is known now. */
  task: () => TaskView | undefined;
  page: (iteration: number, after: number) => Promise<TranscriptPart>;
}

export class Reader {
  text = '';
  /** The loop that is read. */
  private loop: string | undefined;
  /** Where to go on. */
  private iteration = 1;
  private after = 0;
  /** Whether the iteration says nothing more. */
  private over = false;
  private hasHeading = false;
  private stopped = false;

  /** `only`: the only iteration that is read; all of them if it is undefined. */
  constructor(
    private readonly key: string,
    private readonly only: number | undefined,
    private readonly source: Source,
  ) {
    this.begin(source.task()?.loopId);
  }

  /** Reads all that is new. What was read before it fails stays. */
  async more(): Promise<void> {
    while (!this.stopped) {
      const task = this.source.task();
      if (this.hasNewLoop()) this.begin(task?.loopId);
      const last = task?.iteration ?? this.iteration;
      const goesOn = this.only === undefined && this.iteration < last;
      if (this.over) {
        if (!goesOn) return;
        this.enter(this.iteration + 1);
        continue;
      }
      const { events, next } = await this.source.page(this.iteration, this.after);
      if (this.hasNewLoop()) continue;
      this.add(render(events), task?.worktree, this.iteration >= last);
      const isSame = next === this.after && events.length === 0;
      if (next === null || (isSame && goesOn)) this.over = true;
      else if (isSame) return;
      else this.after = next;
    }
  }

  stop(): void {
    this.stopped = true;
  }

  /** A task that was started again or forked has another loop, whose iterations count from the beginning. */
  private hasNewLoop(): boolean {
    const loop = this.source.task()?.loopId;
    return loop !== undefined && loop !== this.loop;
  }

  private begin(loop: string | undefined): void {
    this.loop = loop;
    this.text = this.title();
    this.enter(this.only ?? 1);
  }

  private enter(iteration: number): void {
    this.iteration = iteration;
    this.after = 0;
    this.over = false;
    this.hasHeading = this.only !== undefined;
  }

  private add(text: string, folder: string | undefined, isLast: boolean): void {
    if (!this.hasHeading && (text !== '' || isLast)) {
      this.hasHeading = true;
      this.text += `\n## Iteration ${this.iteration}\n`;
    }
    // Every path begins with the worktree's.
    this.text += folder === undefined ? text : text.replaceAll(`${folder}/`, '');
    if (this.text.length <= MOST) return;
    const from = this.text.indexOf('\n', this.text.length - MOST / 2);
    this.text = `${this.title()}\n(What came before is left out here.)\n${this.text.slice(from)}`;
  }

  private title(): string {
    const task = this.source.task();
    const of = task === undefined ? this.key : name(task);
    return `# ${of}${this.only === undefined ? '' : `, iteration ${this.only}`}\n`;
  }
}
