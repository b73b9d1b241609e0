import { expect, test } from 'vitest';
import { messageOf } from '../../src/notify_text';
import { aLoop } from './a_task';

test('what a loop asks is asked by the server, once', () => {
  expect(messageOf({ before: aLoop(), now: aLoop({ status: 'needs_input', reason: 'Which database?' }) }, true)).toBeUndefined();
});

test('a loop stopped by the breaker is told with the way on', () => {
  const now = aLoop({ status: 'stopped', reason: '3 iterations in a row changed nothing' });
  expect(messageOf({ before: aLoop(), now }, false)).toEqual({
    text: 'T1: Greet by name was stopped: 3 iterations in a row changed nothing',
    warning: true,
    buttons: { Continue: 'alfine.continue', 'Go to Task': 'alfine.openTask' },
  });
});

test('a loop that used all its iterations is offered more', () => {
  const breaker = [{ rule: 'iterations' as const, count: 10, limit: 10, evidence: '' }];
  const now = aLoop({ status: 'stopped', reason: 'all 10 iterations are used', breaker });
  expect(messageOf({ before: aLoop(), now }, false)?.buttons).toEqual({
    'Continue with More…': 'alfine.continueWith',
    'Go to Task': 'alfine.openTask',
  });
});

test('nothing is said of what goes well, nor twice of one thing', () => {
  const asks = aLoop({ status: 'needs_input', reason: 'Which?' });
  const stopped = aLoop({ status: 'stopped', reason: '3 iterations in a row changed nothing' });
  expect(messageOf({ before: undefined, now: stopped }, true)).toBeUndefined();
  expect(messageOf({ before: undefined, now: aLoop({ status: 'done' }) }, true)).toBeUndefined();
  expect(messageOf({ before: asks, now: { ...asks, costUsd: 1 } }, true)).toBeUndefined();
  expect(messageOf({ before: aLoop(), now: aLoop({ iteration: 4 }) }, true)).toBeUndefined();
  expect(messageOf({ before: aLoop(), now: aLoop({ status: 'stopped', reason: 'stopped by the user' }) }, true)).toBeUndefined();
});

test('a task that gets done is told only where that is wished for', () => {
  const change = { before: aLoop(), now: aLoop({ status: 'done' }) };
  expect(messageOf(change, false)).toBeUndefined();
  expect(messageOf(change, true)?.buttons).toEqual({ Merge: 'alfine.merge', 'Show Changes': 'alfine.showDiff' });
});
