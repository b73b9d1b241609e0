/**
 * A task in words: what can be done with it, and what is said of it. Pure; knows nothing of VS Code.
 */
import type { BreakerLine, TaskStatus, TaskView } from './protocol';

/** What a user can do with a task. */
export type Action =
  | 'start'
  | 'pause'
  | 'stop'
  | 'continue'
  | 'steer'
  | 'answer'
  | 'rewind'
  | 'fork'
  | 'merge'
  | 'discard'
  | 'transcript'
  | 'changes'
  | 'worktree';

export const allActions: readonly Action[] = [
  'start',
  'pause',
  'stop',
  'continue',
  'steer',
  'answer',
  'rewind',
  'fork',
  'merge',
  'discard',
  'transcript',
  'changes',
  'worktree',
];

const byStatus: Record<TaskStatus, readonly Action[]> = {
  pending: [],
  ready: ['start'],
  running: ['pause', 'stop', 'steer'],
  evaluating: ['pause', 'stop', 'steer'],
  waiting: ['pause', 'stop', 'steer'],
  rework: ['pause', 'stop', 'steer'],
  paused: ['continue', 'stop', 'steer', 'rewind', 'fork', 'discard'],
  interrupted: ['continue', 'stop', 'steer', 'rewind', 'fork', 'discard'],
  needs_input: ['answer', 'continue', 'stop', 'steer', 'rewind', 'fork', 'discard'],
  stopped: ['continue', 'steer', 'rewind', 'fork', 'discard'],
  failed: ['continue', 'steer', 'rewind', 'fork', 'discard'],
  skipped: ['start'],
  done: ['merge', 'rewind', 'fork', 'discard'],
  merged: [],
  discarded: ['start'],
};

/** What can be done with a task now. */
export function actionsOf(task: TaskView): Set<Action> {
  const actions = new Set(byStatus[task.status] ?? []);
  if (task.loopId === undefined) {
    // A box that was ticked by hand has no loop behind it.
    return task.status === 'done' ? new Set() : actions;
  }
  if (task.iteration === 0) {
    actions.delete('rewind');
    actions.delete('fork');
  } else {
    actions.add('transcript');
    actions.add('changes');
  }
  if (task.branch === undefined) {
    // It works in the user's own tree.
    actions.delete('merge');
    actions.delete('fork');
  }
  if (task.worktree !== undefined && task.status !== 'merged' && task.status !== 'discarded') actions.add('worktree');
  return actions;
}

/** Whether a loop is at work on the task. */
export function isActive(task: TaskView): boolean {
  return ['running', 'evaluating', 'waiting', 'rework'].includes(task.status);
}

/** Whether the task stands still until the user does something. */
export function needsUser(task: TaskView): boolean {
  if (task.status === 'stopped') return !stoppedByUser(task);
  return ['needs_input', 'failed', 'interrupted'].includes(task.status);
}

/** Whether there is finished work to take. */
export function isToMerge(task: TaskView): boolean {
  return task.status === 'done' && actionsOf(task).has('merge');
}

function stoppedByUser(task: TaskView): boolean {
  return task.reason === undefined || task.reason === 'stopped by the user';
}

/** A status as it is read. */
export function words(status: TaskStatus): string {
  return status === 'needs_input' ? 'needs you' : status;
}

/** Why a task is where it is, as the server says it. */
export function why(task: TaskView): string {
  return task.reason ?? '';
}

/** Whether a loop was stopped since all its iterations are used: going on as before would end after one more. */
export function isAtLimit(task: TaskView): boolean {
  const counted = task.breaker.find(({ rule }) => rule === 'iterations');
  return task.status === 'stopped' && counted?.limit !== undefined && counted.count >= counted.limit;
}

/** US dollars, with more digits where they are few cents. */
export function dollars(usd: number): string {
  return usd > 0 && usd < 0.01 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`;
}

/** A number of things. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** A task's state in one short line. */
export function summary(task: TaskView, now: number): string {
  return [words(task.status), ...facts(task, now)].join(' · ');
}

/** The same beside a sign that tells the status. */
export function brief(task: TaskView, now: number): string {
  const told = ['running', 'done', 'merged', 'ready'].includes(task.status) && task.loopId !== undefined;
  return told ? facts(task, now).join(' · ') : summary(task, now);
}

function facts(task: TaskView, now: number): string[] {
  const parts: string[] = [];
  if (isActive(task) && task.iteration > 0) parts.push(`${task.iteration} of ${task.maxIterations}`);
  if (task.status === 'waiting' && task.waitingUntil !== undefined) parts.push(`${span(task.waitingUntil - now)} left`);
  if (task.filesChanged > 0) parts.push(count(task.filesChanged, 'file'));
  if (task.costUsd !== undefined && task.costUsd > 0) parts.push(dollars(task.costUsd));
  return parts;
}

/** A time span in milliseconds, in its largest unit. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** The task's title, with its id in front where the title does not have it. */
export function name(task: TaskView): string {
  return task.title.startsWith(task.id) || slug(task.title) === task.id ? task.title : `${task.id}: ${task.title}`;
}

function slug(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
}

/** All that is known of a task, as Markdown. */
export function details(task: TaskView, now: number): string {
  const lines = [`**${escape(name(task))}**`, '', escape(summary(task, now))];
  if (why(task) !== '') lines.push('', escape(why(task)));
  if (task.criteria.length > 0) {
    lines.push('', ...task.criteria.map(({ text, state }) => `- ${mark[state]} ${escape(text)}`));
  }
  const counted = task.breaker.filter(({ count }) => count > 0);
  if (counted.length > 0) {
    const rule = ({ rule, count, limit, evidence }: BreakerLine) => {
      const most = limit === undefined ? '' : ` of ${inUnit(rule, limit)}`;
      return `- ${escape(`${rule}: ${inUnit(rule, count)}${most}${evidence === '' ? '' : ` (${evidence})`}`)}`;
    };
    lines.push('', 'Breaker', ...counted.map(rule));
  }
  const place = [task.agent, task.branch].filter((part) => part !== undefined && part !== '');
  if (place.length > 0) lines.push('', escape(place.join(' · ')));
  return lines.join('\n');
}

/** A counter of the breaker or its limit. */
function inUnit(rule: string, value: number): string {
  if (rule === 'cost') return dollars(value);
  return ['wall-time', 'stall', 'startup'].includes(rule) ? span(value * 1000) : String(value);
}

const mark = {
  open: '$(circle-large-outline)',
  checked: '$(check)',
  proven: '$(pass)',
  stale: '$(history)',
  failed: '$(error)',
} as const;

/** Text from a plan or an agent is shown as it is, never as Markdown. */
export function escape(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!<>|~$&]/g, '\\$&').replace(/\s*\n\s*/g, ' ');
}
