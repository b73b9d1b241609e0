/** What the item in the status bar says: loops at work, what they cost, and what needs the user. Pure. */
import type { ServerState } from './ctx';
import type { TaskView } from './protocol';
import { count, dollars, escape, isActive, isToMerge, name } from './task';

export interface Shown {
  text: string;
  tooltip: string;
  background?: 'statusBarItem.errorBackground' | 'statusBarItem.warningBackground';
  command: string;
}

/** What is shown; undefined if there is nothing to say. */
export function shown(state: ServerState, tasks: TaskView[]): Shown | undefined {
  const command = 'alfine.showTasks';
  if (state.is === 'off') return undefined;
  if (state.is === 'failed') {
    return {
      text: '$(error) Alfine',
      tooltip: `${escape(state.message)}\n\n${escape(state.remedy)}`,
      background: 'statusBarItem.errorBackground',
      command: 'alfine.explain',
    };
  }
  if (state.is === 'starting') return { text: '$(loading~spin) Alfine', tooltip: 'Alfine’s server starts', command };
  if (tasks.length === 0) return undefined;

  const needing = tasks.filter(({ needsYou }) => needsYou);
  const active = tasks.filter(isActive);
  const toMerge = tasks.filter(isToMerge);
  const cost = [...active, ...needing].reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
  const parts: string[] = [];
  if (needing.length > 0) parts.push(count(needing.length, 'needs you', 'need you'));
  if (active.length > 0) parts.push(`${active.length} running`);
  if (needing.length === 0 && active.length === 0 && toMerge.length > 0) parts.push(`${toMerge.length} to merge`);
  if (cost > 0 && parts.length > 0) parts.push(dollars(cost));
  const icon = needing.length > 0 ? 'bell-dot' : active.length > 0 ? 'sync~spin' : toMerge.length > 0 ? 'pass' : 'checklist';
  const told = [...needing, ...active, ...toMerge];
  const tooltip =
    told.length === 0
      ? `Alfine: ${count(tasks.length, 'task')}, none at work`
      : told.map((task) => `**${escape(name(task))}**  \n${escape(task.summary)}`).join('\n\n');
  const base = { text: [`$(${icon}) Alfine`, parts.join(' · ')].filter((it) => it !== '').join(': '), tooltip, command };
  return needing.length > 0 ? { ...base, background: 'statusBarItem.warningBackground' } : base;
}
