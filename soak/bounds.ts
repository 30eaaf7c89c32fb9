/** In what time a port that was reverted has to be right again, whatever goes on meanwhile. */

/** Each with the figures of the operator (and of its kubelet) that it is the sum of. */
export const SITUATIONS = {
  'API server away': {
    recoverySeconds: 40,
    because:
      'informers try again within 10 s, reconciles within 30 s; a lease lost meanwhile is free 15 s + 2.2 s later',
  },
  'no process, lease given back': {
    recoverySeconds: 10,
    because: 'a start and its lists, up to 7 s on a busy machine, and the next try for the lease within 2.2 s',
  },
  'no process, lease held': {
    recoverySeconds: 25,
    because: 'a start, up to 7 s, then 15 s until the lease of the process before is free, seen within 2.2 s',
  },
  'watches broken': {
    recoverySeconds: 15,
    because: 'informers try again within 10 s, and list',
  },
  'watches silent': {
    recoverySeconds: 105,
    because: 'a watch is given up when it was silent for 90 s; then as where it is broken',
  },
  'requests failing': {
    recoverySeconds: 35,
    because: 'a reconcile that has failed comes again within 30 s, an informer within 10 s',
  },
  'process frozen': {
    recoverySeconds: 10,
    because: 'timers that are due fire at once; connections that were cut meanwhile are made anew within 10 s',
  },
} as const satisfies Readonly<Record<string, { readonly recoverySeconds: number; readonly because: string }>>;

export type Situation = keyof typeof SITUATIONS;

/** Nothing is the matter: it takes some 10 ms, and what a machine that is busy otherwise adds. */
export const CALM_SECONDS = 5;
/** After a change of Rook's settings, by whomever, a Rook that runs is given its pass: docs/maintainer/architecture.md. */
export const ROOK_TIME_SECONDS = 3;
/** docs/admin/troubleshoot.md#contested. */
const CONTESTED_AFTER = 5;
const FIRST_BACKOFF_SECONDS = 30;
const MAX_BACKOFF_SECONDS = 300;

/**
 * The first assignment was a write, and each repair is one: the fifth repair would be the sixth write to one goal. Less where
 * the process has started since, as it knows of its own writes alone.
 *
 * @param revert the how manyth within ten minutes, without ten quiet minutes in between
 */
export function contestedSeconds(revert: number): number {
  if (revert < CONTESTED_AFTER) return 0;
  return Math.min(FIRST_BACKOFF_SECONDS * 2 ** (revert - CONTESTED_AFTER), MAX_BACKOFF_SECONDS);
}

/** How often a process that lives for so long writes an object to one goal at most, however often it is reverted. */
export function mostWrites(seconds: number): number {
  let writes = CONTESTED_AFTER;
  for (let at = FIRST_BACKOFF_SECONDS, backoff = FIRST_BACKOFF_SECONDS; at <= seconds; at += backoff) {
    writes += 1;
    backoff = Math.min(2 * backoff, MAX_BACKOFF_SECONDS);
  }
  return writes;
}

/** All times in milliseconds of one clock. */
export interface Disturbance {
  readonly situation: Situation;
  /** What was done, in words. */
  readonly what: string;
  readonly begun: number;
  /** Undefined while it lasts. */
  readonly ended?: number | undefined;
}

export interface Bound {
  /** Infinity while a disturbance that counts has not ended. */
  readonly deadline: number;
  readonly during: readonly Disturbance[];
}

/** When the recovery from it is over; Infinity while it lasts. */
function recoveredAt({ situation, ended }: Disturbance): number {
  return (ended ?? Infinity) + SITUATIONS[situation].recoverySeconds * 1000;
}

/** When the recoveries from all are over; Infinity while one of them lasts. */
export function calmFrom(disturbances: readonly Disturbance[]): number {
  return Math.max(-Infinity, ...disturbances.map(recoveredAt));
}

/**
 * @param seconds what is allowed where nothing is the matter
 * @returns the deadline of what began then: that time after the last disturbance which it met, or whose recovery it met,
 *   is over; a disturbance that begins before the deadline is met, too
 */
export function boundOf(begun: number, seconds: number, disturbances: readonly Disturbance[]): Bound {
  const during: Disturbance[] = [];
  let deadline = begun + seconds * 1000;
  for (const disturbance of disturbances.toSorted((a, b) => a.begun - b.begun)) {
    const over = recoveredAt(disturbance);
    if (disturbance.begun > deadline || over < begun) continue;
    during.push(disturbance);
    deadline = Math.max(deadline, over + seconds * 1000);
  }
  return { deadline, during };
}
