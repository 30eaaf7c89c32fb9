/**
 * Contested objects: somebody reverts the operator's writes again and again. Writing at once each time would only restart
 * the pods each time, so an object that was reverted five times in ten minutes is written again after 30 s, and after each
 * further revert after twice as long, up to five minutes; ten minutes without an revert end it.
 *
 * Judged per object: one pass of Rook reverts up to three workloads at once, and a quarrel over one of them must not
 * leave the others unrepaired. All that is needed is in the status, so a restart of the operator starts nothing anew.
 */
import type { RevertedObject } from './api.js';
import type { Revert } from './reverts.js';

const QUIET_MS = 600_000;
const FIRST_BACKOFF_S = 30;
const MAX_BACKOFF_S = 300;
const CLOCK_TOLERANCE_MS = 60_000;

export interface ContestRules {
  /** How many reverts of one object within ten minutes make it contested; 0: none ever do. */
  readonly contestedAfter: number;
}

export const DEFAULT_CONTESTED_AFTER = 5;

/** The reverted objects after these reverts. Without any it is what was stored, less what has been quiet long enough to end. */
export function recordReverts(
  stored: readonly RevertedObject[],
  reverted: readonly Revert[],
  now: string,
  { contestedAfter }: ContestRules,
): RevertedObject[] {
  // The status is anybody's to write who has the right: what the operator would not have written is dropped.
  const nowMs = Date.parse(now);
  const recent = stored.filter((object) => isSound(object, nowMs)).map((object) => withRules(object, contestedAfter));
  const kept = recent.filter(({ kind, name }) => !reverted.some((one) => one.kind === kind && one.name === name));
  const added = reverted.map((one) => {
    const before = recent.find(({ kind, name }) => kind === one.kind && name === one.name);
    return recordRevert(before, one, now, contestedAfter);
  });
  // An object that is not contested is left as it is: forgetting it later would be a write that nobody needs.
  return [...kept.filter((object) => !isContested(object) || !isQuiet(object, nowMs)), ...added].sort(byName);
}

function recordRevert(
  before: RevertedObject | undefined,
  { kind, name, keys, manager }: Revert,
  now: string,
  contestedAfter: number,
): RevertedObject {
  const times = [...(before?.times ?? []), now].slice(-Math.max(contestedAfter, 1));
  const backoffSeconds = nextBackoff(before, times, contestedAfter);
  return {
    kind,
    name,
    ...(keys === undefined ? {} : { keys: [...new Set([...(before?.keys ?? []), ...keys])].sort() }),
    ...(manager === undefined ? {} : { manager }),
    times,
    ...(backoffSeconds === undefined ? {} : { backoffSeconds }),
  };
}

function nextBackoff(
  before: RevertedObject | undefined,
  times: readonly string[],
  contestedAfter: number,
): number | undefined {
  const [first, last] = [times[0], times.at(-1)].map((time) => Date.parse(time ?? ''));
  if (contestedAfter === 0 || first === undefined || last === undefined) return undefined;
  if (before?.backoffSeconds !== undefined && !isQuiet(before, last)) {
    return Math.min(before.backoffSeconds * 2, MAX_BACKOFF_S);
  }
  return times.length >= contestedAfter && last - first <= QUIET_MS ? FIRST_BACKOFF_S : undefined;
}

export function isContested({ backoffSeconds }: RevertedObject): boolean {
  return backoffSeconds !== undefined;
}

/** When a contested object is written again, in milliseconds of the epoch; long past where it was written since. */
export function retryTime({ times, backoffSeconds = 0 }: RevertedObject): number {
  return lastTime(times) + backoffSeconds * 1000;
}

/** How long a contested object is still to be left alone, in milliseconds; 0: write it. */
export function heldForMs(object: RevertedObject, nowMs: number): number {
  const { backoffSeconds } = object;
  if (backoffSeconds === undefined) return 0;
  return Math.max(retryTime(object) - nowMs, 0);
}

/** When to look at the contested objects again though nothing changes, in milliseconds; undefined: there are none. */
export function contestedRequeueAfterMs(recent: readonly RevertedObject[], nowMs: number): number | undefined {
  const waits = recent.filter(isContested).map((object) => {
    return heldForMs(object, nowMs) || Math.max(lastTime(object.times) + QUIET_MS - nowMs, 0);
  });
  return waits.length === 0 ? undefined : Math.min(...waits);
}

function isQuiet({ times }: RevertedObject, nowMs: number): boolean {
  return nowMs - lastTime(times) >= QUIET_MS;
}

/** A time well ahead of the clock was written by another clock, and could be waited for without end. */
function isSound({ times, backoffSeconds = 0 }: RevertedObject, nowMs: number): boolean {
  return lastTime(times) <= nowMs + CLOCK_TOLERANCE_MS && backoffSeconds <= MAX_BACKOFF_S;
}

/** An operator that is told never to back off ends the waits of an earlier one. */
function withRules({ backoffSeconds, ...object }: RevertedObject, contestedAfter: number): RevertedObject {
  return backoffSeconds === undefined || contestedAfter === 0 ? object : { ...object, backoffSeconds };
}

function lastTime(times: readonly string[]): number {
  return Date.parse(times.at(-1) ?? '');
}

function byName(a: RevertedObject, b: RevertedObject): number {
  return `${a.kind}/${a.name}`.localeCompare(`${b.kind}/${b.name}`);
}
