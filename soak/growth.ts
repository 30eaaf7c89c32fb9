/** Whether a process keeps more and more: memory, handles, sockets. */
import { summarise } from '../test/support/measure/statistics.js';
import { driftOf, grows, type Drift, type Point, type Tolerance } from './drift.js';
import { rounded, type Finding } from './finding.js';
import { SAMPLE_EVERY_SECONDS, type Life, type Sample } from './journal.js';

/** Caches fill, what is compiled once is compiled, and in each namespace all is watched that will be. */
export const WARM_UP_SECONDS = 90;
/** Less than a minute of them tells nothing. */
const FEWEST_SAMPLES = 12;
/**
 * The heap after a collection moves by some 100 KiB with what is in hand, with namespaces that come and with what a fault has
 * left in buffers. In half an hour a leak of 2 MiB an hour is found, in a day one of little more than 1 MiB an hour.
 */
export const HEAP: Tolerance = { perHour: 1, growth: 0.5 };
/** A namespace more, or a contested object, is a handle or two. What leaks does so with each fault or each revert. */
const COUNT: Tolerance = { perHour: 5, growth: 5 };
/** Bursts open up to ten connections more, which are closed when they have been idle for a minute: the fewest of a while count. */
const LULL_SECONDS = 20;

type Measured = 'heapMiB' | 'handles' | 'descriptors' | 'sockets';

interface Growing {
  readonly title: string;
  readonly measured: Measured;
  readonly unit: string;
  readonly tolerance: Tolerance;
  /** Whether it is judged by what is left in a lull. */
  readonly inLulls: boolean;
}

const GROWING: readonly Growing[] = [
  { title: 'Heap after collection', measured: 'heapMiB', unit: ' MiB', tolerance: HEAP, inLulls: false },
  { title: 'Handles', measured: 'handles', unit: '', tolerance: COUNT, inLulls: true },
  { title: 'File descriptors', measured: 'descriptors', unit: '', tolerance: COUNT, inLulls: true },
  { title: 'Sockets', measured: 'sockets', unit: '', tolerance: COUNT, inLulls: true },
];

/** In each process that lived long enough; there has to be one. */
export function growthFindings(samples: readonly Sample[], lives: readonly Life[]): Finding[] {
  return GROWING.map((growing) => doesNotGrow(samples, lives, growing));
}

function doesNotGrow(samples: readonly Sample[], lives: readonly Life[], growing: Growing): Finding {
  const { title, measured, unit, tolerance, inLulls } = growing;
  const judged = lives.flatMap((life) => {
    const points = pointsOf(samples, life, measured);
    if (points.length < FEWEST_SAMPLES) return [];
    return [{ life, points, drift: driftOf(inLulls ? lulls(points) : points) }];
  });
  const bad = judged.filter(({ drift }) => grows(drift, tolerance));
  const longest = judged.toSorted((a, b) => a.points.length - b.points.length).at(-1);
  return {
    check: title,
    result:
      longest === undefined
        ? `no process lived for ${WARM_UP_SECONDS + FEWEST_SAMPLES * SAMPLE_EVERY_SECONDS} s`
        : describeLife(longest, unit),
    ok: longest !== undefined && bad.length === 0,
    details: bad.map(({ life, drift }) => `process ${life.number} grew: ${describeDrift(drift, unit)}`),
  };
}

function describeLife({ points, drift }: { points: readonly Point[]; drift: Drift }, unit: string): string {
  const { median } = summarise(points.map(([, value]) => value));
  const minutes = ((points.at(-1)![0] - points[0]![0]) / 60).toFixed(0);
  return `${rounded(median)}${unit}, over ${minutes} min ${describeDrift(drift, unit)}`;
}

function describeDrift({ growth, perHour, atLeastPerHour }: Drift, unit: string): string {
  const sign = growth < 0 ? '' : '+';
  return `${sign}${rounded(growth)}${unit} (${rounded(perHour)} an hour, surely above ${rounded(atLeastPerHour)})`;
}

function pointsOf(samples: readonly Sample[], { number, from }: Life, measured: Measured): Point[] {
  const ofLife = samples.filter(({ life, at }) => life === number && at >= from + WARM_UP_SECONDS);
  return ofLife.map((sample) => [sample.at, sample[measured]]);
}

/** The lowest of each while, with the time when it was. */
export function lulls(points: readonly Point[]): Point[] {
  const whiles = Map.groupBy(points, ([seconds]) => Math.floor((seconds - points[0]![0]) / LULL_SECONDS));
  return [...whiles.values()].map((some) => some.reduce((low, point) => (point[1] < low[1] ? point : low)));
}
