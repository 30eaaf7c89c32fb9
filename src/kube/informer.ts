/**
 * An informer keeps a store equal to the objects of one name, or of all names, in the whole cluster or in one namespace.
 *
 * It lists and watches in one request if the server can (streamed list), else with a paged list and a watch. It resumes from
 * the last good version. It lists again if that version is unusable, the server was lost or the watch was silent. It never
 * gives up: it reports every failure, waits and tries again until `stop` is aborted.
 */
import { backoffMs, pause } from './backoff.js';
import { ApiError, retryAfterMs, WatchProtocolError } from './errors.js';
import type { InformerEvent, InformerState, ListedBy, OnInformerEvent, WatchTarget } from './informer-state.js';
import { ObjectReader } from './object-reader.js';
import type { ObjectSink, StoredObject } from './store.js';
import type { Transport } from './transport.js';
import { readEvents, WatchIdleError, type RawObject, type WatchEvent } from './watch-events.js';
import { errorOf, isListDue, isStreamedListRejected, isWithheld } from './watch-failures.js';

export const INFORMER_TIMING = {
  /** A watch that is silent for longer is given up. A healthy one gets a bookmark a minute. */
  idleMs: 90_000,
  /** A streamed list that is silent for longer is replaced by pages: if the watch cache lags behind etcd, it never ends. */
  listIdleMs: 10_000,
  backoff: { baseMs: 800, maxMs: 10_000 },
  /** The server keeps a watch open for once to twice this. */
  watchSeconds: 300,
  /**
   * An optional resource that the API server does not know is requested again after this, within a tenth. That is less than
   * the five minutes after which a silent loop counts as stuck.
   */
  absentMs: 270_000,
};

export type InformerTiming = typeof INFORMER_TIMING;

/** A server that ends watches sooner than this is treated as failing, or the loop would spin. */
const MIN_WATCH_MS = 1_000;
/** The waits of an optional informer without rights may be this much longer: only an admin ends that failure. */
export const FORBIDDEN_PATIENCE = 6;
const PAGE_SIZE = '250';
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

export class Informer<T extends StoredObject> implements InformerState {
  readonly title: string;
  readonly rule: InformerState['rule'];
  readonly namespace: string | undefined;
  readonly optional: boolean;
  readonly #path: string;
  readonly #fieldSelector: string | undefined;
  readonly #store: ObjectSink<T>;
  readonly #transport: Transport;
  readonly #onEvent: OnInformerEvent;
  readonly #timing: InformerTiming;
  readonly #reader: ObjectReader<T>;
  /** The version to resume from; undefined if a list is due. */
  #version: string | undefined;
  #streamedList = true;
  /** When the server accepted the watch in hand, in milliseconds of performance.now(). */
  #acceptedAt: number | undefined;
  synced = false;
  failures = 0;
  lastError: unknown;
  failingSince: number | undefined;
  lastActivity = performance.now();
  lastEventAt = this.lastActivity;

  constructor(
    target: WatchTarget<T>,
    store: ObjectSink<T>,
    deps: { readonly transport: Transport; readonly onEvent: OnInformerEvent; readonly timing?: InformerTiming },
  ) {
    this.title = target.title;
    this.rule = target.rule;
    this.namespace = target.namespace;
    this.optional = target.optional === true;
    this.#path = target.path;
    const { name } = target.rule;
    this.#fieldSelector = target.fieldSelector ?? (name === undefined ? undefined : `metadata.name=${name}`);
    this.#store = store;
    this.#transport = deps.transport;
    this.#onEvent = deps.onEvent;
    this.#reader = new ObjectReader(target.project, (object, error) =>
      this.#report({ type: 'Unreadable', object, error }),
    );
    this.#timing = deps.timing ?? INFORMER_TIMING;
  }

  /** Runs until `stop` is aborted; never rejects. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        await this.#session(stop);
      } catch (error) {
        await this.#recover(error, stop);
      }
    }
  }

  /** One list if it is due, and one watch until the server ends it. */
  async #session(stop: AbortSignal): Promise<void> {
    const begun = performance.now();
    this.lastActivity = begun;
    this.#acceptedAt = undefined;
    if (this.#version === undefined && !this.#streamedList) await this.#listPages(stop);
    const stream = await this.#transport.watch(this.#path, this.#watchQuery(), stop);
    this.#acceptedAt = performance.now();
    // A resumed watch counts as received, as a proxy may end each watch before its first bookmark.
    if (this.#version !== undefined) this.#received();
    let listing = this.#version === undefined ? new Map<string, T>() : undefined;
    const { idleMs, listIdleMs } = this.#timing;
    const silence = (): number => (listing === undefined ? idleMs : listIdleMs);
    // The server may have nothing to send on a resumed watch for a minute.
    const isHealthy = listing === undefined ? setTimeout(() => this.#markHealthy(), MIN_WATCH_MS) : undefined;
    await readEvents(stream, silence, (event) => {
      this.#received();
      if (event.type === 'ERROR') throw errorOf(event.status, this.#path);
      if (listing === undefined) this.#take(event);
      else if (this.#takeInitial(event, listing)) listing = undefined;
    }).finally(() => clearTimeout(isHealthy));
    if (listing !== undefined) throw new WatchProtocolError('the streamed list ended before its last object');
    if (performance.now() - begun < MIN_WATCH_MS) throw new WatchProtocolError('the watch ended at once');
    this.#markHealthy();
    this.failures = 0;
    this.#report({ type: 'Closed' });
  }

  #watchQuery(): Record<string, string> {
    const timeoutSeconds = String(Math.round(this.#timing.watchSeconds * (1 + Math.random())));
    const common = { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds, ...this.#selector };
    return this.#version === undefined
      ? { ...common, sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
      : { ...common, resourceVersion: this.#version };
  }

  get #selector(): Record<string, string> {
    return this.#fieldSelector === undefined ? {} : { fieldSelector: this.#fieldSelector };
  }

  /** @returns whether the list is complete */
  #takeInitial({ type, object: raw }: ObjectEvent, listing: Map<string, T>): boolean {
    if (type !== 'BOOKMARK') {
      const object = type === 'DELETED' ? undefined : this.#reader.read(raw);
      if (object === undefined) listing.delete(raw.metadata.uid ?? '');
      else listing.set(object.uid, object);
      return false;
    }
    if (raw.metadata.annotations?.[INITIAL_EVENTS_END] !== 'true') return false;
    this.#listed([...listing.values()], raw.metadata.resourceVersion, 'stream');
    return true;
  }

  #take({ type, object: raw }: ObjectEvent): void {
    if (type !== 'BOOKMARK') {
      const object = type === 'DELETED' ? undefined : this.#reader.read(raw);
      if (type === 'DELETED') this.#reader.forget(raw);
      if (object === undefined) this.#drop(raw);
      else this.#store.put(object);
    }
    this.#version = raw.metadata.resourceVersion;
    this.#markHealthy();
  }

  /** Also drops what is no longer of interest or readable: an outdated copy is worse than none to write from. */
  #drop({ metadata: { namespace, name, uid } }: RawObject): void {
    if (namespace === undefined || name === undefined || uid === undefined) return;
    this.#store.delete({ namespace, name, uid });
  }

  async #listPages(stop: AbortSignal): Promise<void> {
    const objects: T[] = [];
    let query: Readonly<Record<string, string>> = { ...this.#selector, limit: PAGE_SIZE };
    let page: Page;
    do {
      page = (await this.#transport.call({ method: 'GET', path: this.#path, query }, stop)) as Page;
      this.#received();
      objects.push(...page.items.map((item) => this.#reader.read(item)).filter((object) => object !== undefined));
      query = { ...query, continue: page.metadata.continue ?? '' };
    } while (query.continue !== '');
    this.#listed(objects, page.metadata.resourceVersion, 'pages');
  }

  /** @param version to resume from; undefined: list again next time */
  #listed(objects: readonly T[], version: string | undefined, by: ListedBy): void {
    this.#store.replace(objects, this.namespace);
    this.#version = version;
    this.#report({ type: 'Listed', by });
    this.#markHealthy();
    if (this.synced) return;
    this.synced = true;
    this.#report({ type: 'Synced' });
  }

  #received(): void {
    this.lastEventAt = performance.now();
    this.lastActivity = this.lastEventAt;
  }

  #markHealthy(): void {
    const recovered = this.lastError !== undefined;
    this.lastError = undefined;
    this.failingSince = undefined;
    if (recovered && this.synced) this.#report({ type: 'Synced' });
  }

  async #recover(error: unknown, stop: AbortSignal): Promise<void> {
    if (stop.aborted) return;
    if (this.#version === undefined && this.#streamedList && isStreamedListRejected(error)) {
      this.#streamedList = false;
      // A server that does not know streamed lists is no fault. One that began a list and fell silent is reported.
      if (!(error instanceof WatchIdleError)) return;
    }
    if (this.optional && error instanceof ApiError && error.isNotFound) {
      // A resource that the API server does not know has no objects: that is a complete list.
      this.#listed([], undefined, 'absence');
      this.#received();
      this.failures = 0;
      await pause(this.#timing.absentMs * (0.9 + Math.random() / 5), stop);
      return;
    }
    if (isListDue(error)) this.#version = undefined;
    const retryInMs = this.#failed(error);
    this.#report({ type: 'Failed', error, retryInMs });
    await pause(retryInMs, stop);
  }

  #report(event: InformerEvent): void {
    this.#onEvent(this, event);
  }

  /** @returns how long to wait before the next try, in milliseconds */
  #failed(error: unknown): number {
    const now = performance.now();
    const { baseMs, maxMs } = this.#timing.backoff;
    // A list alone does not begin anew. If each connection were cut after it, lists would follow each other without end.
    const hasLasted = this.#acceptedAt !== undefined && now - this.#acceptedAt > maxMs;
    this.failures = hasLasted ? 1 : this.failures + 1;
    this.lastError = error;
    this.failingSince ??= now;
    const longestMs = isWithheld(this, error) ? FORBIDDEN_PATIENCE * maxMs : maxMs;
    const waitMs = backoffMs(this.failures, { baseMs, maxMs: longestMs });
    return Math.max(retryAfterMs(error) ?? 0, waitMs);
  }
}

type ObjectEvent = Exclude<WatchEvent, { type: 'ERROR' }>;

interface Page {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly RawObject[];
}
