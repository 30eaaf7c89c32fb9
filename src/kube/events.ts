/**
 * Records Kubernetes events in the background, by the rules of client-go's recorder for events.k8s.io/v1: the first
 * occurrence creates an event, the second one makes it a series, and the others are counted in memory.
 */
import type { EventSpec } from '../domain/report/events.js';
import { ApiError } from './errors.js';
import { countCall, createCall, type EventSeries, type ObjectReference, type Reporter } from './event-series.js';
import type { Transport } from './transport.js';

export interface EventRecorderOptions extends Reporter {
  readonly now: () => Date;
  /** Reports an event that was dropped, or a request that failed. The status reports the same facts. */
  readonly onLost: (reason: string, error: unknown) => void;
  /** Whether namespaces wait to be reconciled. Their repairs come first, for half a minute at most. */
  readonly repairsWait?: () => boolean;
}

/** Requests begin this long after the first unsent event: the repairs of many namespaces come before their events. */
export const EVENTS_DELAY_MS = 1_000;
/** So often they begin that much later, as repairs wait. */
export const MAX_DEFERRALS = 30;
/** As in client-go: a series ends this long after its last occurrence. */
const FINISH_MS = 6 * 60_000;
/** As in client-go: the count of a series that lasts is written this often. */
const REFRESH_MS = 30 * 60_000;
/** How late the end of a series may be found. */
const SWEEP_MS = 60_000;
/** A restart of Rook that reverts the three ports of each of 500 namespaces gives rise to 3,000 events. */
export const MAX_SERIES = 10_000;

export class EventRecorder {
  readonly #transport: Pick<Transport, 'call'>;
  readonly #options: EventRecorderOptions;
  /** By identity. */
  readonly #series = new Map<string, EventSeries>();
  /** The next round of requests, in order. A finished series is in no other place. */
  readonly #unsent = new Set<EventSeries>();
  #sendTimer: NodeJS.Timeout | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  #sending = Promise.resolve();
  #isDrained = false;
  #names = 0;

  constructor(transport: Pick<Transport, 'call'>, options: EventRecorderOptions) {
    this.#transport = transport;
    this.#options = options;
  }

  /** Never throws, and leaves the request to the background. */
  record(regarding: ObjectReference, event: EventSpec, related?: ObjectReference): void {
    const identity = JSON.stringify([event.type, event.reason, event.action, regarding.uid, related?.uid]);
    const now = this.#options.now();
    const known = this.#series.get(identity);
    if (known !== undefined && isFinished(known, now)) this.#finish(known);
    const isFull = !this.#series.has(identity) && Math.max(this.#series.size, this.#unsent.size) >= MAX_SERIES;
    if (this.#isDrained || isFull) {
      this.#options.onLost(event.reason, new Error(isFull ? 'too many events' : 'the recorder has ended'));
      return;
    }
    const series = this.#series.get(identity) ?? this.#begin({ identity, regarding, event, related, first: now });
    series.count += 1;
    series.last = now;
    // Later occurrences are counted in memory only.
    if (series.written <= 1) this.#enqueue(series);
  }

  /**
   * Sends unsent events, and the counts that only memory has: for the end of the process. Never rejects. Afterwards events
   * are dropped, and no timer is left.
   */
  async drained(): Promise<void> {
    this.#isDrained = true;
    clearTimeout(this.#sendTimer);
    clearTimeout(this.#sweepTimer);
    await this.#sending;
    for (const series of this.#series.values()) if (isUnwritten(series)) this.#unsent.add(series);
    await this.#send();
  }

  #begin(about: Pick<EventSeries, 'identity' | 'regarding' | 'event' | 'related' | 'first'>): EventSeries {
    this.#names += 1;
    const { regarding, first, identity } = about;
    const name = `${regarding.name}.${first.getTime().toString(16)}${this.#names.toString(16).padStart(4, '0')}`;
    const series = { ...about, name, last: first, count: 0, written: 0, writtenAt: first };
    this.#series.set(identity, series);
    this.#sweepTimer ??= setTimeout(() => this.#sweep(), SWEEP_MS).unref();
    return series;
  }

  #sweep(): void {
    const now = this.#options.now();
    for (const series of this.#series.values()) {
      if (isFinished(series, now)) this.#finish(series);
      else if (isUnwritten(series) && elapsedMs(series.writtenAt, now) >= REFRESH_MS) this.#enqueue(series);
    }
    this.#sweepTimer = this.#series.size === 0 ? undefined : setTimeout(() => this.#sweep(), SWEEP_MS).unref();
  }

  #finish(series: EventSeries): void {
    this.#series.delete(series.identity);
    if (isUnwritten(series)) this.#enqueue(series);
  }

  #enqueue(series: EventSeries): void {
    this.#unsent.add(series);
    if (this.#isDrained) return;
    this.#sendTimer ??= this.#sendLater(MAX_DEFERRALS);
  }

  #sendLater(deferrals: number): NodeJS.Timeout {
    return setTimeout(() => {
      if (deferrals > 0 && this.#options.repairsWait?.() === true) this.#sendTimer = this.#sendLater(deferrals - 1);
      else this.#sending = this.#send();
    }, EVENTS_DELAY_MS).unref();
  }

  /** One request after the other. A series that becomes unsent meanwhile waits for the next round. */
  async #send(): Promise<void> {
    for (const series of [...this.#unsent]) {
      this.#unsent.delete(series);
      await this.#write(series);
    }
    this.#sendTimer = undefined;
    for (const series of this.#unsent) this.#enqueue(series);
  }

  /**
   * A failed request is not sent again at once. A creation, which may have been stored for all that, is tried again under
   * the same name with the next occurrence, or when the series ends: the event is not there twice. An event whose count
   * failed may be gone, so the next occurrence begins another one.
   */
  async #write(series: EventSeries): Promise<void> {
    const isCreation = series.written === 0;
    const call = isCreation ? createCall(series, this.#options) : countCall(series);
    // Set at once, so that an occurrence during the request is seen as one that it does not report.
    series.written = series.count;
    series.writtenAt = this.#options.now();
    try {
      await this.#transport.call(call);
    } catch (error) {
      // An earlier request stored the first occurrence, and its response was lost.
      if (error instanceof ApiError && error.reason === 'AlreadyExists') {
        this.#storedOnce(series);
        return;
      }
      if (isCreation) series.written = 0;
      else this.#forget(series);
      this.#options.onLost(series.event.reason, error);
    }
  }

  #storedOnce(series: EventSeries): void {
    series.written = 1;
    if (isUnwritten(series)) this.#enqueue(series);
  }

  #forget(series: EventSeries): void {
    if (this.#series.get(series.identity) === series) this.#series.delete(series.identity);
    this.#unsent.delete(series);
  }
}

function isUnwritten({ count, written }: EventSeries): boolean {
  return count > written;
}

/** If the clock was set back by as much, the series ends, too: it must not be remembered for hours. */
function isFinished({ last }: EventSeries, now: Date): boolean {
  return Math.abs(elapsedMs(last, now)) > FINISH_MS;
}

function elapsedMs(from: Date, to: Date): number {
  return to.getTime() - from.getTime();
}
