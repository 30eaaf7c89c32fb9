import { describe, expect, it } from 'vitest';
import { driftOf, grows, type Point } from '../../../soak/drift.js';
import { HEAP, WARM_UP_SECONDS } from '../../../soak/growth.js';
import { SAMPLE_EVERY_SECONDS } from '../../../soak/journal.js';
import { Random } from '../../../soak/random.js';
import { FAULTS, planFaults } from '../../../soak/schedule.js';

const EVERY_SECONDS = SAMPLE_EVERY_SECONDS;
const TOLERANCE = HEAP;
const HALF_AN_HOUR = 1800;

/** How long the last process of half an hour is judged, by its schedule. */
function judgedMinutes(seed: number): number {
  const ending = planFaults(new Random(seed), HALF_AN_HOUR).filter(({ kind }) => 'endsProcess' in FAULTS[kind]);
  return (HALF_AN_HOUR - ending.at(-1)!.toSeconds - MAX_WAIT_SECONDS - WARM_UP_SECONDS) / 60;
}
/** Before the last process starts: of four that have lost the lease. */
const MAX_WAIT_SECONDS = 40;

interface Course {
  readonly minutes: number;
  /** MiB an hour. */
  readonly leak?: number;
  /** MiB, up and down. */
  readonly noise?: number;
  readonly everySeconds?: number;
  readonly seed: number;
}

/** Samples of a heap of 9 MiB. */
function heap({ minutes, leak = 0, noise = 0, everySeconds = EVERY_SECONDS, seed }: Course): Point[] {
  const random = new Random(seed);
  return Array.from({ length: Math.floor((minutes * 60) / everySeconds) }, (_, index) => {
    const seconds = index * everySeconds;
    return [seconds, 9 + (leak * seconds) / 3600 + random.between(-noise, noise)];
  });
}

const SEEDS = Array.from({ length: 10 }, (_, seed) => seed);

describe('driftOf', () => {
  it('finds a slope without noise exactly', () => {
    const { perHour, growth } = driftOf(heap({ minutes: 10, leak: 6, seed: 1 }));
    expect(perHour).toBeCloseTo(6, 6);
    expect(growth).toBeCloseTo((6 * (600 - EVERY_SECONDS)) / 3600, 6);
  });

  it.each(SEEDS)('finds a leak of 3 MiB an hour in noise of 0.2 MiB within a tenth (seed %d)', (seed) => {
    const { perHour, atLeastPerHour } = driftOf(heap({ minutes: 25, leak: 3, noise: 0.2, seed }));
    expect(perHour).toBeGreaterThan(2.7);
    expect(perHour).toBeLessThan(3.3);
    expect(atLeastPerHour).toBeLessThan(perHour);
    expect(atLeastPerHour).toBeGreaterThan(2.4);
  });

  it('is not moved by some wild values', () => {
    const points = heap({ minutes: 10, leak: 6, seed: 1 }).map(([x, y], index): Point => [x, index % 5 === 0 ? 40 : y]);
    expect(driftOf(points).perHour).toBeGreaterThan(4);
    expect(driftOf(points).perHour).toBeLessThan(8);
  });

  it('says nothing of too few points, or of one time', () => {
    expect(() => driftOf([[0, 1], [5, 2]])).toThrow(RangeError); // prettier-ignore
    expect(() => driftOf([[5, 1], [5, 2], [5, 3]])).toThrow(RangeError); // prettier-ignore
  });
});

describe('grows', () => {
  it.each(SEEDS)('is true for 2 MiB an hour in the last process of half an hour (seed %d)', (seed) =>
    expect(grows(driftOf(heap({ minutes: judgedMinutes(seed), leak: 2, noise: 0.2, seed })), TOLERANCE)).toBe(true),
  );

  it.each(SEEDS)('is true for 1.2 MiB an hour over a day, and false for 0.9 (seed %d)', (seed) => {
    const day = (leak: number): Point[] => heap({ minutes: 24 * 60, leak, noise: 0.2, everySeconds: 300, seed });
    expect(grows(driftOf(day(1.2)), TOLERANCE)).toBe(true);
    expect(grows(driftOf(day(0.9)), TOLERANCE)).toBe(false);
  });

  it.each(SEEDS)('is true for 20 MiB an hour over 3 minutes (seed %d)', (seed) =>
    expect(grows(driftOf(heap({ minutes: 3, leak: 20, noise: 0.2, seed })), TOLERANCE)).toBe(true),
  );

  it.each(SEEDS)('is false for noise alone, over 3 minutes and over 25 (seed %d)', (seed) => {
    for (const minutes of [3, 25]) {
      expect(grows(driftOf(heap({ minutes, noise: 0.5, seed })), TOLERANCE)).toBe(false);
    }
  });

  it('takes both, the slope and the growth: less of the one is what an hour, or two minutes, bring by themselves', () => {
    expect(grows(driftOf(heap({ minutes: 60, leak: 0.9, seed: 1 })), TOLERANCE)).toBe(false);
    expect(grows(driftOf(heap({ minutes: 3, leak: 6, seed: 1 })), TOLERANCE)).toBe(false);
  });

  it('is false for one step, as a cache that fills, and for a slow wave', () => {
    const step = heap({ minutes: 25, seed: 1 }).map(([x, y]): Point => [x, x < 100 ? y : y + 2]);
    const wave = heap({ minutes: 25, seed: 1 }).map(([x, y]): Point => [x, y + 0.3 * Math.sin(x / 150)]);
    expect(grows(driftOf(step), TOLERANCE)).toBe(false);
    expect(grows(driftOf(wave), TOLERANCE)).toBe(false);
  });
});
