import { expect, test } from 'vitest';
import { messageOf } from '../../src/notify_text';
import { aLoop, anOffer } from './a_task';

test('what a loop asks is asked by the server, once', () => {
  expect(messageOf({ before: aLoop(), now: aLoop({ status: 'needs_input', reason: 'Which database?' }) }, true)).toBeUndefined();
});

test('a loop stopped by the breaker is told with the way on', () => {
  const now = aLoop({ status: 'stopped', reason: '3 iterations in a row changed nothing' });
  expect(messageOf({ before: aLoop(), now }, false)).toEqual({
    text: 'T1: Greet by name was stopped: 3 iterations in a row changed nothing',
    warning: true,
    buttons: { Continue: now.offers[0], 'Go to Task': undefined },
  });
});

test('a loop that used all its iterations is offered what the server says comes next', () => {
  const more = anOffer('continue', { short: 'Continue with more', next: true, argument: { task: 'PLAN.md#T1', maxIterations: 20 } });
  const offers = [more, anOffer('continue', { short: 'Continue' }), anOffer('showDiff', { next: true })];
  const now = aLoop({ status: 'stopped', reason: 'all 10 iterations are used', offers });
  expect(messageOf({ before: aLoop(), now }, false)?.buttons).toEqual({ 'Continue with more': more, 'Go to Task': undefined });
});

test('nothing is said of what goes well, nor twice of one thing', () => {
  const asks = aLoop({ status: 'needs_input', reason: 'Which?' });
  const stopped = aLoop({ status: 'stopped', reason: '3 iterations in a row changed nothing' });
  expect(messageOf({ before: undefined, now: stopped }, true)).toBeUndefined();
  expect(messageOf({ before: undefined, now: aLoop({ status: 'done' }) }, true)).toBeUndefined();
  expect(messageOf({ before: asks, now: { ...asks, costUsd: 1 } }, true)).toBeUndefined();
  expect(messageOf({ before: aLoop(), now: aLoop({ iteration: 4 }) }, true)).toBeUndefined();
  expect(messageOf({ before: aLoop(), now: aLoop({ status: 'stopped', needsYou: false }) }, true)).toBeUndefined();
});

test('how a landing ends is told by the server', () => {
  const lands = aLoop({ status: 'evaluating', cause: { kind: 'lands', into: 'main' } });
  const because = { why: 'red' as const, failed: ['together'] };
  const refused = aLoop({ status: 'done', reason: 'not merged into main', cause: { kind: 'not_landed', into: 'main', because } });
  expect(messageOf({ before: lands, now: refused }, true)).toBeUndefined();
  expect(messageOf({ before: aLoop(), now: refused }, true)).toBeUndefined();
  expect(messageOf({ before: lands, now: aLoop({ status: 'done' }) }, true)).toBeUndefined();
});

test('a task that gets done is told only where that is wished for', () => {
  const change = { before: aLoop(), now: aLoop({ status: 'done' }) };
  expect(messageOf(change, false)).toBeUndefined();
  const [merge, diff] = change.now.offers;
  expect(messageOf(change, true)?.buttons).toEqual({ Merge: merge, 'Show diff': diff });
});
