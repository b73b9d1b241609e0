import { expect, test } from 'vitest';
import { asksForWords, dialogOf } from '../../src/question_text';

const trust =
  'This repository and its plan want to run 2 commands on your machine: sh a.sh · sh b.sh: c. Allow that, now and from now on?';

test('a question on what the user has just asked for stands in the way, its list line by line', () => {
  expect(dialogOf(trust, ['Allow', 'Show', 'Cancel'], false)).toEqual({
    modal: true,
    message: 'This repository and its plan want to run 2 commands on your machine.',
    detail: 'sh a.sh\nsh b.sh: c\n\nAllow that, now and from now on?',
    buttons: ['Allow', 'Show'],
  });
});

test('asked again after a look, it leaves the view free', () => {
  expect(dialogOf(trust, ['Allow', 'Show', 'Cancel'], true)).toEqual({ modal: false, message: trust, buttons: ['Allow', 'Show'] });
});

test('a question of a loop waits at the side', () => {
  const question = 'PLAN.md#T1 asks for your approval: all checks passed';
  expect(dialogOf(question, ['Approve', 'Reject'], false)).toEqual({ modal: false, message: question, buttons: ['Approve', 'Reject'] });
});

test('a question in another form is put as it is', () => {
  expect(dialogOf('Which repository?', ['a', 'Cancel'], false)).toEqual({ modal: true, message: 'Which repository?', buttons: ['a'] });
});

test('an answer in words is for the task that asks', () => {
  const keys = ['PLAN.md#T1', 'PLAN.md#T10'];
  expect(asksForWords('PLAN.md#T10 asks: Which?', 'Write an answer', keys)).toBe('PLAN.md#T10');
  expect(asksForWords('PLAN.md#T10 asks: Which?', undefined, keys)).toBeUndefined();
  expect(asksForWords('PLAN.md#T1 asks for your approval: x', 'Approve', keys)).toBeUndefined();
});
