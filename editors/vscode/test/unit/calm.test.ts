import { afterEach, expect, test, vi } from 'vitest';
import { Calm } from '../../src/calm';

afterEach(() => {
  vi.useRealTimers();
});

test('what is asked all the time is done at once, and then again after each rest', () => {
  vi.useFakeTimers();
  const done: number[] = [];
  const begun = Date.now();
  const calm = new Calm(() => done.push(Date.now() - begun), 500);
  for (let n = 0; n < 12; n++) {
    calm.ask();
    vi.advanceTimersByTime(100);
  }
  vi.advanceTimersByTime(5000);
  expect(done).toEqual([0, 500, 1000, 1500]);
  calm.ask();
  expect(done.length).toBe(5);
  calm.ask();
  calm.dispose();
  vi.advanceTimersByTime(5000);
  expect(done.length).toBe(5);
});
