import { expect, test } from 'vitest';
import type { TaskStatus } from '../../src/protocol';
import { actionsOf, brief, details, dollars, escape, name, needsUser, span, summary } from '../../src/task';
import { aLoop, aTask } from './a_task';

const can = (status: TaskStatus) => [...actionsOf(aLoop({ status }))].join(' ');

test('a task at work can be held, stopped and steered, and looked at', () => {
  expect(can('running')).toBe('pause stop steer transcript changes worktree');
});

test('a stopped loop can go on, go back, or be thrown away, and not be stopped again', () => {
  expect(can('stopped')).toBe('continue steer rewind fork discard transcript changes worktree');
});

test('only a loop that asks can be answered', () => {
  const all: TaskStatus[] = ['pending', 'ready', 'running', 'paused', 'needs_input', 'stopped', 'failed', 'done', 'merged'];
  expect(all.filter((status) => actionsOf(aLoop({ status })).has('answer'))).toEqual(['needs_input']);
});

test('done work can be merged, and merged work only be looked at', () => {
  expect(can('done')).toBe('merge rewind fork discard transcript changes worktree');
  expect(can('merged')).toBe('transcript changes');
});

test('a box ticked by hand has nothing to merge', () => {
  expect(actionsOf(aTask({ status: 'done' })).size).toBe(0);
});

test('work done in the own tree is neither merged nor forked, there is no branch', () => {
  const inPlace = aLoop({ status: 'done' });
  delete inPlace.branch;
  expect([...actionsOf(inPlace)].filter((action) => action === 'merge' || action === 'fork')).toEqual([]);
});

test('before its first iteration a loop has no tree to go back to', () => {
  const actions = actionsOf(aLoop({ status: 'paused', iteration: 0 }));
  expect(['rewind', 'fork', 'changes'].some((action) => actions.has(action as 'fork'))).toBe(false);
});

test('a status that this version does not know allows nothing, and breaks nothing', () => {
  const strange = aLoop({ status: 'dancing' as TaskStatus });
  expect([...actionsOf(strange)]).toEqual(['transcript', 'changes', 'worktree']);
  expect(summary(strange, 0)).toBe('dancing · 4 files · $0.42');
});

test('a loop stopped by the breaker needs the user, one that the user stopped does not', () => {
  expect(needsUser(aLoop({ status: 'stopped', reason: '3 iterations in a row changed nothing' }))).toBe(true);
  expect(needsUser(aLoop({ status: 'stopped', reason: 'stopped by the user' }))).toBe(false);
});

test('a summary says where the loop is, what it changed and cost', () => {
  expect(summary(aLoop(), 0)).toBe('running · 3 of 10 · 4 files · $0.42');
  expect(summary(aLoop({ filesChanged: 1, costUsd: 0.004 }), 0)).toBe('running · 3 of 10 · 1 file · $0.0040');
  expect(summary(aTask(), 0)).toBe('ready');
  expect(summary(aLoop({ status: 'needs_input' }), 0)).toBe('needs you · 4 files · $0.42');
});

test('a summary of a waiting loop says how long', () => {
  expect(summary(aLoop({ status: 'waiting', waitingUntil: 190_000 }), 10_000)).toBe('waiting · 3 of 10 · 3 min left · 4 files · $0.42');
});

test('beside its sign a status is not said again', () => {
  expect(brief(aLoop(), 0)).toBe('3 of 10 · 4 files · $0.42');
  expect(brief(aLoop({ status: 'stopped' }), 0)).toBe('stopped · 4 files · $0.42');
  expect(brief(aTask(), 0)).toBe('ready');
});

test('time spans are told in their largest unit', () => {
  expect([-5, 900, 59_000, 120_000, 3_600_000 + 60_000 * 5].map(span)).toEqual(['0 s', '1 s', '59 s', '2 min', '1 h 5 min']);
});

test('money has cents, and more where it is less', () => {
  expect([0, 0.004, 1.5].map(dollars)).toEqual(['$0.00', '$0.0040', '$1.50']);
});

test('a name has the id once', () => {
  expect(name(aTask())).toBe('T1: Greet by name');
  expect(name(aTask({ id: 'greet-by-name' }))).toBe('Greet by name');
});

test('details show the reason, each criterion and the counters that count', () => {
  const task = aLoop({
    status: 'stopped',
    reason: '3 iterations in a row changed nothing',
    criteria: [
      { text: 'It greets: `sh t.sh`', state: 'proven' },
      { text: 'It is nice', state: 'open' },
    ],
    breaker: [
      { rule: 'no-change', count: 3, limit: 3, evidence: 'iterations 1, 2 and 3' },
      { rule: 'rework', count: 0, limit: 3, evidence: '' },
      { rule: 'cost', count: 0.04, evidence: '' },
      { rule: 'wall-time', count: 90.4, limit: 14_400, evidence: '' },
    ],
  });
  const text = details(task, 0);
  expect(text).toContain('- $(pass) It greets: \\`sh t\\.sh\\`');
  expect(text).toContain('- $(circle-large-outline) It is nice');
  expect(text).toContain('- no\\-change: 3 of 3 \\(iterations 1, 2 and 3\\)\n- cost: \\$0\\.04\n- wall\\-time: 2 min of 4 h 0 min\n');
  expect(text).not.toContain('rework');
});

test('text of a plan or an agent is never read as Markdown, icons or HTML', () => {
  expect(escape('[x](command:evil) <b> $(trash)\n# h')).toBe('\\[x\\]\\(command:evil\\) \\<b\\> \\$\\(trash\\) \\# h');
});
