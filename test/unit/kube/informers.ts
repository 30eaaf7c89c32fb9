/** An informer at work against an API server double, and the objects and events that the double gives it. */
import { onTestFinished } from 'vitest';
import { Informer, type InformerTiming } from '../../../src/kube/informer.js';
import type { ListedBy, OnInformerEvent, WatchTarget } from '../../../src/kube/informer-state.js';
import { Store, type ObjectSink, type StoredObject } from '../../../src/kube/store.js';
import type { RawObject } from '../../../src/kube/watch-events.js';
import type { ApiServerDouble, Exchange, Received } from '../../support/api-server-double.js';
import { connect } from './connections.js';

export const PATH = '/apis/apps/v1/deployments';

export interface Stored extends StoredObject {
  readonly name: string;
  readonly label: string;
}

interface Raw extends RawObject {
  readonly metadata: RawObject['metadata'] & {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly label: string;
}

export function object(
  namespace: string,
  resourceVersion: string,
  more: { name?: string; uid?: string; label?: string } = {},
): Raw {
  const { name = 'one', uid = `uid-${namespace}`, label = '' } = more;
  return { metadata: { name, namespace, uid, resourceVersion }, label };
}

export const added = (...of: Parameters<typeof object>): object => ({ type: 'ADDED', object: object(...of) });
export const modified = (...of: Parameters<typeof object>): object => ({ type: 'MODIFIED', object: object(...of) });
export const deleted = (...of: Parameters<typeof object>): object => ({ type: 'DELETED', object: object(...of) });
export const bookmark = (resourceVersion: string): object => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion } },
});
export const initialEnd = (resourceVersion: string): object => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } } },
});
export const errorEvent = (status: object): object => ({ type: 'ERROR', object: { kind: 'Status', ...status } });

export type Step = (exchange: Exchange, request: Received) => void;

/** Answers one request after the other; the last step answers all further ones too. */
export function script(server: ApiServerDouble, ...steps: readonly Step[]): void {
  let next = 0;
  server.handler = (request, exchange) => {
    steps[Math.min(next, steps.length - 1)]!(exchange, request);
    next += 1;
  };
}

/** A streamed list that stays open as a watch. */
export const streamedList =
  (version: string, ...objects: readonly Raw[]): Step =>
  (exchange) =>
    exchange.events(...objects.map((one) => ({ type: 'ADDED', object: one })), initialEnd(version));

export const quiet: Step = (exchange) => exchange.push();

export interface Running {
  readonly server: ApiServerDouble;
  readonly store: Store<Stored>;
  readonly informer: Informer<Stored>;
  readonly changes: string[];
  readonly failures: { readonly error: Error; readonly retryInMs: number }[];
  /** Objects that were reported as not readable, and why. */
  readonly unreadable: string[];
  /** How often it reported that it is synced. */
  readonly synced: () => number;
  /** By what the complete lists came that it reported. */
  readonly listed: readonly ListedBy[];
  /** How often it reported that a watch was closed in order. */
  readonly closed: () => number;
  readonly stop: () => Promise<void>;
}

export interface RunOptions {
  readonly timing?: Partial<InformerTiming>;
  readonly namespace?: string;
  readonly store?: Store<Stored>;
  readonly timeoutMs?: number;
  readonly project?: (raw: RawObject) => Stored | undefined;
  readonly fieldSelector?: string;
  readonly optional?: boolean;
  /** Of all names, into a store of the test's. */
  readonly sink?: ObjectSink<Stored>;
}

export function project(raw: RawObject): Stored {
  const { metadata, label } = raw as Raw;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    label,
  };
}

const firstSyncs = new WeakMap<Informer<Stored>, Promise<undefined>>();

/** Resolves when the informer reports for the first time that its store is complete. */
export async function firstSync(informer: Informer<Stored>): Promise<void> {
  await firstSyncs.get(informer);
}

/** Starts an informer; it is stopped at the end of the test, and may be before. */
export async function runInformer(steps: readonly Step[], options: RunOptions = {}): Promise<Running> {
  const { server, transport } = await connect(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs });
  script(server, ...steps);
  const changes: string[] = [];
  const failures: { error: Error; retryInMs: number }[] = [];
  const store = options.store ?? new Store<Stored>((namespace) => changes.push(namespace));
  const listed: ListedBy[] = [];
  const unreadable: string[] = [];
  const counts = { Synced: 0, Closed: 0 };
  const first = Promise.withResolvers<undefined>();
  const source: WatchTarget<Stored> = {
    title: 'Deployment one',
    rule: { group: 'apps', resource: 'deployments', ...(options.sink === undefined ? { name: 'one' } : {}) },
    ...(options.optional === undefined ? {} : { optional: options.optional }),
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    path: PATH,
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
    project: options.project ?? project,
  };
  const onEvent: OnInformerEvent = (_, event) => {
    switch (event.type) {
      case 'Failed':
        failures.push({ error: event.error as Error, retryInMs: event.retryInMs });
        break;
      case 'Listed':
        listed.push(event.by);
        break;
      case 'Unreadable':
        unreadable.push(`${event.object}: ${String(event.error)}`);
        break;
      case 'Synced':
        first.resolve(undefined);
        counts.Synced += 1;
        break;
      case 'Closed':
        counts.Closed += 1;
    }
  };
  const timing = {
    idleMs: 5_000,
    listIdleMs: 5_000,
    backoff: { baseMs: 5, maxMs: 20 },
    watchSeconds: 300,
    absentMs: 60,
    ...options.timing,
  };
  const informer = new Informer(source, options.sink ?? store, { transport, onEvent, timing });
  firstSyncs.set(informer, first.promise);
  const stopping = new AbortController();
  const running = informer.run(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  onTestFinished(stop);
  return {
    server,
    store,
    informer,
    changes,
    failures,
    unreadable,
    synced: () => counts.Synced,
    listed,
    closed: () => counts.Closed,
    stop,
  };
}

/** The versions that the watches were resumed from; `list` where a list was asked for. */
export function begun(server: ApiServerDouble): string[] {
  return server.requests.map(({ query }) => query.resourceVersion ?? 'list');
}
