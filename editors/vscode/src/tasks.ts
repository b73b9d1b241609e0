/**
 * The tasks as the server last reported them, for everything that shows some of them.
 */
import { EventEmitter, type Event, Uri } from 'vscode';
import type { TaskName, TasksChanged, TaskView } from './protocol';
import { type Action, actionsOf, isOld, whole } from './task';

export interface Change {
  /** The task as it was; undefined if it is new. */
  before: TaskView | undefined;
  now: TaskView;
}

export class Tasks {
  /** By plan, and in the order of each. Two folders may have a plan of one name, so a key alone says too little. */
  private list: TaskView[] = [];
  private readonly emitter = new EventEmitter<Change[]>();

  /** Whether the server is too old to say what can be done with the tasks. */
  fromOldServer = false;

  /** Something changed; with the tasks that are there and are other than before. */
  readonly onChange: Event<Change[]> = this.emitter.event;

  all(): TaskView[] {
    return this.list;
  }

  /** The task with a key; if there are several, the one in this plan. A task that left its plan is in no plan. */
  get(key: string, plan?: string): TaskView | undefined {
    const own = this.list.filter(({ task }) => task === key);
    if (plan === undefined) return own[0];
    return own.find(({ uri }) => uri === plan) ?? own.find(({ uri }) => uri === undefined);
  }

  /** The task that a key means: that of the plan if this can be done with it, else one with which it can. */
  meant(key: string, action: Action | undefined, plan?: string): TaskView | undefined {
    const own = this.get(key, plan);
    if (own !== undefined && (action === undefined || actionsOf(own).has(action))) return own;
    return this.allowing(action).find(({ task }) => task === key) ?? own ?? this.get(key);
  }

  /** The tasks with which this can be done; without an action, all tasks. */
  allowing(action: Action | undefined): TaskView[] {
    return this.list.filter((task) => action === undefined || actionsOf(task).has(action));
  }

  /** What can be done with some task. */
  actions(): Set<Action> {
    return new Set(this.list.flatMap((task) => [...actionsOf(task)]));
  }

  /** Replaces all tasks; none of them counts as changed. */
  replace(tasks: TaskView[]): void {
    this.list = sorted(this.taken(tasks));
    this.emitter.fire([]);
  }

  apply({ tasks, removedTasks }: Pick<TasksChanged, 'tasks' | 'removedTasks'>): void {
    const removed = removedTasks.map(asWritten);
    const isGone = (known: TaskView) => removed.some((name) => isSame(known, name));
    const gone = this.list.filter(isGone);
    const list = this.list.filter((known) => !isGone(known));
    const changes = this.taken(tasks).map((now) => {
      const at = list.findIndex((known) => isSame(known, now));
      // A task that leaves its plan, or comes back, is the same one.
      const before = at < 0 ? gone.find(({ task }) => task === now.task) : list[at];
      if (at < 0) list.push(now);
      else list[at] = now;
      return { before, now };
    });
    this.list = sorted(list);
    this.emitter.fire(changes);
  }

  private taken(tasks: TaskView[]): TaskView[] {
    this.fromOldServer = tasks.some(isOld) || (this.fromOldServer && tasks.length === 0);
    return tasks.map(whole).map(asWritten);
  }

  dispose(): void {
    this.emitter.dispose();
  }
}

/** The server may write a URI with other escapes, and with the editor's own once the plan is open. */
function asWritten<T extends TaskName>(task: T): T {
  return task.uri === undefined ? task : { ...task, uri: Uri.parse(task.uri).toString() };
}

function isSame(a: TaskName, b: TaskName): boolean {
  return a.task === b.task && a.uri === b.uri;
}

/** By plan, and in each in the order of the document. */
function sorted(list: TaskView[]): TaskView[] {
  const place = (task: TaskView) => task.range?.start.line ?? Number.MAX_SAFE_INTEGER;
  return list.sort(
    (a, b) => a.plan.localeCompare(b.plan) || (a.uri ?? '').localeCompare(b.uri ?? '') || place(a) - place(b),
  );
}
