/**
 * The tasks as the server last told them, for everything that shows some of them.
 */
import { EventEmitter, type Event } from 'vscode';
import type { TasksChanged, TaskView } from './protocol';
import { allActions, type Action, actionsOf } from './task';

export interface Change {
  /** A task as it was; undefined where it is new. */
  before: TaskView | undefined;
  now: TaskView;
}

export class Tasks {
  private readonly byKey = new Map<string, TaskView>();
  private readonly emitter = new EventEmitter<Change[]>();

  /** Something changed; with the tasks that are there and are other than before. */
  readonly onChange: Event<Change[]> = this.emitter.event;

  all(): TaskView[] {
    return [...this.byKey.values()];
  }

  get(key: string): TaskView | undefined {
    return this.byKey.get(key);
  }

  /** The tasks with which this can be done. */
  allowing(action: Action): TaskView[] {
    return this.all().filter((task) => actionsOf(task).has(action));
  }

  /** What can be done with some task. */
  actions(): Set<Action> {
    return new Set(allActions.filter((action) => this.allowing(action).length > 0));
  }

  /** Takes all tasks anew; none of them counts as changed. */
  replace(tasks: TaskView[]): void {
    this.byKey.clear();
    for (const task of tasks) this.byKey.set(task.task, task);
    this.emitter.fire([]);
  }

  apply({ tasks, removed }: TasksChanged): void {
    const changes = tasks.map((now) => ({ before: this.byKey.get(now.task), now }));
    for (const key of removed) this.byKey.delete(key);
    for (const task of tasks) this.byKey.set(task.task, task);
    this.emitter.fire(changes);
  }

  dispose(): void {
    this.emitter.dispose();
  }
}
