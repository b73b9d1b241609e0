/**
 * Which changes are worth a message: a task that stands still until the user acts, or what the user asked for. Pure.
 */
import type { Offer, TaskView } from './protocol';
import { name, offersOf, why } from './task';
import type { Change } from './tasks';

export interface Message {
  text: string;
  /** Whether it is bad news. */
  warning: boolean;
  /** What can be done, by the title of its button; without an offer, the task is gone to. */
  buttons: Record<string, Offer | undefined>;
}

/** The message about a change; undefined if it can wait until the user looks. */
export function messageOf({ before, now }: Change, all: boolean): Message | undefined {
  // In a new window every task is new, but not worth a message: the view and the status bar show what stands still.
  if (before === undefined || (before.status === now.status && before.reason === now.reason)) return undefined;
  // How a landing ends the server says.
  if (now.cause?.kind === 'not_landed' || before.cause?.kind === 'lands') return undefined;
  const because = why(now) === '' ? '' : `: ${why(now)}`;
  if (now.status === 'done' && all && before.status !== 'done') {
    return { text: `${name(now)} is done.`, warning: false, buttons: buttonsOf(nextOf(now)) };
  }
  // What a loop asks, the server asks.
  if (!now.needsYou || now.status === 'needs_input') return undefined;
  const goesOn = nextOf(now).filter((offer) => offersOf(now, 'continue').includes(offer));
  const buttons = { ...buttonsOf(goesOn), 'Go to Task': undefined };
  return { text: `${name(now)} ${verb(now)}${because}`, warning: true, buttons };
}

function nextOf({ offers }: TaskView): Offer[] {
  return offers.filter(({ next, refused }) => next && refused === undefined);
}

function buttonsOf(offers: Offer[]): Message['buttons'] {
  return Object.fromEntries(offers.map((offer) => [offer.short, offer]));
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
