import { expect, test } from 'vitest';
import type { TaskStatus, TaskView } from '../../src/protocol';
import { actionsOf, details, dollars, escape, isOld, isToMerge, mayMerge, name, whole } from '../../src/task';
import { aLoop, anOffer, aTask } from './a_task';

test('what can be done with a task is what the server offers, and does not refuse', () => {
  const offers = [
    anOffer('pause'),
    anOffer('start', { refused: 'it waits for T2' }),
    ...['showTranscript', 'showDiff', 'openWorktree'].map((name) => anOffer(name)),
  ];
  expect([...actionsOf(aLoop({ offers }))]).toEqual(['pause', 'transcript', 'changes', 'worktree']);
});

test('an offer that this version does not know allows nothing, and breaks nothing', () => {
  const strange = aLoop({ status: 'dancing' as TaskStatus, offers: [anOffer('dance')] });
  expect(actionsOf(strange).size).toBe(0);
  expect(details(strange)).toContain('dancing');
});

test('done work can be merged only where the server offers that', () => {
  expect(isToMerge(aLoop({ status: 'done' }))).toBe(true);
  expect(isToMerge(aLoop({ status: 'done', offers: [] }))).toBe(false);
});

test('an answer can merge only where the server offers that', () => {
  const yes = { task: 'PLAN.md#T1', approved: true };
  const merge = anOffer('answer', { argument: { ...yes, merge: true } });
  expect(mayMerge(aLoop({ offers: [anOffer('answer', { argument: yes }), merge] }))).toBe(true);
  expect(mayMerge(aLoop({ offers: [anOffer('answer', { argument: yes })] }))).toBe(false);
  expect(mayMerge(aLoop({ offers: [anOffer('merge', { argument: { merge: true } })] }))).toBe(false);
});

test('with a task of an older server nothing can be done, and it is shown', () => {
  const old: Partial<TaskView> = aLoop({ status: 'needs_input' });
  delete old.offers;
  delete old.summary;
  delete old.needsYou;
  delete old.counters;
  expect(isOld(old)).toBe(true);
  const task = whole(old as TaskView);
  expect([task.summary, task.needsYou, actionsOf(task).size]).toEqual(['needs input', true, 0]);
  expect(whole(aLoop())).toEqual(aLoop());
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
      { text: 'It greets: `sh t.sh`', state: 'proven', proof: { why: 'proven: red at the base, green in 3f2a91c' } },
      { text: 'It stays', state: 'guard' },
      { text: 'It is nice', state: 'open' },
    ],
    counters: [
      { label: 'no-change', shown: '3 of 3 (iterations 1, 2 and 3)' },
      { label: 'cost', shown: '$0.04' },
    ],
  });
  const text = details(task);
  expect(text).toContain('- $(pass) It greets: \\`sh t\\.sh\\` — proven: red at the base, green in 3f2a91c');
  expect(text).toContain('- $(shield) It stays\n');
  expect(text).toContain('- $(circle-large-outline) It is nice');
  expect(text).toContain('- no\\-change: 3 of 3 \\(iterations 1, 2 and 3\\)\n- cost: \\$0\\.04\n');
});

test('text of a plan or an agent is never read as Markdown, icons or HTML', () => {
  expect(escape('[x](command:evil) <b> $(trash)\n# h')).toBe('\\[x\\]\\(command:evil\\) \\<b\\> \\$\\(trash\\) \\# h');
});
