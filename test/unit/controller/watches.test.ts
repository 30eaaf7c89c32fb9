/** Which watches are open, when a namespace waits for them, and what is observed through them. */
import { expect, onTestFinished, test } from 'vitest';
import { Watches } from '../../../src/controller/watches.js';
import { SLOT_SPECS } from '../../../src/domain/rules/slots.js';
import { connect, eventually } from '../kube/connections.js';
import { WatchedObjects } from './watched-objects.js';
import type { ApiServerDouble } from '../../support/api-server-double.js';

const NAMESPACE = 'rook-ceph';
/** A name for each slot, the assignment, Rook and its settings; the Drivers and the pods. */
const WATCHES = SLOT_SPECS.length + 5;
const NAMED = [
  'configmaps rook-ceph-operator-config',
  'csiportassignments default',
  'deployments rook-ceph-operator',
  ...SLOT_SPECS.map(({ kind, workload }) => `${kind.toLowerCase()}s ${workload}`),
].sort();
const WITHOUT_DRIVERS = [...NAMED, 'pods'].sort();
const ROOK_CONFIG = 'rook-ceph-operator-config';
const TRIO = NAMED.filter((watched) => watched.includes('plugin'));
const RBD = `${NAMESPACE}.rbd.csi.ceph.com`;
const NFS = `${NAMESPACE}.nfs.csi.ceph.com`;

interface Bench {
  readonly server: ApiServerDouble;
  readonly objects: WatchedObjects;
  readonly watches: Watches;
  /** Namespaces that were reported as changed. */
  readonly changed: string[];
  readonly warnings: string[];
  readonly stop: () => Promise<void>;
}

interface BenchOptions {
  /** Of ceph-csi-operator; default: its CRD is not installed. */
  readonly drivers?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly prepare?: (objects: WatchedObjects) => void;
}

async function bench({ drivers, namespaces = [], prepare }: BenchOptions = {}): Promise<Bench> {
  const { server, transport } = await connect();
  const objects = new WatchedObjects(server);
  objects.put('csiportassignments', { namespace: NAMESPACE, name: 'default' }, { spec: {} });
  objects.put('configmaps', { namespace: NAMESPACE, name: ROOK_CONFIG });
  for (const workload of TRIO) putWorkload(objects, workload);
  if (drivers === undefined) objects.rejections.set('drivers', 404);
  for (const name of drivers ?? []) objects.put('drivers', { namespace: NAMESPACE, name });
  prepare?.(objects);
  const changed: string[] = [];
  const warnings: string[] = [];
  const watches = new Watches({
    namespaces,
    transport,
    onEvent: ({ title }, { type }) => {
      if (type === 'Failed') warnings.push(title);
    },
    enqueue: (namespace) => void changed.push(namespace),
  });
  const stopping = new AbortController();
  const running = watches.run(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  onTestFinished(stop);
  return { server, objects, watches, changed, warnings, stop };
}

function putWorkload(objects: WatchedObjects, watched: string): void {
  const [plural, name] = watched.split(' ') as [string, string];
  objects.put(plural, { namespace: NAMESPACE, name }, { spec: { template: {} } });
}

/** As the work queue does: until the namespace is synced. */
async function synced({ watches }: Bench): Promise<void> {
  await eventually(() => watches.ensureSynced(NAMESPACE)).toBe(true);
}

test('without ceph-csi-operator the names are watched, and there is one request for Drivers', async () => {
  const open = await bench();
  await synced(open);
  expect(open.objects.watched).toEqual(WITHOUT_DRIVERS);
  expect(open.server.requests).toHaveLength(WATCHES);
  expect(open.server.requests.filter(({ path }) => path === '/apis/csi.ceph.io/v1/drivers')).toHaveLength(1);
  expect(open.watches.observe(NAMESPACE)).toMatchObject({ drivers: [] });
  expect(open.warnings).toEqual([]);
});

test('no watch is opened for what appears: there are as many, whatever the cluster holds', async () => {
  const open = await bench({ drivers: [RBD] });
  await synced(open);
  open.objects.remove('daemonsets', NAMESPACE, 'csi-rbdplugin');
  open.objects.put('drivers', { namespace: 'other', name: 'other.rbd.csi.ceph.com' });
  await eventually(() => open.watches.drivers.in('other')).toHaveLength(1);
  await eventually(() => open.watches.workloads.rbdNodePlugin.get(NAMESPACE)).toBeUndefined();
  await synced(open);
  expect(open.objects.watched).toEqual([...WITHOUT_DRIVERS, 'drivers'].sort());
  expect(open.server.requests).toHaveLength(WATCHES);
  expect(open.watches.states).toHaveLength(WATCHES);
});

test('what is observed is all that is stored of the namespace', async () => {
  const open = await bench();
  await synced(open);
  const { assignment, rookConfig, rookOperator, workloads } = open.watches.observe(NAMESPACE)!;
  expect(assignment).toMatchObject({ namespace: NAMESPACE, name: 'default' });
  expect(rookConfig).toMatchObject({ name: ROOK_CONFIG });
  expect(rookOperator).toBeUndefined();
  expect(
    Object.values(workloads)
      .map(({ kind, name }) => `${kind.toLowerCase()}s ${name}`)
      .sort(),
  ).toEqual(TRIO);
  expect(open.watches.observe('other')).toBeUndefined();
});

test('an assignment that is being deleted counts as none', async () => {
  const open = await bench();
  await synced(open);
  const deleting = { namespace: NAMESPACE, name: 'default', deletionTimestamp: '2026-11-28T10:00:00Z' };
  open.objects.put('csiportassignments', deleting, { spec: {} });
  await eventually(() => open.watches.assignments.get(NAMESPACE)?.deleting).toBe(true);
  expect(open.watches.observe(NAMESPACE)).toBeUndefined();
});

test('the Drivers of a namespace are observed, and each change of one is reported', async () => {
  const open = await bench({ drivers: [NFS] });
  await synced(open);
  const drivers = (): string[] => open.watches.observe(NAMESPACE)!.drivers.map(({ name }) => name);
  expect(drivers()).toEqual([NFS]);
  open.changed.length = 0;
  open.objects.put('drivers', { namespace: NAMESPACE, name: RBD });
  await eventually(() => open.changed).toEqual([NAMESPACE]);
  expect(drivers()).toEqual([NFS, RBD]);
  open.objects.remove('drivers', NAMESPACE, NFS);
  await eventually(() => open.changed).toEqual([NAMESPACE, NAMESPACE]);
  expect(drivers()).toEqual([RBD]);
});

test('a namespace waits for a watch that is opening, and is reported when it has opened', async () => {
  const open = await bench({ prepare: ({ rejections }) => rejections.set('csi-rbdplugin', 'never') });
  await eventually(() => open.objects.watched).toHaveLength(WATCHES - 2);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(open.watches.ensureSynced(NAMESPACE)).toBe(false);
  open.changed.length = 0;
  open.objects.rejections.delete('csi-rbdplugin');
  open.server.cutAll();
  await synced(open);
  expect(open.changed).toContain(NAMESPACE);
});

test.each([403, 500] as const)(
  'it does not wait for Drivers that are rejected with %d: no namespace depends on them',
  async (code) => {
    const open = await bench({ prepare: ({ rejections }) => rejections.set('drivers', code) });
    await synced(open);
    open.changed.length = 0;
    // The second try comes after less than a second.
    await eventually(() => open.warnings).toEqual(['Drivers of ceph-csi-operator', 'Drivers of ceph-csi-operator']);
    expect(open.changed).toEqual([]);
  },
);

test('it waits for the Drivers while their list is on its way', async () => {
  const open = await bench({ prepare: ({ rejections }) => rejections.set('drivers', 'never') });
  await eventually(() => open.objects.watched).toEqual(WITHOUT_DRIVERS);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(open.watches.ensureSynced(NAMESPACE)).toBe(false);
});

const PODS = 'Pods on the host network';

function putPod(objects: WatchedObjects, name: string, port: number, more: object = {}): void {
  const containers = [{ name: 'agent', ports: [{ containerPort: port }] }];
  const metadata = { namespace: 'stranger', name, creationTimestamp: '2026-11-30T10:00:00Z' };
  objects.put('pods', metadata, { spec: { hostNetwork: true, nodeName: 'n1', containers }, ...more });
}

test('pods on the host network are observed, and each change that touches a claim is reported', async () => {
  const open = await bench({ prepare: (objects) => putPod(objects, 'one', 9070) });
  await synced(open);
  const { pods } = open.watches.observe(NAMESPACE)!;
  expect([...pods!.withPort(9070)].map(({ name }) => name)).toEqual(['one']);
  const request = open.server.requests.find(({ path }) => path === '/api/v1/pods');
  expect(request?.query.fieldSelector).toBe('spec.hostNetwork=true');

  open.changed.length = 0;
  putPod(open.objects, 'far', 12_000);
  putPod(open.objects, 'one', 9070, { status: { phase: 'Running' } });
  putPod(open.objects, 'one', 9071);
  await eventually(() => pods!.withPort(9071).size).toBe(1);
  expect(open.changed).toEqual([NAMESPACE]);
  expect(pods!.withPort(9070).size).toBe(0);

  putPod(open.objects, 'one', 9071, { status: { phase: 'Succeeded' } });
  await eventually(() => pods!.withPort(9071).size).toBe(0);
  open.objects.remove('pods', 'stranger', 'far');
  await eventually(() => pods!.withPort(12_000).size).toBe(0);
  expect(open.changed).toEqual([NAMESPACE, NAMESPACE]);
});

test('without the right to list pods a namespace does not wait, and observes none; granted, it is reported', async () => {
  const open = await bench({
    prepare: (objects) => {
      objects.rejections.set('pods', 403);
      putPod(objects, 'one', 9070);
    },
  });
  await synced(open);
  expect(open.watches.podsKnown(NAMESPACE)).toBe(false);
  expect(open.watches.observe(NAMESPACE)).not.toHaveProperty('pods');
  open.changed.length = 0;
  open.objects.rejections.delete('pods');
  await eventually(() => open.watches.podsKnown(NAMESPACE)).toBe(true);
  expect(open.changed).toEqual([NAMESPACE]);
  expect(open.watches.observe(NAMESPACE)?.pods?.withPort(9070).size).toBe(1);
});

test('a right that is taken is reported, and what was known until then is observed no more', async () => {
  const open = await bench({ prepare: (objects) => putPod(objects, 'one', 9070) });
  await synced(open);
  open.changed.length = 0;
  open.objects.rejections.set('pods', 403);
  open.server.cutAll();
  await eventually(() => open.watches.podsKnown(NAMESPACE)).toBe(false);
  expect(open.watches.observe(NAMESPACE)).not.toHaveProperty('pods');
  expect(open.changed).toContain(NAMESPACE);
});

test('pods that fail otherwise are observed as they were known last', async () => {
  const open = await bench({ prepare: (objects) => putPod(objects, 'one', 9070) });
  await synced(open);
  open.objects.rejections.set('pods', 500);
  open.server.cutAll();
  await eventually(() => open.warnings.filter((title) => title === PODS)).toHaveLength(2);
  expect(open.watches.observe(NAMESPACE)?.pods?.withPort(9070).size).toBe(1);
});

test('a first list of pods that fails is waited for, and what it brings counts', async () => {
  const prepare = (objects: WatchedObjects): void => {
    putPod(objects, 'one', 9070);
    objects.rejections.set('pods', 500);
  };
  const open = await bench({ prepare });
  await eventually(() => open.warnings.filter((title) => title === PODS)).toHaveLength(2);
  expect(open.watches.ensureSynced(NAMESPACE)).toBe(false);
  open.objects.rejections.delete('pods');
  await synced(open);
  expect(open.watches.observe(NAMESPACE)?.pods?.withPort(9070).size).toBe(1);
});

test('a list of pods that goes on failing is waited for no longer', { timeout: 60_000 }, async () => {
  const open = await bench({ prepare: ({ rejections }) => rejections.set('pods', 500) });
  await eventually(() => open.watches.ensureSynced(NAMESPACE), { timeout: 40_000 }).toBe(true);
  expect(open.watches.observe(NAMESPACE)?.pods).toBeUndefined();
  expect(open.changed).toContain(NAMESPACE);
});

test('it waits for the pods while their list is on its way', async () => {
  const open = await bench({ prepare: ({ rejections }) => rejections.set('pods', 'never') });
  await eventually(() => open.objects.watched).toEqual(NAMED);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(open.watches.ensureSynced(NAMESPACE)).toBe(false);
});

/** A Rook whose node plugin has a pod on each of the nodes. */
function putRook(objects: WatchedObjects, namespace: string, nodes: readonly string[]): void {
  const containers = [{ name: 'csi-addons', args: ['--controller-port=9070'] }];
  const name = 'csi-rbdplugin';
  objects.put('csiportassignments', { namespace, name: 'default' }, { spec: {} });
  objects.put('daemonsets', { namespace, name }, { spec: { template: { spec: { hostNetwork: true, containers } } } });
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name, uid: 'u', controller: true }];
  const creationTimestamp = '2026-11-30T10:00:00Z';
  for (const nodeName of nodes) {
    const metadata = { namespace, name: `${name}-${nodeName}`, creationTimestamp, ownerReferences };
    objects.put('pods', metadata, { spec: { hostNetwork: true, nodeName, containers } });
  }
}

/** One and two share a node, two and three another one; far has its own. Lost has an assignment and no Rook. */
function putRooks(objects: WatchedObjects): void {
  putRook(objects, 'one', ['n1']);
  putRook(objects, 'two', ['n1', 'n2']);
  putRook(objects, 'three', ['n2']);
  putRook(objects, 'far', ['n9']);
  objects.put('csiportassignments', { namespace: 'lost', name: 'default' }, { spec: {} });
}

async function changedBy({ changed, objects }: Bench, change: (objects: WatchedObjects) => void): Promise<string[]> {
  changed.length = 0;
  change(objects);
  await eventually(() => changed.length).toBeGreaterThan(0);
  return [...new Set(changed)].sort();
}

test('Rooks on the same nodes are observed, with those that share nodes with them in turn; without a Rook, where one is', async () => {
  const open = await bench({ prepare: putRooks });
  await synced(open);
  const others = (namespace: string): string[] =>
    open.watches
      .observe(namespace)!
      .others.map((other) => other.namespace)
      .sort();
  expect(['one', 'two', 'three', 'far', NAMESPACE].map(others)).toEqual([
    ['three', 'two'],
    ['one', 'three'],
    ['one', 'two'],
    [],
    [],
  ]);
  const rooksElsewhere = ['far', 'one', NAMESPACE, 'three', 'two'];
  expect(open.watches.observe('lost')).toMatchObject({ others: [], rooksElsewhere });
  expect(open.watches.observe('one')).toMatchObject({ rooksElsewhere: [] });
});

test.each<[string, (objects: WatchedObjects) => void, string[]]>([
  [
    'workload',
    (objects) => objects.put('daemonsets', { namespace: 'one', name: 'csi-rbdplugin' }, { spec: { template: {} } }),
    ['lost', 'one', 'three', 'two'],
  ],
  [
    'Rook operator',
    (objects) =>
      objects.put('deployments', { namespace: 'far', name: 'rook-ceph-operator' }, { spec: { template: {} } }),
    ['far', 'lost'],
  ],
  [
    'ConfigMap',
    (objects) => objects.put('configmaps', { namespace: 'one', name: ROOK_CONFIG }),
    ['one', 'three', 'two'],
  ],
  [
    'assignment',
    (objects) => objects.put('csiportassignments', { namespace: 'one', name: 'default' }, { spec: { mode: 'Paused' } }),
    ['one', 'three', 'two'],
  ],
  [
    'assignment that goes',
    (objects) => objects.remove('csiportassignments', 'two', 'default'),
    ['one', 'three', 'two'],
  ],
  ['Driver', (objects) => objects.put('drivers', { namespace: 'one', name: 'one.rbd.csi.ceph.com' }), ['one']],
])('a change of the %s is reported to all whom it concerns', async (_, change, expected) => {
  const open = await bench({ drivers: [RBD], prepare: putRooks });
  await synced(open);
  expect(await changedBy(open, change)).toEqual(expected);
});

test('where pods cannot be listed, Rooks for which the ports would not suffice count as alone', async () => {
  const open = await bench({
    prepare: (objects) => {
      for (let number = 0; number < 9; number += 1) putRook(objects, `rook-${number}`, []);
      objects.rejections.set('pods', 403);
    },
  });
  await synced(open);
  expect(open.watches.observe('rook-1')!.others).toEqual([]);
  open.objects.remove('daemonsets', 'rook-2', 'csi-rbdplugin');
  await eventually(() => open.watches.observe('rook-1')!.others).toHaveLength(8);
});

test('where pods cannot be listed, any two Rooks may share nodes', async () => {
  const open = await bench({
    prepare: (objects) => {
      putRooks(objects);
      objects.rejections.set('pods', 403);
    },
  });
  await synced(open);
  const others = open.watches.observe('far')!.others.map(({ namespace }) => namespace);
  expect(others.sort()).toEqual(['one', NAMESPACE, 'three', 'two']);
  const configure = (objects: WatchedObjects): void => {
    objects.put('configmaps', { namespace: 'far', name: ROOK_CONFIG });
  };
  expect(await changedBy(open, configure)).toEqual(['far', 'one', NAMESPACE, 'three', 'two']);
});

test('stop ends all watches', async () => {
  const open = await bench();
  await synced(open);
  await open.stop();
  await eventually(() => open.objects.watched).toEqual([]);
});

test('with a list of namespaces each is watched, and waited for, on its own', async () => {
  const never = ({ rejections }: WatchedObjects): unknown => rejections.set('other/csi-rbdplugin', 'never');
  const open = await bench({ namespaces: [NAMESPACE, 'other'], drivers: [RBD], prepare: never });
  await synced(open);
  const paths = open.server.requests.map(({ path }) => path).filter((path) => path.endsWith('/drivers'));
  expect(paths).toEqual(
    [NAMESPACE, 'other'].map((namespace) => `/apis/csi.ceph.io/v1/namespaces/${namespace}/drivers`),
  );
  expect(open.watches.states).toHaveLength(2 * WATCHES);
  await eventually(() => open.objects.watched).toHaveLength(2 * WATCHES - 1);
  expect(open.watches.ensureSynced('other')).toBe(false);
  expect([NAMESPACE, 'other', 'third'].map((namespace) => open.watches.podsKnown(namespace))).toEqual([
    true,
    true,
    false,
  ]);
});
