import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentile, summarise } from '../../support/measure/statistics.js';

describe('summarise', () => {
  it('takes the middle value of an odd number', () =>
    expect(summarise([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 }));

  it('takes the mean of the two in the middle of an even number', () =>
    expect(summarise([10, 1, 2, 4])).toEqual({ median: 3, min: 1, max: 10 }));

  it('sorts numbers, not texts', () => expect(summarise([100, 9, 20]).median).toBe(20));

  it('rejects to make something of nothing', () => expect(() => summarise([])).toThrow(RangeError));
});

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it.each([
    [0, 1],
    [50, 50],
    [99, 99],
    [100, 100],
  ])('%d of 1 to 100 is %d', (percent, value) => expect(percentile(hundred, percent)).toBe(value));

  it('leaves ten of a thousand above the 99th', () => {
    const thousand = Array.from({ length: 1000 }, (_, index) => index);
    expect(thousand.filter((value) => value > percentile(thousand, 99))).toHaveLength(10);
  });

  it('is one of the values, which so many percent do not exceed', () =>
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.integer({ min: 0, max: 100 }), (values, percent) => {
        const found = percentile(values, percent);
        expect(values).toContain(found);
        expect(values.filter((value) => value <= found).length).toBeGreaterThanOrEqual((values.length * percent) / 100);
      }),
    ));
});
