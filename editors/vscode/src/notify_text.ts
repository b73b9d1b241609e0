/**
 * What a change is worth telling: only what stands still until the user acts, or what they asked for. Pure.
 */
import type { TaskView } from './protocol';
import { actionsOf, isAtLimit, name, needsUser, why } from './task';
import type { Change } from './tasks';

export interface Message {
  text: string;
  /** Whether it is bad news. */
  warning: boolean;
  /** What can be done, by the title of its button. */
  buttons: Record<string, string>;
}

/** What to tell of a change; nothing where it can wait until the user looks. */
export function messageOf({ before, now }: Change, all: boolean): Message | undefined {
  // Where a window is opened everything is new: the view and the status bar say what stands still.
  if (before === undefined || (before.status === now.status && before.reason === now.reason)) return undefined;
  const because = why(now) === '' ? '' : `: ${why(now)}`;
  const can = actionsOf(now);
  const buttons: Record<string, string> = {};
  if (now.status === 'done' && all && before.status !== 'done') {
    if (can.has('merge')) buttons['Merge'] = 'alfine.merge';
    if (can.has('changes')) buttons['Show Changes'] = 'alfine.showDiff';
    return { text: `${name(now)} is done.`, warning: false, buttons };
  }
  // What a loop asks, the server asks.
  if (!needsUser(now) || now.status === 'needs_input') return undefined;
  if (can.has('continue') && isAtLimit(now)) buttons['Continue with More…'] = 'alfine.continueWith';
  else if (can.has('continue')) buttons['Continue'] = 'alfine.continue';
  buttons['Go to Task'] = 'alfine.openTask';
  return { text: `${name(now)} ${verb(now)}${because}`, warning: true, buttons };
}

function verb({ status }: TaskView): string {
  switch (status) {
    case 'stopped':
      return 'was stopped';
    case 'interrupted':
      return 'was interrupted';
    default:
      return 'failed';
  }
}
