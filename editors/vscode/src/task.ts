/**
 * A task as it is drawn. What can be done with it, and what is said of it, comes from the server. Pure; knows nothing of
 * VS Code.
 */
import type { CriterionState, CriterionView as Criterion, Offer, TaskView } from './protocol';

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
  | 'rework'
  | 'discard'
  | 'restoreCheckout'
  | 'keepCheckout'
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
  'rework',
  'discard',
  'restoreCheckout',
  'keepCheckout',
  'transcript',
  'changes',
  'worktree',
];

/** The server's commands that have another name here. */
const renamed: Partial<Record<string, Action>> = {
  showTranscript: 'transcript',
  showDiff: 'changes',
  openWorktree: 'worktree',
};

/** Whether the work that a task asks about may be merged with the same answer. */
export function mayMerge(task: TaskView): boolean {
  return offersOf(task, 'answer').some(({ argument }) => (argument as { merge?: boolean } | undefined)?.merge === true);
}

/** What the server offers to do with a task by the commands of an action. */
export function offersOf(task: TaskView, action: Action): Offer[] {
  return task.offers.filter((offer) => offer.refused === undefined && actionOf(offer) === action);
}

/** What can be done with a task now, as the server says. */
export function actionsOf(task: TaskView): Set<Action> {
  return new Set(allActions.filter((action) => offersOf(task, action).length > 0));
}

function actionOf({ command }: Offer): string {
  const name = command.replace('alfine.', '');
  return renamed[name] ?? name;
}

/** Whether a loop is at work on the task. */
export function isActive(task: TaskView): boolean {
  return ['running', 'evaluating', 'waiting', 'rework'].includes(task.status);
}

/** Whether there is finished work to take. */
export function isToMerge(task: TaskView): boolean {
  return task.status === 'done' && actionsOf(task).has('merge');
}

/** Why a task is where it is, as the server says it. */
export function why(task: TaskView): string {
  return task.reason ?? '';
}

/** US dollars, with more digits if it is only a few cents. */
export function dollars(usd: number): string {
  return usd > 0 && usd < 0.01 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`;
}

/** A number of things. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** The task's title, with its id in front unless the title has it. */
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
export function details(task: TaskView): string {
  const lines = [`**${escape(name(task))}**`, '', escape(task.summary)];
  if (why(task) !== '') lines.push('', escape(why(task)));
  if (task.criteria.length > 0) {
    lines.push('', ...task.criteria.map(criterion));
  }
  if (task.counters.length > 0) {
    lines.push('', 'Breaker', ...task.counters.map(({ label, shown }) => `- ${escape(`${label}: ${shown}`)}`));
  }
  const place = [task.agent, task.branch].filter((part) => part !== undefined && part !== '');
  if (place.length > 0) lines.push('', escape(place.join(' · ')));
  return lines.join('\n');
}

function criterion({ text, state, proof }: Criterion): string {
  return `- ${mark[state]} ${escape(text)}${proof === undefined ? '' : ` — ${escape(proof.why)}`}`;
}

const mark: Record<CriterionState, string> = {
  open: '$(circle-large-outline)',
  checked: '$(check)',
  proven: '$(pass)',
  guard: '$(shield)',
  approved: '$(thumbsup)',
  unproven: '$(question)',
  weak: '$(warning)',
  stale: '$(history)',
  failed: '$(error)',
};

/** Text from a plan or an agent is shown as it is, never as Markdown. */
export function escape(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!<>|~$&]/g, '\\$&').replace(/\s*\n\s*/g, ' ');
}

/** Whether a server is too old to say what can be done with a task. */
export function isOld(task: Partial<TaskView>): boolean {
  return task.offers === undefined;
}

/** A task as a server of this version says it. With one from an older server nothing can be done. */
export function whole<T extends TaskView>(task: T): T {
  const { status } = task;
  return isOld(task) ? { ...task, summary: status.replace('_', ' '), needsYou: status === 'needs_input', counters: [], offers: [] } : task;
}
