/**
 * An informer keeps a store equal to the objects of one name, all over the cluster or in one namespace.
 *
 * It lists and watches in one request where the server can (streamed list), else with a paged list and a watch. It
 * resumes from the last good version, lists again where that is unusable or the watch fell silent, and never gives up:
 * every failure is reported, waited out and tried again until `stop` is aborted.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from './backoff.js';
import { ApiError, WatchProtocolError } from './errors.js';
import type { Store, StoredObject } from './store.js';
import type { Transport } from './transport.js';
import { watchEvents, WatchIdleError, type RawObject, type WatchEvent } from './watch-events.js';

/** What to watch: one object name. */
export interface Source<T> {
  /** For people, e.g. "Deployment csi-rbdplugin-provisioner". */
  readonly title: string;
  /** API group ("" for core), resource and name, as an RBAC rule names them. */
  readonly rule: { readonly group: string; readonly resource: string; readonly name: string };
  /** Undefined: across all namespaces. */
  readonly namespace?: string;
  readonly path: string;
  /** Keeps only what is used, so that memory does not grow with the objects. */
  readonly project: (raw: RawObject) => T;
}

export interface InformerObserver {
  failed(informer: InformerState, error: unknown, retryInMs: number): void;
  /** The store is complete, for the first time or again after a failure. */
  synced(informer: InformerState): void;
}

export interface InformerState {
  readonly title: string;
  readonly rule: Source<unknown>['rule'];
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  readonly synced: boolean;
  /** The failure that it is waiting out; undefined while all is well. */
  readonly problem: unknown;
  /** Since when, in milliseconds of performance.now(); undefined as well while all is well. */
  readonly problemSince: number | undefined;
  /** When its loop last did anything, in milliseconds of performance.now(). */
  readonly lastActivity: number;
}

export interface InformerTiming {
  /** How long a watch may be silent before it is given up. */
  readonly idleMs: number;
  readonly backoff: { readonly baseMs: number; readonly maxMs: number };
  /** How long the server is asked to keep a watch open, in seconds: between once and twice this. */
  readonly watchSeconds: number;
}

const DEFAULT_TIMING: InformerTiming = {
  idleMs: 90_000,
  backoff: { baseMs: 800, maxMs: 10_000 },
  watchSeconds: 300,
};

/** A server that ends watches sooner than this is treated as failing, or the loop would spin. */
const SHORTEST_WATCH_MS = 1_000;
const PAGE_SIZE = '250';
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

export class Informer<T extends StoredObject> implements InformerState {
  readonly #source: Source<T>;
  readonly #store: Store<T>;
  readonly #transport: Transport;
  readonly #observer: InformerObserver;
  readonly #timing: InformerTiming;
  readonly #firstSync = Promise.withResolvers<undefined>();
  /** The version to resume from; undefined where a list is due. */
  #version: string | undefined;
  #streamedList = true;
  #failures = 0;
  synced = false;
  problem: unknown;
  problemSince: number | undefined;
  lastActivity = performance.now();

  constructor(
    source: Source<T>,
    store: Store<T>,
    deps: { readonly transport: Transport; readonly observer: InformerObserver; readonly timing?: InformerTiming },
  ) {
    this.#source = source;
    this.#store = store;
    this.#transport = deps.transport;
    this.#observer = deps.observer;
    this.#timing = deps.timing ?? DEFAULT_TIMING;
  }

  get title(): string {
    return this.#source.title;
  }

  get rule(): Source<T>['rule'] {
    return this.#source.rule;
  }

  get namespace(): string | undefined {
    return this.#source.namespace;
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
    if (this.#version === undefined && !this.#streamedList) await this.#listPages(stop);
    const initial = this.#version === undefined ? new Map<string, T>() : undefined;
    const stream = await this.#transport.watch(this.#source.path, this.#watchQuery(), stop);
    let listing = initial;
    for await (const event of watchEvents(stream, this.#timing.idleMs)) {
      this.lastActivity = performance.now();
      if (listing === undefined) this.#take(event);
      else if (this.#takeInitial(event, listing)) listing = undefined;
    }
    if (listing !== undefined) throw new WatchProtocolError('the streamed list ended before its last object');
    if (performance.now() - begun < SHORTEST_WATCH_MS) throw new WatchProtocolError('the watch ended at once');
  }

  #watchQuery(): Record<string, string> {
    const seconds = Math.round(this.#timing.watchSeconds * (1 + Math.random()));
    const common = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(seconds),
      fieldSelector: this.#fieldSelector,
    };
    return this.#version === undefined
      ? { ...common, sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
      : { ...common, resourceVersion: this.#version };
  }

  get #fieldSelector(): string {
    return `metadata.name=${this.#source.rule.name}`;
  }

  /** @returns whether the list is complete */
  #takeInitial(event: WatchEvent, listing: Map<string, T>): boolean {
    if (event.type === 'ERROR') throw errorOf(event.status, this.#source.path);
    if (event.type !== 'BOOKMARK') {
      const object = this.#source.project(event.object);
      if (event.type === 'DELETED') listing.delete(object.namespace);
      else listing.set(object.namespace, object);
      return false;
    }
    if (event.object.metadata.annotations?.[INITIAL_EVENTS_END] !== 'true') return false;
    this.#listed([...listing.values()], event.object.metadata.resourceVersion);
    return true;
  }

  #take(event: WatchEvent): void {
    if (event.type === 'ERROR') throw errorOf(event.status, this.#source.path);
    if (event.type === 'DELETED') this.#store.delete(this.#source.project(event.object));
    else if (event.type !== 'BOOKMARK') this.#store.put(this.#source.project(event.object));
    this.#version = event.object.metadata.resourceVersion;
    this.#isWell();
  }

  async #listPages(stop: AbortSignal): Promise<void> {
    const objects: T[] = [];
    for (let query: Record<string, string> = { fieldSelector: this.#fieldSelector, limit: PAGE_SIZE }; ;) {
      const page = (await this.#transport.call({ method: 'GET', path: this.#source.path, query }, stop)) as Page;
      objects.push(...page.items.map((item) => this.#source.project(item)));
      const { resourceVersion, continue: next = '' } = page.metadata;
      if (next === '') {
        this.#listed(objects, resourceVersion);
        return;
      }
      query = { ...query, continue: next };
    }
  }

  #listed(objects: readonly T[], version: string): void {
    this.#store.replace(objects, this.#source.namespace);
    this.#version = version;
    this.#isWell();
    if (this.synced) return;
    this.synced = true;
    this.#firstSync.resolve(undefined);
    this.#observer.synced(this);
  }

  #isWell(): void {
    const recovered = this.problem !== undefined;
    this.#failures = 0;
    this.problem = undefined;
    this.problemSince = undefined;
    if (recovered && this.synced) this.#observer.synced(this);
  }

  async #recover(error: unknown, stop: AbortSignal): Promise<void> {
    if (stop.aborted) return;
    if (this.#version === undefined && this.#streamedList && isStreamedListRefused(error)) {
      this.#streamedList = false;
      return;
    }
    // A silent watch is not resumed: it may be waiting for a version that a restored server will not reach for days.
    if (error instanceof WatchIdleError || (error instanceof ApiError && error.isVersionUnusable)) {
      this.#version = undefined;
    }
    const waitMs = this.#failed(error);
    this.#observer.failed(this, error, waitMs);
    await delay(waitMs, undefined, { signal: stop }).catch(() => undefined);
  }

  /** @returns how long to wait before the next try, in milliseconds */
  #failed(error: unknown): number {
    this.#failures += 1;
    this.problem = error;
    this.problemSince ??= performance.now();
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(asked, backoffMs(this.#failures, this.#timing.backoff));
  }
}

interface Page {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly RawObject[];
}

/** Servers before 1.32, or with the feature gate WatchList off, refuse the parameters of a streamed list. */
function isStreamedListRefused(error: unknown): boolean {
  return (
    error instanceof WatchIdleError || (error instanceof ApiError && (error.status === 422 || error.status === 400))
  );
}

function errorOf(status: unknown, path: string): ApiError {
  const code = (status as { code?: unknown } | null | undefined)?.code;
  return new ApiError(`WATCH ${path}`, typeof code === 'number' ? code : 500, JSON.stringify(status ?? null));
}
