/** One row of the fault table: what goes wrong, when, and what may come of it. */
import type { Fault, Matching, What } from './fault.js';
import { MOVED } from '../slots.js';
import type { Toxic } from './toxiproxy.js';

/**
 * `start`: the operator is started into the fault. Else it is at rest when the fault begins:
 * `list`, `watch`: it has to list or watch anew, and a port is reverted meanwhile; `rest`: it has to list anew, and nothing is;
 * `patch`, `event`, `lease`, `work`: a port is reverted; `pin`: a pinned key is taken out; `status`: the assignment is edited.
 */
export type RowMoment = 'start' | 'rest' | 'list' | 'watch' | 'patch' | 'pin' | 'status' | 'event' | 'lease' | 'work';

/** Those at which requests are struck, and not connections. */
export type StruckMoment = Exclude<RowMoment, 'work'>;

export type Count = number | { readonly atMost: number };

/** Of the operator, from the beginning of the fault to its rest; what was rejected is not counted. */
export interface Writes {
  /** Of workloads. */
  readonly patches: Count;
  /** Of the settings ConfigMap. */
  readonly pins: Count;
  readonly status: Count;
}

/** What stands in the way: of requests, or of bytes. */
export type Obstacle =
  { readonly faults: readonly Fault[] } | { readonly network: Toxic | 'rejected'; readonly forMs: number };

export interface Row {
  readonly fault: string;
  readonly moment: RowMoment;
  readonly obstacle: Obstacle;
  /** What the operator does about it. */
  readonly expected: string;
  /** From the beginning of the fault to the right state, in seconds. */
  readonly boundS: number;
  readonly writes: Writes;
  /** How many reverts the process has counted that runs at the end. */
  readonly reverts: Count;
  /** How often the process ends by itself, and is started again. */
  readonly restarts: Count;
  /** Stored of those of the start and of the repair, where events are what is struck. */
  readonly events?: Count;
}

/** Which requests a fault at this moment is of. One object of each kind is enough: each has a watch of its own. */
const STRUCK: Readonly<Record<StruckMoment, Matching>> = {
  start: {},
  rest: { moment: 'list', resource: 'daemonsets' },
  list: { moment: 'list', resource: 'daemonsets' },
  watch: { moment: 'watch', resource: 'daemonsets' },
  patch: { moment: 'patch' },
  pin: { moment: 'pin' },
  status: { moment: 'status' },
  event: { moment: 'event' },
  lease: { moment: 'lease' },
};

export function striking(moment: StruckMoment, what: What, times: number): Obstacle {
  return { faults: [{ matching: STRUCK[moment], what, times }] };
}

/** A repair at the first try changes no status. */
const REPAIR: Writes = { patches: 1, pins: 0, status: { atMost: 1 } };

/** What the same costs without a fault. */
const USUAL: Readonly<Record<RowMoment, Writes>> = {
  start: { patches: MOVED.length, pins: 1, status: 1 },
  rest: { patches: 0, pins: 0, status: 0 },
  list: REPAIR,
  watch: REPAIR,
  patch: REPAIR,
  pin: { patches: 0, pins: 1, status: 0 },
  status: { patches: 0, pins: 0, status: 1 },
  event: REPAIR,
  lease: REPAIR,
  work: REPAIR,
};

const REVERTS_NOTHING: readonly RowMoment[] = ['start', 'rest', 'status'];
/** A repair whose answer is lost is done and not counted. */
const ONE_REVERT: Count = { atMost: 1 };

/**
 * Of the start two of each patch, the conflict, its end and the pin; two of the repair; and one more where the answer to one
 * of the start was lost, as its next occurrence is then another event.
 */
const OF_START_AND_REPAIR: Count = { atMost: 2 * MOVED.length + 6 };

export type RowOptions = Pick<Row, 'obstacle' | 'expected' | 'boundS'> & {
  readonly writes?: Partial<Writes>;
  readonly restarts?: Count;
  readonly reverts?: Count;
};

/** A row with what the fault does not change as it is without one. */
export function row(fault: string, moment: RowMoment, options: RowOptions): Row {
  const reverts = REVERTS_NOTHING.includes(moment) ? 0 : ONE_REVERT;
  const writes = { ...USUAL[moment], ...options.writes };
  const events = moment === 'event' ? { events: OF_START_AND_REPAIR } : {};
  return { fault, moment, restarts: 0, reverts, ...events, ...options, writes };
}

/** A write that failed is told in the status, and that all is well again. */
export const TOLD: Partial<Writes> = { status: { atMost: 2 } };

export function isWithin(count: Count, measured: number): boolean {
  return typeof count === 'number' ? measured === count : measured <= count.atMost;
}
