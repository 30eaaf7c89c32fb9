/**
 * Leader election over a Lease, by the rules and defaults of client-go:
 *
 * - A lease is free if its holder released it, or did not renew it for its duration, at most a minute. The duration is
 *   measured here, from when the last renewal was seen: clocks of different machines are never compared.
 * - A holder that could not renew it for `renewMs` stops leading, well before another process takes it.
 */
import { pause } from './backoff.js';
import { ApiError } from './errors.js';
import { NotLeadingError, type Leadership } from './leadership.js';
import type { Lease, LeaseClient } from './lease.js';
import { microTime } from '../domain/report/time.js';

/** client-go's defaults. */
const DEFAULT_TIMING = {
  /** For how long after a renewal no other process takes the lease. */
  leaseMs: 15_000,
  /** For how long after a renewal the holder leads. */
  renewMs: 10_000,
  /** Between two tries. */
  retryMs: 2_000,
};

/** Spreads the requests of replicas that were started together. */
const JITTER = 0.1;

/** Conflicts within one try, so that repeated annotations of the lease do not cost it. */
const MAX_CONFLICTS = 5;
/** A longer duration in a lease is not believed: it was edited by hand, and would keep all replicas waiting. */
const MAX_LEASE_MS = 60_000;

export interface LeaderElectionObserver {
  /** Another process holds the lease. Called once for each holder. */
  waiting(holder: string): void;
  /** A try failed; the next one follows. */
  failed(error: unknown): void;
  recovered(): void;
}

export interface LeaderElectionOptions {
  readonly lease: LeaseClient;
  /** Unique to this process, for ever. */
  readonly identity: string;
  readonly observer: LeaderElectionObserver;
  readonly now: () => Date;
  readonly monotonicMs: () => number;
  readonly timing?: typeof DEFAULT_TIMING;
}

export class LeaderElection implements Leadership {
  readonly #options: LeaderElectionOptions;
  readonly #timing: typeof DEFAULT_TIMING;
  readonly #lost = new AbortController();
  #lostTimer: NodeJS.Timeout | undefined;
  /** The lease as last seen, and since when. */
  #seen: { readonly lease: Lease; readonly sinceMs: number } | undefined;
  #leadingUntilMs = -Infinity;
  /** A write was sent, so this process may hold the lease, whatever the response. */
  #mayHold = false;
  /** Of the last try; undefined if it succeeded. */
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

  /** As last seen; undefined if no process holds the lease. */
  get holder(): string | undefined {
    const holder = this.#seen?.lease.holderIdentity;
    return holder === '' ? undefined : holder;
  }

  /**
   * Resolves with true when this process holds the lease, also if `stop` is aborted just then. Resolves with false if it is
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
   * Keeps the lease until `done` is aborted, then releases it; never rejects.
   *
   * @returns Lost if another process may hold the lease; Kept if it could not be released
   */
  async hold(done: AbortSignal): Promise<'Released' | 'Kept' | 'Lost'> {
    const ending = AbortSignal.any([done, this.lost]);
    for (;;) {
      await this.#pause(ending);
      if (done.aborted) return (await this.#release()) ? 'Released' : 'Kept';
      await this.#try(this.lost);
      if (this.isLeading) continue;
      this.#stopLeading();
      return 'Lost';
    }
  }

  async #try(stop: AbortSignal): Promise<void> {
    try {
      await this.#acquireOrRenew(stop);
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

  async #acquireOrRenew(stop: AbortSignal): Promise<void> {
    const known = this.isLeading ? this.#seen?.lease : undefined;
    let lease = known ?? (await this.#readOrCreate(stop));
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#take(lease);
        return;
      } catch (error) {
        // Another process wrote or deleted it, or an earlier try of this process succeeded after all.
        const isOutdated = error instanceof ApiError && (error.isConflict || error.isNotFound);
        if (!isOutdated || tries === MAX_CONFLICTS) throw error;
        lease = await this.#readOrCreate(stop);
      }
    }
  }

  /** Resolves with undefined if the lease was deleted under another holder, which may not know yet. */
  async #readOrCreate(signal: AbortSignal): Promise<Lease | undefined> {
    const { lease: client } = this.#options;
    const lease = (await client.read(signal)) ?? (this.#isSeenFree() ? await client.create(signal) : undefined);
    if (lease !== undefined) this.#observe(lease);
    return lease;
  }

  /** Takes or renews the lease if no other process may hold it. */
  async #take(lease: Lease | undefined): Promise<void> {
    if (lease === undefined || !this.#isSeenFree()) {
      this.#leadingUntilMs = -Infinity;
      return;
    }
    const { identity, now, monotonicMs, lease: client } = this.#options;
    const sentAt = monotonicMs();
    const renewTime = microTime(now());
    const isMine = lease.holderIdentity === identity;
    const wanted = {
      ...lease,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#timing.leaseMs / 1000),
      acquireTime: isMine ? lease.acquireTime : renewTime,
      renewTime,
      leaseTransitions: lease.leaseTransitions + (isMine || wasNeverHeld(lease) ? 0 : 1),
    };
    this.#mayHold = true;
    // Not `stop`: a lease that was taken has to be released.
    this.#observe(await client.write(wanted, this.lost));
    // From before it was sent: other processes count from when they see it, which is later.
    this.#leadingUntilMs = sentAt + this.#timing.renewMs;
    clearTimeout(this.#lostTimer);
    this.#lostTimer = setTimeout(() => this.#stopLeading(), Math.max(this.#leadingUntilMs - monotonicMs(), 0));
  }

  #observe(lease: Lease): void {
    const before = this.#seen;
    // A recreated lease is no news: the holder of the one before may still count on it.
    if (wasNeverHeld(lease)) return;
    const isRenewed = before === undefined || !isSameRenewal(before.lease, lease);
    this.#seen = { lease, sinceMs: isRenewed ? this.#options.monotonicMs() : before.sinceMs };
    const { holderIdentity: holder } = lease;
    if (holder !== before?.lease.holderIdentity && holder !== '' && holder !== this.#options.identity)
      this.#options.observer.waiting(holder);
  }

  /** Whether no other process may count on the lease, as last seen. */
  #isSeenFree(): boolean {
    if (this.#seen === undefined) return true;
    const { lease, sinceMs } = this.#seen;
    if (['', this.#options.identity].includes(lease.holderIdentity)) return true;
    const { leaseDurationSeconds: seconds } = lease;
    const durationMs = Math.min(seconds === undefined ? this.#timing.leaseMs : seconds * 1000, MAX_LEASE_MS);
    return this.#options.monotonicMs() - sinceMs > durationMs;
  }

  #stopLeading(): void {
    clearTimeout(this.#lostTimer);
    this.#leadingUntilMs = -Infinity;
    this.#lost.abort(new NotLeadingError());
  }

  /** Spares the next leader the wait until the lease expires. @returns false if it failed */
  async #release(): Promise<boolean> {
    const { lease: client, identity, now, observer } = this.#options;
    // Only their timeout ends these requests.
    const { signal } = new AbortController();
    this.#stopLeading();
    try {
      // Read first: a response may have been lost, or another process may hold the lease by now.
      const lease = await client.read(signal);
      if (lease?.holderIdentity !== identity) return true;
      const released = { holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now()) };
      await client.write({ ...lease, ...released }, signal);
      return true;
    } catch (error) {
      observer.failed(error);
      return false;
    }
  }

  #pause(stop: AbortSignal): Promise<void> {
    return pause(this.#timing.retryMs * (1 - JITTER + 2 * JITTER * Math.random()), stop);
  }
}

function wasNeverHeld({ renewTime }: Lease): boolean {
  return renewTime === '';
}

/** Other edits, such as of an annotation, are no renewal. */
function isSameRenewal(a: Lease, b: Lease): boolean {
  return (
    a.holderIdentity === b.holderIdentity &&
    a.renewTime === b.renewTime &&
    a.acquireTime === b.acquireTime &&
    a.leaseTransitions === b.leaseTransitions
  );
}
