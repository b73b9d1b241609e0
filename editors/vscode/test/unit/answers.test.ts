import { expect, test } from 'vitest';
import { Answers } from '../../src/answers';

test('a thing is asked about once in each of its states', async () => {
  const answers = new Answers<number>();
  let asked = 0;
  const ask = () => Promise.resolve(++asked);
  const both = [answers.get('T1', 'running 1', ask), answers.get('T1', 'running 1', ask)];
  expect(await Promise.all(both)).toEqual([1, 1]);
  expect(await answers.get('T2', 'running 1', ask)).toBe(2);
  expect(await answers.get('T1', 'running 2', ask)).toBe(3);
});

test('what failed is asked again', async () => {
  const answers = new Answers<number>();
  await expect(answers.get('T1', 'done', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(await answers.get('T1', 'done', () => Promise.resolve(1))).toBe(1);
});
