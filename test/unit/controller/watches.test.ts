/** Which watches are open, when a namespace waits for them, and what is seen through those of ceph-csi-operator. */
import { expect, onTestFinished, test } from 'vitest';
import { MAX_WATCHES } from '../../../src/controller/upstream-watches.js';
import { Watches } from '../../../src/controller/watches.js';
import { connect, eventually } from '../kube/connections.js';
import { WatchedObjects } from './watched-objects.js';
import type { ApiServerDouble } from '../../support/api-server-double.js';

const NAMESPACE = 'rook-ceph';
const STATIC = [
  'configmaps rook-ceph-operator-config',
  'csiportassignments default',
  'daemonsets csi-rbdplugin',
  'deployments csi-cephfsplugin-provisioner',
  'deployments csi-rbdplugin-provisioner',
  'deployments rook-ceph-operator',
];
const ROOK_CONFIG = 'rook-ceph-operator-config';
const TRIO = STATIC.filter((watched) => watched.includes('plugin'));
const RBD = `${NAMESPACE}.rbd.csi.ceph.com`;

/** The three that are watched for a driver. */
function watchesOf(driver: string): string[] {
  return [
    `daemonsets ${driver}-nodeplugin`,
    `daemonsets ${driver}-nodeplugin-csi-addons`,
    `deployments ${driver}-ctrlplugin`,
  ];
}

const DEFAULTS = ['rbd', 'cephfs', 'nvmeof'].flatMap((type) => watchesOf(`${NAMESPACE}.${type}.csi.ceph.com`));
const DRIVER_OWNED = { ownerReferences: [{ apiVersion: 'csi.ceph.io/v1', kind: 'Driver', name: RBD, uid: 'u' }] };

interface Bench {
  readonly server: ApiServerDouble;
  readonly objects: WatchedObjects;
  readonly watches: Watches;
  /** Namespaces that were told of. */
  readonly told: string[];
  /** Namespaces in which there was no room. */
  readonly crowded: string[];
  readonly warnings: string[];
  readonly ended: string[];
  readonly stop: () => Promise<void>;
  /** Watched beside the six names. */
  readonly extra: () => string[];
}

interface BenchOptions {
  /** Of ceph-csi-operator; default: its CRD is not installed. */
  readonly drivers?: readonly string[];
  /** Rook's own workloads; default: all three. */
  readonly own?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly prepare?: (objects: WatchedObjects) => void;
}

async function bench({ drivers, own = TRIO, namespaces = [], prepare }: BenchOptions = {}): Promise<Bench> {
  const { server, transport } = await connect();
  const objects = new WatchedObjects(server);
  putRookWithoutWorkloads(objects, NAMESPACE);
  for (const workload of own) putWorkload(objects, workload);
  if (drivers === undefined) objects.rejections.set('drivers', 404);
  for (const name of drivers ?? []) objects.put('drivers', { namespace: NAMESPACE, name });
  prepare?.(objects);
  const told: string[] = [];
  const crowded: string[] = [];
  const warnings: string[] = [];
  const ended: string[] = [];
  const watches = new Watches({
    namespaces,
    transport,
    onEvent: ({ title }, { type }) => {
      if (type === 'Failed') warnings.push(title);
      if (type === 'Ended') ended.push(title);
    },
    onChange: (namespace) => void told.push(namespace),
    onCrowded: (namespace) => void crowded.push(namespace),
  });
  const stopping = new AbortController();
  const running = watches.run(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  onTestFinished(stop);
  const extra = (): string[] => objects.watched.filter((watched) => !STATIC.includes(watched));
  return { server, objects, watches, told, crowded, warnings, ended, stop, extra };
}

/** Where that is all, nine are watched. */
function putRookWithoutWorkloads(objects: WatchedObjects, namespace: string): void {
  objects.put('csiportassignments', { namespace, name: 'default' }, { spec: {} });
  objects.put('configmaps', { namespace, name: ROOK_CONFIG });
}

function putWorkload(objects: WatchedObjects, watched: string, metadata: object = {}): void {
  const [plural, name] = watched.split(' ') as [string, string];
  objects.put(plural, { ...metadata, namespace: NAMESPACE, name }, { spec: { template: {} } });
}

/** As the work queue does: whenever the namespace is told of, and until it is known. */
async function prepared({ watches }: Bench): Promise<void> {
  await eventually(() => watches.prepare(NAMESPACE)).toBe(true);
}

const upstream = ({ watches }: Bench): string[] =>
  watches.observe(NAMESPACE)!.upstream!.map(({ kind, name }) => `${kind} ${name}`);

test("with Rook's own three workloads and no ceph-csi-operator it is the six names and one question for Drivers", async () => {
  const open = await bench();
  await prepared(open);
  await prepared(open);
  expect(open.objects.watched).toEqual(STATIC);
  expect(open.server.requests).toHaveLength(7);
  expect(open.server.requests.filter(({ path }) => path === '/apis/csi.ceph.io/v1/drivers')).toHaveLength(1);
  expect(upstream(open)).toEqual([]);
  expect(open.warnings).toEqual([]);
});

test.each(['configmaps rook-ceph-operator-config', 'deployments rook-ceph-operator'])(
  'in a namespace without a Rook no driver is guessed at: with %s there is one',
  async (trace) => {
    const open = await bench({ own: [], prepare: (objects) => objects.remove('configmaps', NAMESPACE, ROOK_CONFIG) });
    await prepared(open);
    expect(open.extra()).toEqual([]);
    putWorkload(open.objects, trace);
    await eventually(() => open.watches.prepare(NAMESPACE) && open.extra()).toEqual([...DEFAULTS].sort());
  },
);

test("where one of Rook's workloads is absent, the drivers have the names that Rook gives them", async () => {
  const open = await bench({ own: TRIO.slice(1) });
  await prepared(open);
  expect(open.extra()).toEqual([...DEFAULTS].sort());
  expect(open.server.requests).toHaveLength(16);
  expect(open.watches.states.filter(({ namespace }) => namespace === NAMESPACE)).toHaveLength(9);
});

test("where there are Drivers, they name the workloads, also beside Rook's own three", async () => {
  const drivers = [RBD, `${NAMESPACE}.nfs.csi.ceph.com`, 'my.cephfs.csi.ceph.com'];
  for (const own of [TRIO, []]) {
    const open = await bench({ drivers, own });
    await prepared(open);
    expect(open.extra()).toEqual(['drivers', ...watchesOf(RBD), ...watchesOf('my.cephfs.csi.ceph.com')].sort());
    expect(open.warnings).toEqual([]);
  }
});

test('a namespace without an assignment has none of these', async () => {
  const open = await bench({ own: [], drivers: [RBD] });
  open.objects.put('drivers', { namespace: 'other', name: 'other.rbd.csi.ceph.com' });
  await eventually(() => open.watches.drivers.in('other').length).toBe(1);
  expect(open.watches.prepare('other')).toBe(true);
  expect(open.extra()).toEqual(['drivers']);
});

test('observed are the workloads that a Driver owns, by kind and name, as they come and go', async () => {
  const open = await bench({ own: [] });
  await prepared(open);
  const [nodePlugin, addons, controller] = watchesOf(RBD) as [string, string, string];
  for (const name of [controller, addons, nodePlugin]) putWorkload(open.objects, name, DRIVER_OWNED);
  // Somebody's own, which has nothing to do with ceph-csi-operator but the name.
  putWorkload(open.objects, `deployments ${NAMESPACE}.cephfs.csi.ceph.com-ctrlplugin`);
  open.told.length = 0;
  await eventually(() => upstream(open)).toEqual([
    `DaemonSet ${RBD}-nodeplugin`,
    `DaemonSet ${RBD}-nodeplugin-csi-addons`,
    `Deployment ${RBD}-ctrlplugin`,
  ]);
  open.told.length = 0;
  open.objects.remove('deployments', NAMESPACE, `${RBD}-ctrlplugin`);
  await eventually(() => upstream(open)).toHaveLength(2);
  expect(open.told).toEqual([NAMESPACE]);
});

test('a Driver that appears has its workloads watched; when it is gone, those that are still there', async () => {
  const open = await bench({ drivers: [] });
  await prepared(open);
  expect(open.extra()).toEqual(['drivers']);
  open.told.length = 0;
  open.objects.put('drivers', { namespace: NAMESPACE, name: RBD });
  await eventually(() => open.told).toEqual([NAMESPACE]);
  expect(open.watches.prepare(NAMESPACE)).toBe(false);
  await prepared(open);
  expect(open.extra()).toEqual([...watchesOf(RBD), 'drivers'].sort());
  const controller = `deployments ${RBD}-ctrlplugin`;
  putWorkload(open.objects, controller, DRIVER_OWNED);
  await eventually(() => upstream(open)).toHaveLength(1);
  open.objects.remove('drivers', NAMESPACE, RBD);
  await eventually(() => open.watches.drivers.in(NAMESPACE)).toEqual([]);
  await prepared(open);
  await eventually(() => open.extra()).toEqual([controller, 'drivers']);
  expect(upstream(open)).toHaveLength(1);
  open.told.length = 0;
  open.objects.remove('deployments', NAMESPACE, `${RBD}-ctrlplugin`);
  await eventually(() => open.told).toEqual([NAMESPACE]);
  expect(upstream(open)).toEqual([]);
  await prepared(open);
  await eventually(() => open.extra()).toEqual(['drivers']);
});

test('those that were opened while a workload of Rook was away for a moment are closed again', async () => {
  const open = await bench();
  await prepared(open);
  open.objects.remove('daemonsets', NAMESPACE, 'csi-rbdplugin');
  await eventually(() => open.watches.workloads.rbdNodePlugin.get(NAMESPACE)).toBeUndefined();
  await prepared(open);
  putWorkload(open.objects, 'daemonsets csi-rbdplugin');
  await eventually(() => open.watches.workloads.rbdNodePlugin.get(NAMESPACE)).toBeDefined();
  await prepared(open);
  await eventually(() => open.extra()).toEqual([]);
  expect(open.server.requests).toHaveLength(16);
  expect(open.watches.states).toHaveLength(7);
});

test('where Drivers have names of their own, those that were guessed at are closed', async () => {
  const open = await bench({ own: [], drivers: [] });
  await prepared(open);
  expect(open.extra()).toEqual([...DEFAULTS, 'drivers'].sort());
  open.objects.put('drivers', { namespace: NAMESPACE, name: 'my.rbd.csi.ceph.com' });
  await eventually(() => open.watches.drivers.in(NAMESPACE)).toHaveLength(1);
  await prepared(open);
  await eventually(() => open.extra()).toEqual([...watchesOf('my.rbd.csi.ceph.com'), 'drivers'].sort());
});

test('a namespace waits for a watch that is opening, and is told when it has opened', async () => {
  const name = `${RBD}-nodeplugin`;
  const open = await bench({ own: [], prepare: ({ rejections }) => rejections.set(name, 'never') });
  await eventually(() => open.watches.prepare(NAMESPACE) || open.extra().length).toBe(8);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(open.watches.prepare(NAMESPACE)).toBe(false);
  expect(open.watches.prepare('other')).toBe(true);
  open.told.length = 0;
  open.objects.rejections.delete(name);
  open.server.cutAll();
  await eventually(() => open.watches.prepare(NAMESPACE)).toBe(true);
  expect(open.told).toContain(NAMESPACE);
});

test('not for one that is failing, which it is told of once', async () => {
  const name = `${RBD}-nodeplugin`;
  const open = await bench({ own: [], prepare: ({ rejections }) => rejections.set(name, 403) });
  await prepared(open);
  expect(open.extra()).toHaveLength(8);
  open.told.length = 0;
  // The second try comes after less than a second.
  await eventually(() => open.warnings).toEqual([`DaemonSet ${name}`, `DaemonSet ${name}`]);
  expect(open.told).toEqual([]);
});

test.each([403, 500] as const)(
  'nor for Drivers that are answered with %d: no namespace depends on them',
  async (code) => {
    const open = await bench({ prepare: ({ rejections }) => rejections.set('drivers', code) });
    await prepared(open);
    expect(new Set(open.warnings)).toEqual(new Set(['Drivers of ceph-csi-operator']));
    expect(open.told.filter((namespace) => namespace !== NAMESPACE)).toEqual([]);
    expect(open.extra()).toEqual([]);
  },
);

test('but the Drivers are waited for while their list is on its way', async () => {
  const open = await bench({ prepare: ({ rejections }) => rejections.set('drivers', 'never') });
  await eventually(() => open.objects.watched).toEqual(STATIC);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(open.watches.prepare(NAMESPACE)).toBe(false);
});

test('beyond what memory has room for a namespace goes without the rest, which is said once, until another one is closed', async () => {
  const others = Array.from({ length: Math.floor(MAX_WATCHES / 9) }, (_, at) => `rook-${at}`);
  const open = await bench({
    prepare: (objects) => {
      for (const namespace of others) putRookWithoutWorkloads(objects, namespace);
    },
  });
  const all = [...others, NAMESPACE];
  await eventually(() => all.every((namespace) => open.watches.prepare(namespace))).toBe(true);
  const upstreamStates = (): number => open.watches.states.filter(({ namespace }) => namespace !== undefined).length;
  expect(upstreamStates()).toBe(9 * others.length);
  expect(open.crowded).toEqual([]);

  for (const name of TRIO.map((watched) => watched.split(' ') as [string, string]))
    open.objects.remove(name[0], NAMESPACE, name[1]);
  await eventually(() => open.watches.observe(NAMESPACE)!.workloads).toEqual({});
  await prepared(open);
  expect(open.watches.prepare(NAMESPACE)).toBe(true);
  expect(open.crowded).toEqual([NAMESPACE]);
  expect(upstreamStates()).toBe(MAX_WATCHES);

  open.objects.remove('csiportassignments', 'rook-7', 'default');
  await eventually(() => open.watches.assignments.get('rook-7')).toBeUndefined();
  open.told.length = 0;
  open.watches.prepare('rook-7');
  expect(open.told).toEqual([NAMESPACE]);
  await prepared(open);
  expect(open.watches.states.filter(({ namespace }) => namespace === NAMESPACE)).toHaveLength(9);
  expect(upstreamStates()).toBe(9 * others.length);
});

test('a namespace that has no need of them any more is not told of room', async () => {
  const names = Array.from({ length: Math.ceil(MAX_WATCHES / 3) }, (_, at) => `d${at}.rbd.csi.ceph.com`);
  const open = await bench({ drivers: names, prepare: (objects) => putRookWithoutWorkloads(objects, 'crowded') });
  await prepared(open);
  await eventually(() => open.watches.prepare('crowded')).toBe(true);
  expect(open.crowded).toEqual(['crowded']);
  open.objects.remove('csiportassignments', 'crowded', 'default');
  await eventually(() => open.watches.assignments.get('crowded')).toBeUndefined();
  open.watches.prepare('crowded');
  open.objects.remove('csiportassignments', NAMESPACE, 'default');
  await eventually(() => open.watches.assignments.get(NAMESPACE)).toBeUndefined();
  open.told.length = 0;
  open.watches.prepare(NAMESPACE);
  expect(open.told).toEqual([]);
});

test('with the assignment the watches end, and with a new one they are opened anew', async () => {
  const open = await bench({ own: [] });
  await prepared(open);
  putWorkload(open.objects, `deployments ${RBD}-ctrlplugin`, DRIVER_OWNED);
  await eventually(() => upstream(open)).toHaveLength(1);
  open.objects.remove('csiportassignments', NAMESPACE, 'default');
  await eventually(() => open.watches.assignments.get(NAMESPACE)).toBeUndefined();
  expect(open.watches.prepare(NAMESPACE)).toBe(true);
  await eventually(() => open.extra()).toEqual([]);
  expect(open.watches.states).toHaveLength(7);
  expect(open.ended).toHaveLength(9);

  open.objects.remove('deployments', NAMESPACE, `${RBD}-ctrlplugin`);
  open.objects.put('csiportassignments', { namespace: NAMESPACE, name: 'default' }, { spec: {} });
  await eventually(() => open.watches.assignments.get(NAMESPACE)).toBeDefined();
  await prepared(open);
  expect(upstream(open)).toEqual([]);
  expect(open.extra()).toHaveLength(9);
});

test('so they do where the assignment is only being deleted: its namespace may be, and the right to watch go first', async () => {
  const open = await bench({ own: [] });
  await prepared(open);
  const deleting = { namespace: NAMESPACE, name: 'default', deletionTimestamp: '2026-11-28T10:00:00Z' };
  open.objects.put('csiportassignments', deleting, { spec: {} });
  await eventually(() => open.watches.assignments.get(NAMESPACE)?.deleting).toBe(true);
  expect(open.watches.prepare(NAMESPACE)).toBe(true);
  await eventually(() => open.extra()).toEqual([]);
  expect(open.ended).toHaveLength(9);
});

test('stop ends them all, and none is opened afterwards', async () => {
  const open = await bench({ own: [] });
  await prepared(open);
  await open.stop();
  await eventually(() => open.objects.watched).toEqual([]);
  expect(open.ended).toHaveLength(16);
  const { length } = open.server.requests;
  open.watches.prepare(NAMESPACE);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(open.server.requests).toHaveLength(length);
  expect(open.watches.states).toHaveLength(7);
});

test('where namespaces are given, their Drivers are watched one by one', async () => {
  const open = await bench({ namespaces: [NAMESPACE, 'other'], drivers: [RBD] });
  await prepared(open);
  const paths = open.server.requests.map(({ path }) => path).filter((path) => path.endsWith('/drivers'));
  expect(paths).toEqual(
    [NAMESPACE, 'other'].map((namespace) => `/apis/csi.ceph.io/v1/namespaces/${namespace}/drivers`),
  );
  expect(open.extra()).toEqual(['drivers', 'drivers', ...watchesOf(RBD)].sort());
});
