/**
 * Bounds every write of the process. It remembers, per target, the goal and the process's own recent writes to it:
 *
 * | reason | begins with | a write is held | ends |
 * |---|---|---|---|
 * | WaitingForRook | a change of Rook's settings, while Rook is alive | for 3 s | when nothing differs |
 * | Rejected | a write that the API server rejects, or a policy changes | for 30 s | when the goal or the input changes |
 * | Contested | five stored writes to the same goal within ten minutes | for 30 s, doubling to five minutes | after ten quiet minutes |
 *
 * A new goal starts anew. Nothing is stored: a restart forgets the table, which costs a few quick repairs at most.
 */
import type { Contest, Reverted } from '../domain/report/write-result.js';
import { rfc3339Seconds } from '../domain/report/time.js';
import type { PortAssignment } from '../domain/rules/api.js';

/** Rook takes 0.15 to 0.4 s for a pass (1.17.9 and 1.19.10, as run), and up to 1.6 s while it is retrying. */
const ROOK_MS = 3_000;
const REJECTED_MS = 30_000;
const QUIET_MS = 600_000;
const FIRST_BACKOFF_MS = 30_000;
const MAX_BACKOFF_MS = 300_000;

/** A workload, or one key of Rook's settings, by its name. */
export interface WriteTarget {
  readonly namespace: string;
  readonly name: string;
  /** What the write is to come to, in words that differ for different goals. The object's uid is no part of it: see `wrote`. */
  readonly goal: string;
}

/** A new edit of the spec is a new goal, also if it asks for the same port: the admin's word is carried out at once. */
export function targetOf(
  { namespace, uid, generation }: PortAssignment,
  name: string,
  port: number | string,
): WriteTarget {
  return { namespace, name, goal: `${port} ${uid} ${generation}` };
}

export interface Hold {
  readonly reason: 'WaitingForRook' | 'Rejected' | 'Contested';
  readonly cause?: string;
  /** Above 0. */
  readonly requeueAfterMs: number;
}

export interface ContestState extends Contest {
  /** After how many milliseconds it ends if nothing is written any more. */
  readonly quietAfterMs: number;
}

interface Rejection {
  readonly cause: string;
  /** What the write is made onto; absent if only another goal is worth a try. */
  readonly input?: string;
  readonly until: number;
}

interface Row {
  readonly goal: string;
  /** Whether the object was seen at its goal: what differs later was changed by somebody else. */
  reached: boolean;
  /** Who did that last. */
  manager?: string | undefined;
  /** Times of the latest stored writes, by the monotonic clock. */
  writes: number[];
  lastWriteTime: string;
  /** 0: not contested. */
  backoffMs: number;
  rejection?: Rejection | undefined;
}

interface RookFacts {
  readonly isAlive: boolean;
  /** Whether the operator itself has just changed the settings: that begins the hold anew. */
  readonly isOwnChange?: boolean;
}

export interface WriteBackoffOptions {
  /** Stored writes of one target to one goal within ten minutes, after which it is contested; 0: never. */
  readonly contestedAfter: number;
  readonly now: () => Date;
  readonly monotonicMs: () => number;
}

export class WriteBackoff {
  readonly #options: WriteBackoffOptions;
  /** By namespace and name. */
  readonly #rows = new Map<string, Map<string, Row>>();
  /** By namespace: the fingerprint of Rook's settings as last seen, and until when Rook is waited for. */
  readonly #rook = new Map<string, { readonly fingerprint: string | undefined; readonly until: number }>();

  constructor(options: WriteBackoffOptions) {
    this.#options = options;
  }

  /** The target is at its goal. */
  reached(target: WriteTarget): void {
    const row = this.#row(target);
    row.reached = true;
    row.rejection = undefined;
  }

  /** What is made again under the same name was never at the goal. The writes that were made count on. */
  absent(target: WriteTarget): void {
    this.#row(target).reached = false;
  }

  /**
   * The target is not at its goal.
   *
   * @param manager who owns what differs
   * @returns undefined if it never was at this goal, as far as this process knows
   */
  differs(target: WriteTarget, manager: string | undefined): Reverted | undefined {
    const row = this.#row(target);
    if (!row.reached) return undefined;
    row.manager = manager ?? row.manager;
    return row.manager === undefined ? {} : { manager: row.manager };
  }

  /** Why a write onto this input is held back; undefined: it may be sent. */
  hold(target: WriteTarget, input: string): Hold | undefined {
    const row = this.#row(target);
    const now = this.#options.monotonicMs();
    const { rejection } = row;
    if (rejection !== undefined && rejection.until > now && (rejection.input ?? input) === input) {
      return { reason: 'Rejected', cause: rejection.cause, requeueAfterMs: rejection.until - now };
    }
    const until = (row.writes.at(-1) ?? 0) + row.backoffMs;
    return row.backoffMs > 0 && until > now ? { reason: 'Contested', requeueAfterMs: until - now } : undefined;
  }

  /**
   * A write was stored. It counts whatever becomes of the object: one that a policy changes, or that is deleted and made
   * again, is written to the same goal the next time.
   */
  wrote(target: WriteTarget): void {
    const { contestedAfter, monotonicMs, now } = this.#options;
    const row = this.#row(target);
    const at = monotonicMs();
    this.#endIfQuiet(row, at);
    row.writes = [...row.writes, at].slice(-Math.max(contestedAfter, 1));
    row.lastWriteTime = rfc3339Seconds(now());
    const [first = at] = row.writes;
    if (row.backoffMs > 0) row.backoffMs = Math.min(2 * row.backoffMs, MAX_BACKOFF_MS);
    else if (row.writes.length === contestedAfter && at - first <= QUIET_MS) row.backoffMs = FIRST_BACKOFF_MS;
  }

  /** @param input what the write was made onto; undefined: whatever it was, only another goal is tried at once */
  rejected(target: WriteTarget, cause: string, input: string | undefined): Hold {
    const rejection = { cause, until: this.#options.monotonicMs() + REJECTED_MS };
    this.#row(target).rejection = input === undefined ? rejection : { ...rejection, input };
    return { reason: 'Rejected', cause, requeueAfterMs: REJECTED_MS };
  }

  /** Undefined if the target is not contested. */
  contest(target: WriteTarget): ContestState | undefined {
    const row = this.#row(target);
    const now = this.#options.monotonicMs();
    this.#endIfQuiet(row, now);
    if (row.backoffMs === 0) return undefined;
    return {
      ...(row.manager === undefined ? {} : { manager: row.manager }),
      lastWriteTime: row.lastWriteTime,
      backoffSeconds: row.backoffMs / 1000,
      quietAfterMs: (row.writes.at(-1) ?? 0) + QUIET_MS - now,
    };
  }

  /**
   * Takes note of Rook's settings. A change of them begins a hold while Rook is alive. A change by others during a hold does
   * not prolong it, so that frequent changes cannot hold up the patches. The first settings seen are no change.
   */
  sawSettings(namespace: string, fingerprint: string | undefined, rook: RookFacts): void {
    const { fingerprint: before, until = 0 } = this.#rook.get(namespace) ?? {};
    const isChange = before !== undefined && before !== fingerprint;
    const begins = rook.isOwnChange === true || (isChange && this.rookHold(namespace) === undefined);
    const heldUntil = begins ? this.#options.monotonicMs() + ROOK_MS : until;
    this.#rook.set(namespace, { fingerprint, until: rook.isAlive ? heldUntil : 0 });
  }

  /** Nothing differs: Rook is waited for no longer. */
  endRookHold(namespace: string): void {
    this.#rook.set(namespace, { fingerprint: this.#rook.get(namespace)?.fingerprint, until: 0 });
  }

  /** Why the namespace's workloads are left to Rook for now; undefined: they are not. */
  rookHold(namespace: string): Hold | undefined {
    const requeueAfterMs = (this.#rook.get(namespace)?.until ?? 0) - this.#options.monotonicMs();
    return requeueAfterMs > 0 ? { reason: 'WaitingForRook', requeueAfterMs } : undefined;
  }

  forget(namespace: string): void {
    this.#rows.delete(namespace);
    this.#rook.delete(namespace);
  }

  #endIfQuiet(row: Row, now: number): void {
    const last = row.writes.at(-1);
    if (last === undefined || now - last < QUIET_MS) return;
    row.writes = [];
    row.backoffMs = 0;
  }

  #row({ namespace, name, goal }: WriteTarget): Row {
    const rows = this.#rows.get(namespace) ?? new Map<string, Row>();
    this.#rows.set(namespace, rows);
    const known = rows.get(name);
    if (known?.goal === goal) return known;
    const row: Row = { goal, reached: false, writes: [], lastWriteTime: '', backoffMs: 0 };
    rows.set(name, row);
    return row;
  }
}
