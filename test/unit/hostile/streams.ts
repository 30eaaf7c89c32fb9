/** The operator's own watches on an API server double that keeps every stream open and sends what the test says. */
import { onTestFinished } from 'vitest';
import { Watches } from '../../../src/controller/watches.js';
import type { OnInformerEvent } from '../../../src/kube/informer-state.js';
import { SLOT_SPECS } from '../../../src/domain/rules/slots.js';
import type { Exchange } from '../../support/api-server-double.js';
import { connect, eventually } from '../kube/connections.js';

export interface Streams {
  readonly watches: Watches;
  /** What the informers reported: failures of watches, and objects that could not be read. */
  readonly failed: string[];
  readonly unreadable: string[];
  /**
   * Sends objects, or the JSON of one, on the stream of those of this name, as an API server would: each in a line. Resolves
   * when a sound object behind them has been taken up.
   */
  readonly send: (name: string, ...objects: readonly (object | string)[]) => Promise<void>;
}

const MARKER = 'marker';

export async function openStreams(): Promise<Streams> {
  const { server, transport } = await connect();
  const streams = new Map<string, Exchange>();
  server.handler = ({ query }, exchange) => {
    const name = query.fieldSelector?.replace('metadata.name=', '');
    if (name !== undefined) streams.set(name, exchange);
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    exchange.events({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '1', annotations } } });
  };
  const failed: string[] = [];
  const unreadable: string[] = [];
  const onEvent: OnInformerEvent = ({ title }, event) => {
    if (event.type === 'Failed') failed.push(`${title}: ${String(event.error)}`);
    if (event.type === 'Unreadable') unreadable.push(`${event.object}: ${String(event.error)}`);
  };
  const ignore = (): undefined => undefined;
  const watches = new Watches({ namespaces: [], transport, onEvent, enqueue: ignore });
  const stopping = new AbortController();
  const running = watches.run(stopping.signal);
  onTestFinished(async () => {
    stopping.abort();
    await running;
  });
  await eventually(() => watches.states.every(({ synced }) => synced)).toBe(true);

  const versionIn = (namespace: string): string | undefined =>
    [watches.assignments, watches.rookConfigs, watches.rookOperators, ...Object.values(watches.workloads)]
      .flatMap((store) => store.get(namespace)?.resourceVersion ?? [])
      .at(0);
  let markers = 1000;
  const send = async (name: string, ...objects: readonly (object | string)[]): Promise<void> => {
    markers += 1;
    const namespace = `${MARKER}-${markers}`;
    const metadata = { namespace, name, uid: namespace, resourceVersion: String(markers) };
    const marker = { metadata, spec: { template: { spec: { containers: [] } } } };
    const json = [...objects, marker].map((object) => (typeof object === 'string' ? object : JSON.stringify(object)));
    streams.get(name)!.push(json.map((object) => `{"type":"MODIFIED","object":${object}}\n`).join(''));
    await eventually(() => versionIn(namespace), { interval: 1 }).toBe(String(markers));
    streams.get(name)!.events({ type: 'DELETED', object: marker });
  };
  return { watches, failed, unreadable, send };
}

/** By the kinds that are watched. */
export const WATCHED_NAMES = [
  ...SLOT_SPECS.map(({ workload }) => workload),
  'rook-ceph-operator-config',
  'rook-ceph-operator',
  'default',
];
