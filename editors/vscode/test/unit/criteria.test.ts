import { expect, test } from 'vitest';
import { marksOf } from '../../src/criteria_marks';
import { aTask } from './a_task';

const plan = ['# Plan', '', '### T1: One', '- [ ] Same text', '- [ ] Open', '### T2: Two', '- [ ] Same text', '- [x] Failed'];
const at = (line: number) => ({ start: { line, character: 0 }, end: { line, character: 5 } });

test('a criterion is marked in its own task, also where another has the same text', () => {
  const tasks = [
    aTask({ range: at(5), criteria: [{ text: 'Same text', state: 'proven' }, { text: 'Failed', state: 'failed' }] }),
    aTask({ range: at(2), criteria: [{ text: 'Same text', state: 'stale' }, { text: 'Open', state: 'open' }] }),
  ];
  expect(marksOf(tasks, plan)).toEqual([
    { line: 3, state: 'stale' },
    { line: 6, state: 'proven' },
    { line: 7, state: 'failed' },
  ]);
});

test('two criteria of one text are two lines', () => {
  const criteria = [{ text: 'a', state: 'proven' as const }, { text: 'a', state: 'failed' as const }];
  expect(marksOf([aTask({ range: at(0), criteria })], ['# T', '- [ ] a', '- [ ] a'])).toEqual([
    { line: 1, state: 'proven' },
    { line: 2, state: 'failed' },
  ]);
});

test('a criterion that was edited away, and a task without a place, have no mark', () => {
  const gone = aTask({ range: at(2), criteria: [{ text: 'Not there', state: 'proven' }] });
  const nowhere = aTask({ criteria: [{ text: 'Same text', state: 'proven' }] });
  delete nowhere.range;
  expect(marksOf([gone, nowhere], plan)).toEqual([]);
});
