import { expect, test } from 'vitest';
import { faultOfLimit } from '../../src/limit';

test('a new limit is a whole number above what is used, up to the hard limit', () => {
  expect(faultOfLimit('15', 3)).toBeUndefined();
  expect(faultOfLimit(' 50 ', 3)).toBeUndefined();
  expect(faultOfLimit('51', 3)).toContain('At most 50');
  expect(faultOfLimit('3', 3)).toBe('3 iterations are used already: write more than 3.');
  expect(faultOfLimit('1', 1)).toBe('1 iteration is used already: write more than 1.');
  for (const text of ['', 'ten', '1.5', '-4', '1e3']) expect(faultOfLimit(text, 0)).toBe('Write a whole number.');
});
