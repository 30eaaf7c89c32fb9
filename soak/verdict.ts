/** What is made of a run: one row for each thing that had to hold. */
import { percentile, summarise } from '../test/support/measure/statistics.js';
import { driftOf, grows, type Drift, type Point, type Tolerance } from './drift.js';
import type { Life, Repair, Sample } from './journal.js';
import type { LogFinding } from './log-findings.js';

export interface Finding {
  readonly check: string;
  readonly result: string;
  readonly ok: boolean;
  /** What is wrong, one line each. */
  readonly details: readonly string[];
}

export interface Evidence {
  readonly samples: readonly Sample[];
  readonly repairs: readonly Repair[];
  readonly lives: readonly Life[];
  readonly log: readonly LogFinding[];
  readonly trespasses: readonly string[];
  /** Of the end: what is not as its owner left it, and where the status tells another story. */
  readonly changes: readonly string[];
  readonly statusDifferences: readonly string[];
}

/** Caches fill, and what is compiled once is compiled. */
const WARM_UP_SECONDS = 60;
/** At one in five seconds: less than that tells nothing. */
const FEWEST_SAMPLES = 20;
/** config/manager/deployment.yaml. */
const MEMORY_LIMIT_MIB = 192;
/** docs/metrics.md: above it the operator is blind. */
const EVENT_AGE_LIMIT_SECONDS = 120;

/**
 * The heap after a collection moves by some 100 KiB with what is in hand, with namespaces that come and with what a fault has
 * left in buffers. In half an hour a leak of 1.5 MiB an hour is found, in a day one that is 50 times smaller.
 */
const HEAP: Tolerance = { perHour: 1, growth: 0.5 };
/** A namespace more, or a contested object, is a handle or two. What leaks does so with each fault or each undoing. */
const COUNT: Tolerance = { perHour: 5, growth: 5 };
/** Bursts open up to ten connections more, which are closed when they have been idle for a minute: the fewest of a while count. */
const LULL_SECONDS = 30;

type Measured = 'heapMiB' | 'handles' | 'descriptors' | 'sockets';

export function verdict(evidence: Evidence): Finding[] {
  const { samples, lives } = evidence;
  return [
    repairsInTime(evidence.repairs),
    ...GROWING.map((growing) => doesNotGrow(samples, lives, growing)),
    staysBelow(samples, 'residentMiB', 'Resident memory', { limit: MEMORY_LIMIT_MIB, unit: 'MiB' }),
    staysBelow(samples, 'eventAgeSeconds', 'Age of the last event', { limit: EVENT_AGE_LIMIT_SECONDS, unit: 's' }),
    restarts(lives),
    none(
      'Log',
      'no unexpected error',
      evidence.log.map(({ life, line }) => `process ${life}: ${line}`),
    ),
    none('Writes', 'none but its own', evidence.trespasses),
    none('Objects of others', 'as their owners left them', evidence.changes),
    none('Status', 'agrees with the world', evidence.statusDifferences),
  ];
}

function repairsInTime(repairs: readonly Repair[]): Finding {
  const late = repairs.filter(({ seconds, boundSeconds }) => seconds === null || seconds > boundSeconds);
  const calm = repairs.flatMap(({ seconds, during }) => (during.length === 0 && seconds !== null ? [seconds] : []));
  const times = repairs.flatMap(({ seconds }) => seconds ?? []);
  const summary =
    times.length === 0 ? '' : `; median ${inWords(summarise(times).median)}, longest ${inWords(Math.max(...times))}`;
  const undisturbed = calm.length === 0 ? '' : `; undisturbed 99 % within ${inWords(percentile(calm, 99))}`;
  return {
    check: 'Repairs in their bounds',
    result: `${repairs.length - late.length} of ${repairs.length}${summary}${undisturbed}`,
    ok: repairs.length > 0 && late.length === 0,
    details: late.map(describeLate),
  };
}

function describeLate({ at, namespace, object, what, seconds, boundSeconds, during }: Repair): string {
  const took = seconds === null ? 'never right again' : `took ${inWords(seconds)}`;
  const meanwhile = during.length === 0 ? 'nothing else went on' : `during: ${during.join('; ')}`;
  return `at ${at.toFixed(1)} s, ${namespace}/${object}, ${what}: ${took}, bound ${inWords(boundSeconds)}; ${meanwhile}`;
}

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
        ? `no process lived for ${WARM_UP_SECONDS + FEWEST_SAMPLES * 5} s`
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

function staysBelow(
  samples: readonly Sample[],
  measured: 'residentMiB' | 'eventAgeSeconds',
  check: string,
  { limit, unit }: { limit: number; unit: string },
): Finding {
  const highest = Math.max(0, ...samples.map((sample) => sample[measured]));
  const result = `at most ${rounded(highest)} ${unit} of ${limit}`;
  return { check, result, ok: samples.length > 0 && highest <= limit, details: [] };
}

function restarts(lives: readonly Life[]): Finding {
  const ended = lives.filter(({ ending }) => ending !== 'the run was over');
  const unforeseen = ended.filter(({ ending = 'unforeseen' }) => isUnforeseen(ending));
  const kinds = [...new Set(ended.map(({ ending }) => ending))];
  const counted = kinds.map((kind) => `${ended.filter(({ ending }) => ending === kind).length} for: ${kind}`);
  return {
    check: 'Restarts',
    result: counted.length === 0 ? 'none' : counted.join(', '),
    ok: unforeseen.length === 0,
    details: unforeseen.map(({ number, to, ending }) => `process ${number} at ${to ?? NaN} s: ${ending}`),
  };
}

/** The harness freezes no process for as long as liveness takes to fail. */
function isUnforeseen(ending: string): boolean {
  return ending.startsWith('unforeseen') || ending === 'liveness failed';
}

function none(check: string, good: string, problems: readonly string[]): Finding {
  const result = problems.length === 0 ? good : `${problems.length} times not so`;
  return { check, result, ok: problems.length === 0, details: problems };
}

function inWords(seconds: number): string {
  return seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(1)} s`;
}

function rounded(value: number): string {
  return String(Number(value.toFixed(Math.abs(value) < 10 ? 2 : 0)));
}

/** A table, and what is wrong under it. */
export function verdictTable(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const rows = findings.map(({ check, result, ok }) => `${ok ? 'ok  ' : 'FAIL'}  ${check.padEnd(width)}  ${result}`);
  const details = findings.flatMap((finding) => finding.details.map((detail) => `  ${finding.check}: ${detail}`));
  return [...rows, ...(details.length === 0 ? [] : ['', ...details])].join('\n');
}
