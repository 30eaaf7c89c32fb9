/**
 * An informer keeps a store equal to the objects of one name, or of all names, all over the cluster or in one namespace.
 *
 * It lists and watches in one request where the server can (streamed list), else with a paged list and a watch. It
 * resumes from the last good version, lists again where that is unusable, the server was lost or the watch fell silent, and
 * never gives up: every failure is reported, waited out and tried again until `stop` is aborted.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from './backoff.js';
import { ApiError, retryAfterMs, WatchProtocolError } from './errors.js';
import type {
  InformerEvent,
  InformerState,
  ListedBy,
  OnInformerEvent,
  WatchedRule,
  WatchTarget,
} from './informer-state.js';
import { ObjectReader } from './object-reader.js';
import type { ObjectSink, StoredObject } from './store.js';
import type { Transport } from './transport.js';
import { readEvents, WatchIdleError, type RawObject, type WatchEvent } from './watch-events.js';
import { errorOf, isListDue, isStreamedListRejected } from './watch-failures.js';

export interface InformerTiming {
  /** How long a watch may be silent before it is given up. */
  readonly idleMs: number;
  /** How long a streamed list may be silent before pages are asked for instead. */
  readonly listIdleMs: number;
  readonly backoff: { readonly baseMs: number; readonly maxMs: number };
  /** How long the server is asked to keep a watch open, in seconds: between once and twice this. */
  readonly watchSeconds: number;
  /** After how long an optional resource that the API server does not know is asked for again, within a tenth. */
  readonly absentMs: number;
}

export const INFORMER_TIMING: InformerTiming = {
  // A healthy watch brings a bookmark a minute.
  idleMs: 90_000,
  // Where the API server's watch cache has fallen behind etcd, a streamed list begins and never ends.
  listIdleMs: 10_000,
  backoff: { baseMs: 800, maxMs: 10_000 },
  watchSeconds: 300,
  // A tenth more is still less than the five minutes after which a silent loop counts as stuck.
  absentMs: 270_000,
};

/** A server that ends watches sooner than this is treated as failing, or the loop would spin. */
const MIN_WATCH_MS = 1_000;
/** How much longer than other failures one may wait that only an admin ends, where nobody waits for the informer. */
export const FORBIDDEN_PATIENCE = 6;
const PAGE_SIZE = '250';
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

export class Informer<T extends StoredObject> implements InformerState {
  readonly title: string;
  readonly rule: WatchedRule;
  readonly namespace: string | undefined;
  readonly optional: boolean;
  readonly #path: string;
  readonly #store: ObjectSink<T>;
  readonly #transport: Transport;
  readonly #onEvent: OnInformerEvent;
  readonly #timing: InformerTiming;
  readonly #reader: ObjectReader<T>;
  readonly #firstSync = Promise.withResolvers<undefined>();
  /** The version to resume from; undefined where a list is due. */
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
    this.#store = store;
    this.#transport = deps.transport;
    this.#onEvent = deps.onEvent;
    this.#reader = new ObjectReader(target.project, (object, error) =>
      this.#report({ type: 'Unreadable', object, error }),
    );
    this.#timing = deps.timing ?? INFORMER_TIMING;
  }

  /** Resolves when the store holds the first complete list. */
  get firstSync(): Promise<undefined> {
    return this.#firstSync.promise;
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

  /** One list where it is due, and one watch until the server ends it. */
  async #session(stop: AbortSignal): Promise<void> {
    const begun = performance.now();
    this.lastActivity = begun;
    this.#acceptedAt = undefined;
    if (this.#version === undefined && !this.#streamedList) await this.#listPages(stop);
    const stream = await this.#transport.watch(this.#path, this.#watchQuery(), stop);
    this.#acceptedAt = performance.now();
    // A proxy may end each watch before its first bookmark. A list is heard when it comes.
    if (this.#version !== undefined) this.#heard();
    let listing = this.#version === undefined ? new Map<string, T>() : undefined;
    const { idleMs, listIdleMs } = this.#timing;
    const silence = (): number => (listing === undefined ? idleMs : listIdleMs);
    // One that is resumed may have nothing to tell for a minute.
    const isHealthy = listing === undefined ? setTimeout(() => this.#markHealthy(), MIN_WATCH_MS) : undefined;
    await readEvents(stream, silence, (event) => {
      this.#heard();
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
    const seconds = Math.round(this.#timing.watchSeconds * (1 + Math.random()));
    const common = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(seconds),
      ...this.#selector,
    };
    return this.#version === undefined
      ? { ...common, sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
      : { ...common, resourceVersion: this.#version };
  }

  get #selector(): Record<string, string> {
    const { name } = this.rule;
    return name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
  }

  /** @returns whether the list is complete */
  #takeInitial(event: WatchEvent, listing: Map<string, T>): boolean {
    if (event.type === 'ERROR') throw errorOf(event.status, this.#path);
    if (event.type !== 'BOOKMARK') {
      const object = event.type === 'DELETED' ? undefined : this.#reader.read(event.object);
      if (object === undefined) listing.delete(event.object.metadata.uid ?? '');
      else listing.set(object.uid, object);
      return false;
    }
    if (event.object.metadata.annotations?.[INITIAL_EVENTS_END] !== 'true') return false;
    this.#listed([...listing.values()], event.object.metadata.resourceVersion, 'stream');
    return true;
  }

  #take(event: WatchEvent): void {
    if (event.type === 'ERROR') throw errorOf(event.status, this.#path);
    if (event.type !== 'BOOKMARK') {
      const object = event.type === 'DELETED' ? undefined : this.#reader.read(event.object);
      if (event.type === 'DELETED') this.#reader.forget(event.object);
      if (object === undefined) this.#drop(event.object);
      else this.#store.put(object);
    }
    this.#version = event.object.metadata.resourceVersion;
    this.#markHealthy();
  }

  /** Also what is no longer readable: to write from an outdated copy would be worse than not to write. */
  #drop({ metadata: { namespace, name, uid } }: RawObject): void {
    if (namespace === undefined || name === undefined || uid === undefined) return;
    this.#store.delete({ namespace, name, uid });
  }

  async #listPages(stop: AbortSignal): Promise<void> {
    const objects: T[] = [];
    for (let query: Record<string, string> = { ...this.#selector, limit: PAGE_SIZE }; ;) {
      const page = (await this.#transport.call({ method: 'GET', path: this.#path, query }, stop)) as Page;
      this.#heard();
      for (const item of page.items) {
        const object = this.#reader.read(item);
        if (object !== undefined) objects.push(object);
      }
      const { resourceVersion, continue: next = '' } = page.metadata;
      if (next === '') {
        this.#listed(objects, resourceVersion, 'pages');
        return;
      }
      query = { ...query, continue: next };
    }
  }

  /** @param version to resume from; undefined: list again next time */
  #listed(objects: readonly T[], version: string | undefined, by: ListedBy): void {
    this.#store.replace(objects, this.namespace);
    this.#version = version;
    this.#report({ type: 'Listed', by });
    this.#markHealthy();
    if (this.synced) return;
    this.synced = true;
    this.#firstSync.resolve(undefined);
    this.#report({ type: 'Synced' });
  }

  #heard(): void {
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
      // What the server does not know is no fault; that it began a list and fell silent is to be told.
      if (!(error instanceof WatchIdleError)) return;
    }
    if (this.optional && error instanceof ApiError && error.isNotFound) {
      await this.#sitOutAbsence(stop);
      return;
    }
    if (isListDue(error)) this.#version = undefined;
    const retryInMs = this.#failed(error);
    this.#report({ type: 'Failed', error, retryInMs });
    await pause(retryInMs, stop);
  }

  /** A resource that the API server does not know has no objects: that is a complete list. */
  async #sitOutAbsence(stop: AbortSignal): Promise<void> {
    this.#listed([], undefined, 'absence');
    this.#heard();
    this.failures = 0;
    await pause(this.#timing.absentMs * (0.9 + Math.random() / 5), stop);
  }

  #report(event: InformerEvent): void {
    this.#onEvent(this, event);
  }

  /** @returns how long to wait before the next try, in milliseconds */
  #failed(error: unknown): number {
    const now = performance.now();
    const { baseMs, maxMs } = this.#timing.backoff;
    // A list alone does not begin anew: where each connection is cut behind it, lists would follow each other without end.
    const hasLasted = this.#acceptedAt !== undefined && now - this.#acceptedAt > maxMs;
    this.failures = hasLasted ? 1 : this.failures + 1;
    this.lastError = error;
    this.failingSince ??= now;
    const isPatient = this.optional && error instanceof ApiError && error.isForbidden;
    return Math.max(
      retryAfterMs(error) ?? 0,
      backoffMs(this.failures, { baseMs, maxMs: isPatient ? FORBIDDEN_PATIENCE * maxMs : maxMs }),
    );
  }
}

/** Ends early, and without an error, where `stop` is aborted. */
async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stop }).catch(() => undefined);
}

interface Page {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly RawObject[];
}
