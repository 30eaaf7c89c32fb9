import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growthExponent, percentile, summarise } from '../../support/measure/statistics.js';

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

describe('growthExponent', () => {
  it.each([
    [0, 'does not grow'],
    [0.5, 'grows as the square root'],
    [1, 'is proportional'],
    [2, 'grows as the square'],
  ])('is %d of a cost that %s', (exponent) => {
    const points = [1, 50, 500].map((size) => [size, 3 * size ** exponent] as const);
    expect(growthExponent(points)).toBeCloseTo(exponent, 10);
  });

  it('is that of the best line where no line fits', () => {
    // The logarithms to the base of ten are (0, 0), (1, 1), (2, 1): the slope is 1/2.
    expect(growthExponent([[1, 1], [10, 10], [100, 10]])).toBeCloseTo(0.5, 10); // prettier-ignore
  });

  it('is not there for less than two sizes', () => {
    expect(growthExponent([])).toBeUndefined();
    expect(growthExponent([[50, 7]])).toBeUndefined();
  });

  it('leaves out costs of nothing, which have no logarithm', () =>
    expect(growthExponent([[1, 0], [10, 5], [100, 50]])).toBeCloseTo(1, 10)); // prettier-ignore
});
