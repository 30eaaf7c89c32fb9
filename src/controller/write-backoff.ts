/**
 * Bounds what the process stores in workloads and in Rook's settings. It remembers, per target and goal, its own recent writes:
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
/** Of one target, by the same spec. */
const MAX_GOALS = 8;

/** A workload, or one key of Rook's settings, by its name. */
export interface WriteTarget {
  readonly namespace: string;
  readonly name: string;
  /** Of the assignment, its uid and generation: an edit is carried out at once, also if it asks for the same port. */
  readonly spec: string;
  /** The port that it is to have. */
  readonly goal: string;
}

export function targetOf(
  { namespace, uid, generation }: PortAssignment,
  name: string,
  port: string | number,
): WriteTarget {
  return { namespace, name, spec: `${uid} ${generation}`, goal: String(port) };
}

export interface Hold {
  readonly reason: 'WaitingForRook' | 'Rejected' | 'Contested';
  readonly cause?: string;
  /** Of a rejection for want of a right. */
  readonly missingRight?: string;
  /** Above 0. */
  readonly requeueAfterMs: number;
}

export interface ContestState extends Contest {
  /** After how many milliseconds it ends if nothing is written any more. */
  readonly quietAfterMs: number;
}

export interface Rejection {
  readonly cause: string;
  /** What the write was made onto; absent if it was stored, and only another goal is worth a try. */
  readonly input?: string;
  readonly missingRight?: string;
}

interface Row {
  /** Uid of the object that was seen at its goal: if it differs later, somebody else has changed it. */
  reached?: string | undefined;
  /** Who did that last; undefined if managedFields do not tell. */
  manager?: string | undefined;
  /** Times of the latest stored writes, by the monotonic clock. */
  writes: number[];
  lastWriteTime: string;
  /** 0: not contested. */
  backoffMs: number;
  rejection?: (Rejection & { readonly until: number }) | undefined;
}

interface TargetRows {
  readonly spec: string;
  goal: string;
  /** By goal: two writers that want different ports are no way around the back-off. */
  readonly rows: Map<string, Row>;
}

interface RookWait {
  /** Of the settings as last seen. */
  readonly fingerprint: string | undefined;
  readonly begunAt: number;
  /** 0: Rook is not waited for. */
  readonly until: number;
  /** Whether the wait has ended in the reconcile in hand: its patches are due before another wait begins. */
  readonly hasEnded: boolean;
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
  readonly #targets = new Map<string, Map<string, TargetRows>>();
  readonly #rook = new Map<string, RookWait>();

  constructor(options: WriteBackoffOptions) {
    this.#options = options;
  }

  /** The target is at its goal. */
  reached(target: WriteTarget, uid: string): void {
    const row = this.#row(target);
    row.reached = uid;
    row.rejection = undefined;
  }

  /**
   * The target is not at its goal.
   *
   * @param manager who owns what differs
   * @returns undefined if this object never was at this goal, as far as this process knows
   */
  differs(target: WriteTarget, uid: string, manager: string | undefined): Reverted | undefined {
    const row = this.#row(target);
    if (row.reached !== uid) return undefined;
    row.manager = manager;
    return manager === undefined ? {} : { manager };
  }

  /** Why a write onto this input is held back; undefined: it may be sent. */
  hold(target: WriteTarget, input: string): Hold | undefined {
    const row = this.#row(target);
    const now = this.#options.monotonicMs();
    const { rejection } = row;
    if (rejection !== undefined && rejection.until > now && (rejection.input ?? input) === input) {
      return holdOf(rejection, now);
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

  rejected(target: WriteTarget, rejection: Rejection): Hold {
    const now = this.#options.monotonicMs();
    const row = this.#row(target);
    const backoff = rejection.input === undefined ? row.backoffMs : 0;
    row.rejection = { ...rejection, until: now + Math.max(REJECTED_MS, backoff) };
    return holdOf(row.rejection, now);
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

  /** A reconcile begins: if Rook's time has run out, what differs is written in it, before another wait may begin. */
  beginReconcile(namespace: string): void {
    const wait = this.#rook.get(namespace);
    if (wait === undefined) return;
    const hasEnded = wait.until > 0 && wait.until <= this.#options.monotonicMs();
    this.#rook.set(namespace, { ...wait, hasEnded, until: hasEnded ? 0 : wait.until });
  }

  /**
   * Takes note of Rook's settings. A change of them begins a wait while Rook is alive. A change by others during a wait does
   * not prolong it, an own one does for as long again at most, so that frequent changes cannot hold up the patches. The first
   * settings seen are no change.
   *
   * @param isOwnChange whether the operator itself has just changed them
   */
  sawSettings(namespace: string, fingerprint: string | undefined, isAlive: boolean, isOwnChange = false): void {
    const known = this.#rook.get(namespace);
    const now = this.#options.monotonicMs();
    const isChange = isOwnChange || (known !== undefined && known.fingerprint !== fingerprint);
    let { begunAt, until, hasEnded } = known ?? { begunAt: now, until: 0, hasEnded: false };
    if (until > now) until = isOwnChange ? Math.min(now + ROOK_MS, begunAt + 2 * ROOK_MS) : until;
    else if (isChange && !hasEnded) [begunAt, until] = [now, now + ROOK_MS];
    if (!isAlive) [until, hasEnded] = [0, false];
    this.#rook.set(namespace, { fingerprint, begunAt, until, hasEnded });
  }

  /** Nothing differs: Rook is waited for no longer. */
  endRookHold(namespace: string): void {
    const wait = this.#rook.get(namespace);
    if (wait !== undefined) this.#rook.set(namespace, { ...wait, until: 0 });
  }

  /** Why the namespace's workloads are left to Rook for now; undefined: they are not. */
  rookHold(namespace: string): Hold | undefined {
    const requeueAfterMs = (this.#rook.get(namespace)?.until ?? 0) - this.#options.monotonicMs();
    return requeueAfterMs > 0 ? { reason: 'WaitingForRook', requeueAfterMs } : undefined;
  }

  forget(namespace: string): void {
    this.#targets.delete(namespace);
    this.#rook.delete(namespace);
  }

  #endIfQuiet(row: Row, now: number): void {
    const last = row.writes.at(-1);
    if (last === undefined || now - last < QUIET_MS) return;
    row.writes = [];
    row.backoffMs = 0;
  }

  #row({ namespace, name, spec, goal }: WriteTarget): Row {
    const targets = this.#targets.get(namespace) ?? new Map<string, TargetRows>();
    this.#targets.set(namespace, targets);
    const known = targets.get(name);
    const target = known?.spec === spec ? known : { spec, goal, rows: new Map<string, Row>() };
    targets.set(name, target);
    const row = target.rows.get(goal) ?? { writes: [], lastWriteTime: '', backoffMs: 0 };
    if (target.goal !== goal) Object.assign(row, { reached: undefined, rejection: undefined });
    target.goal = goal;
    target.rows.delete(goal);
    target.rows.set(goal, row);
    for (const oldest of [...target.rows.keys()].slice(0, -MAX_GOALS)) target.rows.delete(oldest);
    return row;
  }
}

function holdOf({ cause, missingRight, until }: NonNullable<Row['rejection']>, now: number): Hold {
  const right = missingRight === undefined ? {} : { missingRight };
  return { reason: 'Rejected', cause, ...right, requeueAfterMs: until - now };
}
