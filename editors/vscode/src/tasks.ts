/**
 * The tasks as the server last told them, for everything that shows some of them.
 */
import { EventEmitter, type Event } from 'vscode';
import type { TasksChanged, TaskView } from './protocol';
import { type Action, actionsOf } from './task';

export interface Change {
  /** A task as it was; undefined where it is new. */
  before: TaskView | undefined;
  now: TaskView;
}

export class Tasks {
  /** In the server's order. Two folders may have a plan of one name, so a key alone says too little. */
  private list: TaskView[] = [];
  private readonly emitter = new EventEmitter<Change[]>();

  /** Something changed; with the tasks that are there and are other than before. */
  readonly onChange: Event<Change[]> = this.emitter.event;

  all(): TaskView[] {
    return this.list;
  }

  get(key: string): TaskView | undefined {
    return this.list.find(({ task }) => task === key);
  }

  /** The tasks with which this can be done. */
  allowing(action: Action): TaskView[] {
    return this.list.filter((task) => actionsOf(task).has(action));
  }

  /** What can be done with some task. */
  actions(): Set<Action> {
    return new Set(this.list.flatMap((task) => [...actionsOf(task)]));
  }

  /** Takes all tasks anew; none of them counts as changed. */
  replace(tasks: TaskView[]): void {
    this.list = tasks;
    this.emitter.fire([]);
  }

  apply({ tasks, removed }: TasksChanged): void {
    const gone = new Set(removed);
    const list = this.list.filter(({ task }) => !gone.has(task));
    const changes = tasks.map((now) => {
      const at = list.findIndex((known) => isSame(known, now));
      const before = at < 0 ? undefined : list[at];
      if (at < 0) list.push(now);
      else list[at] = now;
      return { before, now };
    });
    this.list = sorted(list);
    this.emitter.fire(changes);
  }

  dispose(): void {
    this.emitter.dispose();
  }
}

/** A task that leaves its plan, or comes back, is the same one. */
function isSame(a: TaskView, b: TaskView): boolean {
  return a.task === b.task && (a.uri === b.uri || a.uri === undefined || b.uri === undefined);
}

/** By plan, and in each in the order of the document. */
function sorted(list: TaskView[]): TaskView[] {
  const place = (task: TaskView) => task.range?.start.line ?? Number.MAX_SAFE_INTEGER;
  return list.sort(
    (a, b) => a.plan.localeCompare(b.plan) || (a.uri ?? '').localeCompare(b.uri ?? '') || place(a) - place(b),
  );
}
