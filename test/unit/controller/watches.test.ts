/** Which watches are open, when a namespace waits for them, and what is observed through them. */
import { expect, onTestFinished, test } from 'vitest';
import { Watches } from '../../../src/controller/watches.js';
import { SLOT_SPECS } from '../../../src/domain/rules/slots.js';
import { connect, eventually } from '../kube/connections.js';
import { WatchedObjects } from './watched-objects.js';
import type { ApiServerDouble } from '../../support/api-server-double.js';

const NAMESPACE = 'rook-ceph';
/** A name for each slot, the assignment, Rook and its settings; and the Drivers. */
const WATCHES = SLOT_SPECS.length + 4;
const NAMED = [
  'configmaps rook-ceph-operator-config',
  'csiportassignments default',
  'deployments rook-ceph-operator',
  ...SLOT_SPECS.map(({ kind, workload }) => `${kind.toLowerCase()}s ${workload}`),
].sort();
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
  expect(open.objects.watched).toEqual(NAMED);
  expect(open.server.requests).toHaveLength(WATCHES);
  expect(open.server.requests.filter(({ path }) => path === '/apis/csi.ceph.io/v1/drivers')).toHaveLength(1);
  expect(open.watches.observe(NAMESPACE)).toMatchObject({ hasDrivers: false });
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
  expect(open.objects.watched).toEqual([...NAMED, 'drivers'].sort());
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

test('a Driver counts if its pods have the sidecar, and each change of one is reported', async () => {
  const open = await bench({ drivers: [NFS] });
  await synced(open);
  expect(open.watches.observe(NAMESPACE)).toMatchObject({ hasDrivers: false });
  open.changed.length = 0;
  open.objects.put('drivers', { namespace: NAMESPACE, name: RBD });
  await eventually(() => open.changed).toEqual([NAMESPACE]);
  expect(open.watches.observe(NAMESPACE)).toMatchObject({ hasDrivers: true });
  open.objects.remove('drivers', NAMESPACE, RBD);
  await eventually(() => open.changed).toEqual([NAMESPACE, NAMESPACE]);
  expect(open.watches.observe(NAMESPACE)).toMatchObject({ hasDrivers: false });
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
  await eventually(() => open.objects.watched).toEqual(NAMED);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(open.watches.ensureSynced(NAMESPACE)).toBe(false);
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
});
