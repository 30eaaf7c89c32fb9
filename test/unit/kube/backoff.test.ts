import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from '../../../src/kube/backoff.js';

const most = { baseMs: 100, maxMs: 1_000, random: () => 1 };

test('the wait doubles with each failure up to its maximum', () => {
  expect([1, 2, 3, 4, 5, 6].map((failures) => backoffMs(failures, most))).toEqual([100, 200, 400, 800, 1000, 1000]);
});

test('jitter takes up to half of it', () => {
  expect(backoffMs(2, { ...most, random: () => 0 })).toBe(100);
  expect(backoffMs(2, { ...most, random: () => 0.5 })).toBe(150);
});

test('it lies between half and all of the ceiling for any number of failures', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 1e4 }), (failures, baseMs) => {
      const ceiling = Math.min(30_000, baseMs * 2 ** (failures - 1));
      const wait = backoffMs(failures, { baseMs, maxMs: 30_000 });
      expect(wait).toBeGreaterThanOrEqual(ceiling / 2);
      expect(wait).toBeLessThanOrEqual(ceiling);
    }),
  );
});
