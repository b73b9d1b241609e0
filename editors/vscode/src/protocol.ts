/**
 * What the server and this extension say to each other beyond LSP: the tasks and the transcripts.
 *
 * Types and names only; no rule of Alfine's is known here.
 */
/** Where a task is, in the server's words. */
export type TaskStatus =
  | 'pending'
  | 'ready'
  | 'running'
  | 'evaluating'
  | 'waiting'
  | 'paused'
  | 'interrupted'
  | 'needs_input'
  | 'rework'
  | 'stopped'
  | 'failed'
  | 'skipped'
  | 'done'
  | 'merged'
  | 'discarded';

/** How far a criterion is proven. */
export type CriterionState = 'open' | 'checked' | 'proven' | 'stale' | 'failed';

/** A place in a document, from 0, in UTF-16 units. */
export interface Place {
  line: number;
  character: number;
}

/** One acceptance criterion. */
export interface CriterionView {
  text: string;
  state: CriterionState;
}

/** One rule of the breaker, counted. */
export interface BreakerLine {
  rule: string;
  /** In the rule's unit, as the limit is: a count, US dollars, tokens, or seconds. */
  count: number;
  /** Undefined where the rule is off. */
  limit?: number;
  evidence: string;
}

/** One task, as every watcher shows it. */
export interface TaskView {
  /** `<plan path from the repository's root>#<task id>`. */
  task: string;
  plan: string;
  id: string;
  title: string;
  uri?: string;
  range?: { start: Place; end: Place };
  status: TaskStatus;
  reason?: string;
  loopId?: string;
  /** The iteration at work, or the last one; 0 before the first. */
  iteration: number;
  maxIterations: number;
  breaker: BreakerLine[];
  gate?: unknown;
  criteria: CriterionView[];
  agent: string;
  costUsd?: number;
  filesChanged: number;
  branch?: string;
  worktree?: string;
  /** Milliseconds since the epoch, as is `updatedAt`. */
  waitingUntil?: number;
  updatedAt?: number;
}

/** Which task: two folders may have one of the same key, so its plan belongs to it. A task that left its plan has none. */
export interface TaskName {
  task: string;
  uri?: string;
}

/** What the server's `alfine/tasksChanged` says: tasks that are new or other, and those that are gone. */
export interface TasksChanged {
  tasks: TaskView[];
  removedTasks: TaskName[];
}

/** One thing an agent said or did, as it was decoded; `event` says which. */
export interface TranscriptEvent {
  event: string;
  [field: string]: unknown;
}

/** A part of one iteration's transcript, and where the next one begins; null where there will be no more. */
export interface TranscriptPart {
  events: TranscriptEvent[];
  next: number | null;
}

/** Which part of which transcript; without an iteration, of the last one. */
export interface TranscriptParams extends TaskName {
  iteration?: number;
  after?: number;
}

/** Method names. */
export const tasks = 'alfine/tasks';
export const tasksChanged = 'alfine/tasksChanged';
export const transcript = 'alfine/transcript';

/** The server's commands; each takes one object. */
export const serverCommands = [
  'alfine.start',
  'alfine.startHere',
  'alfine.pause',
  'alfine.stop',
  'alfine.continue',
  'alfine.steer',
  'alfine.answer',
  'alfine.rewind',
  'alfine.fork',
  'alfine.merge',
  'alfine.discard',
  'alfine.showTranscript',
  'alfine.showDiff',
  'alfine.openWorktree',
  'alfine.trust',
] as const;

export type ServerCommand = (typeof serverCommands)[number];
