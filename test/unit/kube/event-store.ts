/** An EventRecorder, its clock and timers in the test's hands, and an API server double that stores events. */
import { onTestFinished, vi } from 'vitest';
import type { EventSpec } from '../../../src/domain/report/events.js';
import type { ObjectReference } from '../../../src/kube/event-series.js';
import { EventRecorder } from '../../../src/kube/events.js';
import type { ApiServerDouble, Exchange, Received } from '../../support/api-server-double.js';
import { connect } from './connections.js';

export const OWNER: ObjectReference = {
  apiVersion: 'csiports.io/v1alpha1',
  kind: 'CSIPortAssignment',
  namespace: 'rook-ceph',
  name: 'default',
  uid: 'uid-1',
};
export const WORKLOAD: ObjectReference = {
  ...OWNER,
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  name: 'plugin',
  uid: 'uid-2',
};
export const MOVED: EventSpec = {
  type: 'Normal',
  reason: 'PortAssigned',
  action: 'PatchWorkload',
  note: '9070 -> 9072',
};

export interface StoredEvent {
  readonly metadata: { readonly name: string };
  readonly reason: string;
  readonly note: string;
  readonly eventTime: string;
  readonly regarding: ObjectReference;
  readonly reportingInstance: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

export interface EventStore {
  readonly server: ApiServerDouble;
  readonly recorder: EventRecorder;
  /** What the API server has, by path. */
  readonly stored: Map<string, StoredEvent>;
  readonly lost: string[];
  /** Of the work queue. */
  readonly queue: { repairsWait: boolean };
  /** Does with a request what an API server does. */
  readonly store: (request: Received, exchange: Pick<Exchange, 'json' | 'reject'>) => void;
  /** "POST", or "PATCH 2" with the count, in order. */
  readonly requests: () => string[];
  /** Lets time pass, and the requests that it brings get their responses. */
  readonly pass: (milliseconds: number) => Promise<void>;
}

const STEP_MS = 60_000;
/** No request times out while the test's clock steps. */
const TIMEOUT_MS = 24 * 3_600_000;

/** Begins at ten o'clock. */
export async function startEventStore(instance = 'pod-1'): Promise<EventStore> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.UTC(2026, 10, 22, 10, 0, 0, 7) });
  onTestFinished(() => void vi.useRealTimers());
  const { server, transport } = await connect({ plain: true, timeoutMs: TIMEOUT_MS });
  const stored = new Map<string, StoredEvent>();
  const lost: string[] = [];
  const queue = { repairsWait: false };
  const store = storeIn(stored);
  server.handler = store;
  let open = 0;
  const call: typeof transport.call = async (request) => {
    open += 1;
    return transport.call(request).finally(() => (open -= 1));
  };
  const onLost = (reason: string, error: unknown): void => void lost.push(`${reason}: ${(error as Error).message}`);
  const repairsWait = (): boolean => queue.repairsWait;
  const options = { controller: 'csiports.io/test', instance, now: () => new Date(), onLost, repairsWait };
  return {
    server,
    recorder: new EventRecorder({ call }, options),
    stored,
    lost,
    queue,
    store,
    requests: () =>
      server.requests.map(({ method, body }) => {
        const { series } = JSON.parse(body) as Partial<StoredEvent>;
        return series === undefined ? method : `${method} ${series.count}`;
      }),
    pass: async (milliseconds) => {
      for (let left = milliseconds; left > 0; left -= STEP_MS) {
        await vi.advanceTimersByTimeAsync(Math.min(left, STEP_MS));
        do await new Promise((resolve) => setImmediate(resolve));
        while (open > 0);
      }
    },
  };
}

function storeIn(stored: Map<string, StoredEvent>): EventStore['store'] {
  return ({ method, path, body }, exchange) => {
    const sent = JSON.parse(body) as StoredEvent;
    const at = method === 'POST' ? `${path}/${sent.metadata.name}` : path;
    const before = stored.get(at);
    if (method === 'POST' && before !== undefined) exchange.reject(409, 'AlreadyExists');
    else if (method === 'PATCH' && before === undefined) exchange.reject(404, 'NotFound');
    else {
      stored.set(at, { ...before, ...sent });
      exchange.json(before === undefined ? 201 : 200, {});
    }
  };
}
