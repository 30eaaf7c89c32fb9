/**
 * Leader election over a Lease, by client-go's rules, so that its guarantees and its figures are the known ones:
 *
 * - A lease is free when its holder has given it back, or has not renewed it for as long as the lease says, at most a
 *   minute. That time is measured here, from when the last renewal was seen: clocks of different machines are never compared.
 * - A holder that could not renew it for `renewMs` stops leading, which is well before anybody else takes it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from './errors.js';
import { NotLeadingError, type Leadership } from './leadership.js';
import type { Lease, LeaseClient, LeaseSpec } from './lease.js';
import { microTime } from './micro-time.js';

export interface LeaderElectionTiming {
  /** For how long after its last renewal nobody else takes the lease. */
  readonly leaseMs: number;
  /** For how long after it the holder leads. */
  readonly renewMs: number;
  /** Between two tries. */
  readonly retryMs: number;
}

/** client-go's defaults. */
const DEFAULT_TIMING: LeaderElectionTiming = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 };

/** So that replicas which were started together do not ask together. */
const JITTER = 0.1;

/** Somebody who annotates the lease again and again must not cost it. */
const MAX_OVERTAKEN = 5;
/**
 * A lease says for how long its holder counts on it. More than this is no version of this program, but a hand that would
 * keep everybody waiting.
 */
const MAX_LEASE_MS = 60_000;

export interface LeaderElectionObserver {
  /** Somebody else holds the lease. Told once for each holder. */
  waiting(holder: string): void;
  /** A try failed; the next one follows. */
  failed(error: unknown): void;
  recovered(): void;
}

export interface LeaderElectionOptions {
  readonly lease: LeaseClient;
  /** Of this process, and of no other that ever was. */
  readonly identity: string;
  readonly observer: LeaderElectionObserver;
  readonly now: () => Date;
  readonly monotonicMs: () => number;
  readonly timing?: LeaderElectionTiming;
}

export class LeaderElection implements Leadership {
  readonly #options: LeaderElectionOptions;
  readonly #timing: LeaderElectionTiming;
  readonly #lost = new AbortController();
  #lostTimer: NodeJS.Timeout | undefined;
  /** As last seen, and since when it has looked like that. */
  #seen: { readonly lease: Lease; readonly sinceMs: number } | undefined;
  #leadingUntilMs = -Infinity;
  /** A write to the lease was sent, so that it may be this process' by now whatever the answer was. */
  #mayHold = false;
  /** The failure of the last try; undefined while all is well. */
  lastError: unknown;
  /** Since when tries have failed, in milliseconds of the monotonic clock. */
  failingSince: number | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#timing = options.timing ?? DEFAULT_TIMING;
  }

  get isLeading(): boolean {
    return !this.#lost.signal.aborted && this.#options.monotonicMs() < this.#leadingUntilMs;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whoever holds it, as far as was seen; undefined where it is nobody's. */
  get holder(): string | undefined {
    const holder = this.#seen?.lease.holder;
    return holder === '' ? undefined : holder;
  }

  /**
   * Resolves with true when this process holds the lease, also where `stop` is aborted just then; with false when it is
   * aborted before. Never rejects.
   */
  async acquire(stop: AbortSignal): Promise<boolean> {
    while (!stop.aborted) {
      await this.#try(stop);
      if (this.isLeading) return true;
      await this.#pause(stop);
    }
    if (this.#mayHold) await this.#release();
    return false;
  }

  /**
   * Keeps the lease until `done` is aborted, then gives it back; never rejects.
   *
   * @returns Lost where it could not be kept: somebody else may hold it; Kept where it could not be given back
   */
  async hold(done: AbortSignal): Promise<'Released' | 'Kept' | 'Lost'> {
    const ending = AbortSignal.any([done, this.lost]);
    while (await this.#pauseUnless(done, ending)) {
      await this.#try(this.lost);
      if (!this.isLeading) {
        this.#stopLeading();
        return 'Lost';
      }
    }
    return (await this.#release()) ? 'Released' : 'Kept';
  }

  async #try(stop: AbortSignal): Promise<void> {
    try {
      await this.#takeOrRenew(stop);
      if (this.lastError !== undefined) this.#options.observer.recovered();
      this.lastError = undefined;
      this.failingSince = undefined;
    } catch (error) {
      if (stop.aborted) return;
      this.lastError = error;
      this.failingSince ??= this.#options.monotonicMs();
      this.#options.observer.failed(error);
    }
  }

  async #takeOrRenew(stop: AbortSignal): Promise<void> {
    const known = this.isLeading ? this.#seen?.lease : undefined;
    let lease = known ?? (await this.#readOrCreate(stop));
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#take(lease);
        return;
      } catch (error) {
        // Somebody was faster, or deleted it, or an earlier try of this process came through after all.
        const isOvertaken = error instanceof ApiError && (error.isConflict || error.isNotFound);
        if (!isOvertaken || tries === MAX_OVERTAKEN) throw error;
        lease = await this.#readOrCreate(stop);
      }
    }
  }

  /** Resolves with undefined where the lease was deleted under its holder, who may not know yet. */
  async #readOrCreate(signal: AbortSignal): Promise<Lease | undefined> {
    const { lease: client } = this.#options;
    const lease = (await client.read(signal)) ?? (this.#isSeenFree() ? await client.create(signal) : undefined);
    if (lease !== undefined) this.#observe(lease);
    return lease;
  }

  /** Takes or renews it, where it is this process' to take. */
  async #take(lease: Lease | undefined): Promise<void> {
    if (lease === undefined || !this.#isSeenFree()) {
      this.#leadingUntilMs = -Infinity;
      return;
    }
    const { identity, now, monotonicMs, lease: client } = this.#options;
    const sentAt = monotonicMs();
    const renewTime = microTime(now());
    const isMine = lease.holder === identity;
    this.#mayHold = true;
    // Not `stop`: whether the lease was taken should be known, to give it back.
    const written = await client.write(
      lease,
      {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(this.#timing.leaseMs / 1000),
        acquireTime: isMine ? lease.acquireTime : renewTime,
        renewTime,
        leaseTransitions: lease.transitions + (isMine || wasNeverHeld(lease) ? 0 : 1),
      },
      this.lost,
    );
    this.#observe(written);
    // From before it was sent: others count from when they see it, which is later.
    this.#leadUntil(sentAt + this.#timing.renewMs);
  }

  #observe(lease: Lease): void {
    const before = this.#seen;
    // One that was made anew tells nothing: who held the one before may still count on it.
    if (wasNeverHeld(lease)) return;
    const isRenewed = before === undefined || !isSameRenewal(before.lease, lease);
    this.#seen = { lease, sinceMs: isRenewed ? this.#options.monotonicMs() : before.sinceMs };
    const { holder } = lease;
    if (holder !== before?.lease.holder && holder !== '' && holder !== this.#options.identity)
      this.#options.observer.waiting(holder);
  }

  /** Whether nobody else may be counting on the lease, as far as it was seen. */
  #isSeenFree(): boolean {
    if (this.#seen === undefined) return true;
    const { lease, sinceMs } = this.#seen;
    if (lease.holder === '' || lease.holder === this.#options.identity) return true;
    const durationMs = Math.min(lease.durationMs ?? this.#timing.leaseMs, MAX_LEASE_MS);
    return this.#options.monotonicMs() - sinceMs > durationMs;
  }

  #leadUntil(ms: number): void {
    this.#leadingUntilMs = ms;
    clearTimeout(this.#lostTimer);
    this.#lostTimer = setTimeout(() => this.#stopLeading(), Math.max(ms - this.#options.monotonicMs(), 0));
  }

  #stopLeading(): void {
    clearTimeout(this.#lostTimer);
    this.#leadingUntilMs = -Infinity;
    this.#lost.abort(new NotLeadingError());
  }

  /** So that the next one need not wait for it to expire. @returns false where it could not be done */
  async #release(): Promise<boolean> {
    const { lease: client, observer } = this.#options;
    // Nothing ends these but their time.
    const { signal } = new AbortController();
    this.#stopLeading();
    try {
      // Read, as an answer may have been lost, and the lease may be somebody else's by now.
      const lease = await client.read(signal);
      if (lease?.holder === this.#options.identity) await client.write(lease, this.#givenBack(lease), signal);
      return true;
    } catch (error) {
      observer.failed(error);
      return false;
    }
  }

  #givenBack({ acquireTime, transitions: leaseTransitions }: Lease): LeaseSpec {
    const renewTime = microTime(this.#options.now());
    return { holderIdentity: '', leaseDurationSeconds: 1, acquireTime, renewTime, leaseTransitions };
  }

  /** Ends early where `ending` is aborted. @returns false where `done` is */
  async #pauseUnless(done: AbortSignal, ending: AbortSignal): Promise<boolean> {
    await this.#pause(ending);
    return !done.aborted;
  }

  async #pause(stop: AbortSignal): Promise<void> {
    const ms = this.#timing.retryMs * (1 - JITTER + 2 * JITTER * Math.random());
    await delay(ms, undefined, { signal: stop }).catch(() => undefined);
  }
}

function wasNeverHeld({ renewTime }: Lease): boolean {
  return renewTime === '';
}

/** An edit of something else, such as an annotation, is no renewal. */
function isSameRenewal(a: Lease, b: Lease): boolean {
  return (
    a.holder === b.holder &&
    a.renewTime === b.renewTime &&
    a.acquireTime === b.acquireTime &&
    a.transitions === b.transitions
  );
}
