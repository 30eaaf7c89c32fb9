/** Whether something grows, told from samples that scatter. */
import { summarise } from '../test/support/measure/statistics.js';

/** Seconds, and a value. */
export type Point = readonly [seconds: number, value: number];

export interface Drift {
  /** Per hour: the median of the slopes of all pairs (Theil and Sen), which a third of wild values does not move. */
  readonly perHour: number;
  /** Below this it is with a probability of half a percent, were the samples independent. */
  readonly atLeastPerHour: number;
  /** From the first to the last sample, by that slope. */
  readonly growth: number;
}

export interface Tolerance {
  readonly perHour: number;
  readonly growth: number;
}

/** The 99.5th percentile of the normal distribution. */
const Z = 2.576;

/** @throws RangeError for less than three points of different times */
export function driftOf(points: readonly Point[]): Drift {
  const slopes = points.flatMap(([x, y], index) => {
    return points.slice(index + 1).flatMap(([x2, y2]) => (x2 === x ? [] : [(y2 - y) / (x2 - x)]));
  });
  if (slopes.length < 3) throw new RangeError('there are too few points to tell a drift');
  slopes.sort((a, b) => a - b);
  const n = points.length;
  // Of Kendall's statistic, by which Sen chose the bounds of the slope.
  const deviation = Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const rank = Math.max(0, Math.floor((slopes.length - Z * deviation) / 2));
  const { median: slope } = summarise(slopes);
  const span = Math.max(...points.map(([x]) => x)) - Math.min(...points.map(([x]) => x));
  return { perHour: slope * 3600, atLeastPerHour: slopes[rank]! * 3600, growth: slope * span };
}

/**
 * Both have to be too much. Samples follow each other and are not independent, so that a slope that is sure to be there may
 * be that of a wave; and over minutes a wave of no size at all has a steep slope. What grows without end passes both.
 */
export function grows({ atLeastPerHour, growth }: Drift, tolerance: Tolerance): boolean {
  return atLeastPerHour > tolerance.perHour && growth > tolerance.growth;
}
