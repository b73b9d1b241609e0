/** The limit of a loop's iterations, as a user writes it. Pure. */
import { count } from './task';

/** No loop may have more iterations. */
export const HARD_LIMIT = 50;

/** What is wrong with a new limit, where `used` iterations are over already. */
export function faultOfLimit(text: string, used: number): string | undefined {
  const number = /^\s*\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(number)) return 'Write a whole number.';
  if (number <= used) return `${count(used, 'iteration is', 'iterations are')} used already: write more than ${used}.`;
  return number > HARD_LIMIT ? `At most ${HARD_LIMIT}: split the task if it needs more.` : undefined;
}
