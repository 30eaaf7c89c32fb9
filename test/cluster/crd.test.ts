// The CRD and config/ as a real API server takes them: what it refuses and with which words, what kubectl shows, and
// what the accounts of the two layouts may do.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AssignmentStatus, WorkloadState } from '../../src/domain/api.js';
import { AdminApi, AdminApiError, type KubeObject } from '../support/control-plane/admin-api.js';
import { ControlPlane } from '../support/control-plane/control-plane.js';
import { waitFor } from '../support/control-plane/wait-for.js';

const CONFIG = join(import.meta.dirname, '../../config');
const ASSIGNMENTS = '/apis/csiports.io/v1alpha1/namespaces/rook-ceph/csiportassignments';
const DEFAULT = `${ASSIGNMENTS}/default`;

let cluster: ControlPlane;

beforeAll(async () => {
  cluster = await ControlPlane.start({ nodes: 0 });
  // Also the one that config/default brings: a dry run stores no namespace for the objects after it.
  for (const name of ['rook-ceph', 'other-rook', 'csi-port-operator-system']) {
    await cluster.api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  for (const layout of ['default', 'single-namespace']) {
    const apply = ['apply', '--server-side', '--warnings-as-errors', '-k', join(CONFIG, layout)];
    await cluster.kubectl([...apply, '--dry-run=server']);
    await cluster.kubectl(apply);
  }
  await waitFor('the CRD to be served', () => cluster.api.list(ASSIGNMENTS));
});

afterAll(() => cluster.stop());

const assignment = (spec?: unknown, name = 'default'): KubeObject => ({
  apiVersion: 'csiports.io/v1alpha1',
  kind: 'CSIPortAssignment',
  metadata: { name },
  ...(spec === undefined ? {} : { spec }),
});

/** What the API server says against a request, one line per cause; empty when it takes it. */
async function objections(request: Promise<unknown>): Promise<string[]> {
  try {
    await request;
    return [];
  } catch (error) {
    if (!(error instanceof AdminApiError)) throw error;
    const causes = error.body.details?.causes?.map(({ field, message }) => `${field!}: ${message!}`);
    // With a field of the wrong type the server adds that it could not check the rules.
    return (causes ?? [error.body.message!]).filter((line) => !line.includes('some validation rules were not checked'));
  }
}

/** As kubectl sends it, stored nowhere. */
const create = (object: KubeObject): Promise<KubeObject> =>
  cluster.api.create(`${ASSIGNMENTS}?dryRun=All&fieldValidation=Strict`, object);

const SLOTS = ['rbdProvisioner', 'cephfsProvisioner', 'rbdNodePlugin'] as const;

describe('an invalid assignment is refused with the fix', () => {
  const invalid = (field: string, why: string): string => `${field}: Invalid value: ${why}`;

  test('another name', async () => {
    const line = '<nil>: Invalid value: a namespace has one CSIPortAssignment: set metadata.name to "default"';
    expect(await objections(create(assignment({}, 'rook')))).toEqual([line]);
    const generated = { ...assignment(), metadata: { generateName: 'default-' } };
    expect(await objections(create(generated))).toEqual([line]);
    const stdin = JSON.stringify(assignment({}, 'rook'));
    await expect(cluster.kubectl(['-n', 'rook-ceph', 'create', '-f', '-'], { stdin })).rejects.toThrow(
      `The CSIPortAssignment "rook" is invalid: ${line}`,
    );
  });

  test.each([
    ['rbdProvisioner', 'cephfsProvisioner'],
    ['rbdProvisioner', 'rbdNodePlugin'],
    ['cephfsProvisioner', 'rbdNodePlugin'],
  ])('one port for %s and %s', async (a, b) => {
    const why = `${a} and ${b} have the same port: change one of them, or leave one out to have it assigned`;
    const refused = await objections(create(assignment({ ports: { [a]: 9070, [b]: 9070 } })));
    expect(refused).toEqual([invalid('spec.ports', why)]);
  });

  const LIVENESS =
    "9080 and 9081 are the ports of Rook's CSI liveness sidecars: choose another port from 1024 to 65535";
  const ports: [unknown, (field: string) => string[]][] = [
    [9080, () => [`9080: ${LIVENESS}`]],
    [9081, () => [`9081: ${LIVENESS}`]],
    [1023, (field) => [`1023: ${field} in body should be greater than or equal to 1024`]],
    [0, (field) => [`0: ${field} in body should be greater than or equal to 1024`]],
    [-1, (field) => [`-1: ${field} in body should be greater than or equal to 1024`]],
    [65536, (field) => [`65536: ${field} in body should be less than or equal to 65535`]],
    [1e11, (field) => [`100000000000: ${field} in body should be less than or equal to 65535`]],
    [9070.5, (field) => [`"number": ${field} in body must be of type integer: "number"`]],
    ['9070', (field) => [`"string": ${field} in body must be of type integer: "string"`]],
    [true, (field) => [`"boolean": ${field} in body must be of type integer: "boolean"`]],
  ];
  const cases = SLOTS.flatMap((slot) => ports.map(([port, why]) => ({ slot, port, why })));

  test.each(cases)('$slot: $port', async ({ slot, port, why }) => {
    const field = `spec.ports.${slot}`;
    const refused = await objections(create(assignment({ ports: { [slot]: port } })));
    const [first] = refused;
    expect([first]).toEqual(why(field).map((line) => invalid(field, line)));
    // A fraction is objected to twice: by the schema and by the CEL type check.
    expect(refused).toHaveLength(port === 9070.5 ? 2 : 1);
  });

  test.each([
    [{ mode: 'enforce' }, 'spec.mode: Unsupported value: "enforce": supported values: "Enforce", "DryRun", "Paused"'],
    [{ mode: '' }, 'spec.mode: Unsupported value: "": supported values: "Enforce", "DryRun", "Paused"'],
    [{ rookConfig: 'Write' }, 'spec.rookConfig: Unsupported value: "Write": supported values: "Pin", "Leave"'],
    [{ ports: 9070 }, 'spec.ports: Invalid value: "integer": spec.ports in body must be of type object: "integer"'],
    [{ ports: [9070] }, 'spec.ports: Invalid value: "array": spec.ports in body must be of type object: "array"'],
    [[], 'spec: Invalid value: "array": spec in body must be of type object: "array"'],
  ])('spec %j', async (spec, line) => {
    expect(await objections(create(assignment(spec)))).toEqual([line]);
  });

  test.each([
    [{ port: {} }, 'spec.port'],
    [{ ports: { nodePlugin: 9070 } }, 'spec.ports.nodePlugin'],
  ])('spec %j, which has an unknown field', async (spec, field) => {
    const stdin = JSON.stringify(assignment(spec));
    await expect(cluster.kubectl(['-n', 'rook-ceph', 'create', '-f', '-'], { stdin })).rejects.toThrow(
      `strict decoding error: unknown field "${field}"`,
    );
  });
});

describe('a valid assignment is stored as it is: what was left out stays out', () => {
  test.each<[unknown, unknown]>([
    [undefined, undefined],
    [null, undefined],
    [{}, {}],
    [{ mode: null, rookConfig: null, ports: null }, {}],
    [{ ports: {} }, { ports: {} }],
    [{ ports: { rbdNodePlugin: null } }, { ports: {} }],
    ...[
      ...SLOTS.map((slot) => ({ ports: { [slot]: 9070 } })),
      ...['Enforce', 'DryRun', 'Paused'].map((mode) => ({ mode })),
      ...['Pin', 'Leave'].map((rookConfig) => ({ rookConfig })),
      { mode: 'DryRun', rookConfig: 'Leave', ports: { rbdProvisioner: 1024, cephfsProvisioner: 65535 } },
      { ports: { rbdProvisioner: 9072, cephfsProvisioner: 9070, rbdNodePlugin: 9071 } },
    ].map((spec): [unknown, unknown] => [spec, spec]),
  ])('spec %j', async (spec, stored) => {
    const created = await create(assignment(spec));
    expect(created.spec).toEqual(stored);
  });

  test('the samples are valid', async () => {
    for (const sample of ['', '_all_fields', '_keep_node_plugin', '_dry_run']) {
      const file = join(CONFIG, `samples/csiportassignment${sample}.yaml`);
      await cluster.kubectl(['create', '--dry-run=server', '--warnings-as-errors', '-f', file]);
    }
    await cluster.kubectl(['apply', '--dry-run=server', '--warnings-as-errors', '-k', join(CONFIG, 'samples')]);
  });
});

const STATES: WorkloadState[] = [
  'Absent',
  'PodNetwork',
  'NoSidecar',
  'UpstreamManaged',
  'Drifted',
  'RollingOut',
  'Ready',
  'Rejected',
];
const row = { kind: 'Deployment', name: 'a', slot: 'rbdProvisioner', hostNetwork: true, assignedPort: 9070 } as const;
const since = { observedGeneration: 1, lastTransitionTime: '2026-01-02T03:04:05Z' };
const STATUS: AssignmentStatus = {
  observedGeneration: 1,
  provider: 'Rook',
  rookVersion: 'v1.16.4',
  ports: { rbdProvisioner: 9070, cephfsProvisioner: 9071, rbdNodePlugin: 9072 },
  workloads: STATES.map((state) => ({ ...row, name: state.toLowerCase(), currentPort: 70_000, state })),
  reverts: { count: 2, lastTime: '2026-01-02T03:04:05Z' },
  conditions: [
    { type: 'Ready', status: 'False', reason: 'DryRun', message: 'would move two', ...since },
    { type: 'Progressing', status: 'Unknown', reason: 'Settled', message: '', ...since },
    { type: 'Degraded', status: 'True', reason: 'PortConflict', message: 'host port 9070 is shared', ...since },
  ],
};

describe('status', () => {
  beforeAll(async () => {
    await cluster.api.create(ASSIGNMENTS, assignment({ mode: 'DryRun' }));
  });
  afterAll(() => cluster.api.delete(DEFAULT));

  const patch = (status: object, more: object = {}): Promise<KubeObject> =>
    cluster.api.patch(`${DEFAULT}/status?fieldValidation=Strict`, { ...more, status });

  test('is stored as the types have it, and a patch of it cannot change the spec', async () => {
    const { metadata } = await cluster.api.get(DEFAULT);
    const stored = await patch(STATUS, { spec: { mode: 'Paused', ports: { rbdNodePlugin: 9070 } } });
    expect(stored.status).toEqual(STATUS);
    expect(stored.spec).toEqual({ mode: 'DryRun' });
    expect(stored.metadata.generation).toBe(metadata.generation);
  });

  test('takes every provider', async () => {
    for (const provider of ['Rook', 'CephCSIOperator', 'Mixed', 'None', 'Rook'] as const) {
      expect((await patch({ provider })).status).toMatchObject({ provider });
    }
  });

  const [condition] = STATUS.conditions;
  test.each<[object, string]>([
    [{ provider: 'Helm' }, 'status.provider: Unsupported value: "Helm"'],
    [{ workloads: [{ ...row, state: 'Broken' }] }, 'status.workloads[0].state: Unsupported value: "Broken"'],
    [{ workloads: [{ ...row, state: 'Ready', slot: 'nfs' }] }, 'status.workloads[0].slot: Unsupported value: "nfs"'],
    [{ workloads: [{ ...row, state: 'Ready', kind: 'Pod' }] }, 'status.workloads[0].kind: Unsupported value: "Pod"'],
    [{ workloads: [row] }, 'status.workloads[0].state: Required value'],
    [{ workloads: [1, 2].map(() => ({ ...row, state: 'Ready' })) }, 'status.workloads[1]: Duplicate value'],
    [{ ports: { rbdProvisioner: 0 } }, 'status.ports.rbdProvisioner: Invalid value: 0'],
    [{ reverts: { count: -1 } }, 'status.reverts.count: Invalid value: -1'],
    [{ conditions: [{ ...condition, status: 'Yes' }] }, 'status.conditions[0].status: Unsupported value: "Yes"'],
    [{ conditions: [{ ...condition, reason: '' }] }, 'status.conditions[0].reason: Invalid value: ""'],
    [{ conditions: [{ ...condition, reason: 'two words' }] }, 'status.conditions[0].reason: Invalid value'],
    [{ phase: 'Running' }, 'strict decoding error: unknown field "status.phase"'],
  ])('refuses %j', async (status, line) => {
    expect((await objections(patch(status))).join('\n')).toContain(line);
  });

  test('is what kubectl get shows', async () => {
    const get = async (...args: string[]): Promise<string[]> =>
      (await cluster.kubectl(['-n', 'rook-ceph', 'get', ...args])).trim().split('\n');

    const [header, cells] = await get('csiports');
    expect(header!.split(/\s+/)).toEqual('NAME READY REASON RBD CEPHFS NODE PROVIDER AGE'.split(' '));
    expect(cells).toMatch(/^default +False +DryRun +9070 +9071 +9072 +Rook +\d+m?s$/);
    const [wide] = await get('csiports', '--output=wide', '--no-headers');
    expect(wide).toMatch(/ Rook +\d+m?s +DryRun +would move two *$/);
    expect(await get('rook', '--output=name')).toContain('csiportassignment.csiports.io/default');
  });
});

test('kubectl explain says what the schema alone does not show', async () => {
  const explain = async (field: string): Promise<string> =>
    (await cluster.kubectl(['explain', `csiportassignment.${field}`])).replaceAll(/\s+/g, ' ');

  const ports = await explain('spec.ports');
  expect(ports).toContain('must be distinct, from 1024 to 65535, and neither 9080 nor 9081.');
  expect(ports).toContain('rbdProvisioner 9070, cephfsProvisioner 9071, rbdNodePlugin 9072;');
  expect(ports).toContain('To restart nothing on the nodes, give only rbdNodePlugin: 9070.');
  expect(ports).toContain('rbdNodePlugin <integer> rbdNodePlugin is the port of the DaemonSet csi-rbdplugin,');
  expect(await explain('spec.mode')).toContain('Absent means Enforce.');
  expect(await explain('spec.rookConfig')).toContain('Absent means Pin.');
});

const POD = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a', image: 'a' }] } };
const WORKLOAD_SPEC = { selector: { matchLabels: { app: 'a' } }, template: POD };
const OBJECTS = [
  { path: '/apis/apps/v1', plural: 'deployments', name: 'csi-rbdplugin-provisioner', body: { spec: WORKLOAD_SPEC } },
  { path: '/apis/apps/v1', plural: 'deployments', name: 'csi-cephfsplugin-provisioner', body: { spec: WORKLOAD_SPEC } },
  { path: '/apis/apps/v1', plural: 'deployments', name: 'rook-ceph-operator', body: { spec: WORKLOAD_SPEC } },
  { path: '/apis/apps/v1', plural: 'daemonsets', name: 'csi-rbdplugin', body: { spec: WORKLOAD_SPEC } },
  { path: '/api/v1', plural: 'configmaps', name: 'rook-ceph-operator-config', body: { data: {} } },
  { path: '/apis/csiports.io/v1alpha1', plural: 'csiportassignments', name: 'default', body: assignment() },
];
const inRook = ({ path, plural }: (typeof OBJECTS)[number]): string => `${path}/namespaces/rook-ceph/${plural}`;
const inOther = ({ path, plural }: (typeof OBJECTS)[number]): string => `${path}/namespaces/other-rook/${plural}`;

/** 200 for every success. */
async function answerTo(request: Promise<unknown>): Promise<number> {
  try {
    await request;
    return 200;
  } catch (error) {
    if (!(error instanceof AdminApiError)) throw error;
    return error.status;
  }
}

describe.each([
  { layout: 'default', namespace: 'csi-port-operator-system', elsewhere: 200 },
  { layout: 'single-namespace', namespace: 'rook-ceph', elsewhere: 403 },
])('the account of config/$layout', ({ namespace, elsewhere }) => {
  let account: AdminApi;

  beforeAll(async () => {
    const token = await cluster.serviceAccountToken(namespace, 'csi-port-operator');
    account = new AdminApi(cluster.server, cluster.ca, token);
    for (const object of OBJECTS) {
      for (const path of [inRook(object), inOther(object)]) {
        if ((await cluster.api.getOrUndefined(`${path}/${object.name}`)) !== undefined) continue;
        await cluster.api.create(path, { ...object.body, metadata: { name: object.name } });
      }
    }
  });
  afterAll(() => account.close());

  // Side by side: each of their watches lasts a second.
  test.concurrent.each(OBJECTS)('may read $plural/$name by name, and no other', async (object) => {
    const { path, plural, name } = object;
    const read = async (collection: string): Promise<Set<number>> => {
      const named = `${collection}?fieldSelector=metadata.name=${name}`;
      const requests = [account.getText(named), account.getText(`${named}&watch=true&timeoutSeconds=1`)];
      return new Set(await Promise.all(requests.map(answerTo)));
    };
    expect(await read(inRook(object))).toEqual(new Set([200]));
    expect(await read(inOther(object))).toEqual(new Set([elsewhere]));
    expect(await read(`${path}/${plural}`)).toEqual(new Set([elsewhere]));
    expect(await answerTo(account.get(`${inRook(object)}/${name}`))).toBe(200);

    for (const selector of ['', '?watch=true&timeoutSeconds=1', '?fieldSelector=metadata.name=other']) {
      expect(await answerTo(account.getText(inRook(object) + selector)), selector).toBe(403);
    }
    expect(await answerTo(account.get(`${inRook(object)}/other`))).toBe(403);
  });

  test.each(OBJECTS)('may write $plural/$name by patch alone, and only where it has a Role', async (object) => {
    const { name, body } = object;
    const writable = !['rook-ceph-operator', 'default'].includes(name);
    const item = `${inRook(object)}/${name}?dryRun=All`;
    const labels = { metadata: { labels: { a: 'b' } } };
    expect(await answerTo(account.patch(item, labels))).toBe(writable ? 200 : 403);
    expect(await answerTo(account.patch(`${inOther(object)}/${name}?dryRun=All`, labels))).toBe(403);
    expect(await answerTo(account.replace(item, { ...body, metadata: { name } }))).toBe(403);
    expect(await answerTo(account.delete(item))).toBe(403);
    expect(await answerTo(account.create(inRook(object), { ...body, metadata: { name: 'new' } }))).toBe(403);
  });

  test('may patch the status of the assignment', async () => {
    const status = { provider: 'Rook' };
    expect(await answerTo(account.patch(`${DEFAULT}/status`, { status }))).toBe(200);
    const elsewhere = DEFAULT.replace('rook-ceph', 'other-rook');
    expect(await answerTo(account.patch(`${elsewhere}/status`, { status }))).toBe(403);
    expect(await answerTo(account.replace(`${DEFAULT}/status`, assignment()))).toBe(403);
  });

  test('may record events beside the assignment', async () => {
    const events = (of: string): string => `/apis/events.k8s.io/v1/namespaces/${of}/events`;
    const event = (of: string): KubeObject => ({
      metadata: { name: `default.${namespace}`, namespace: of },
      eventTime: '2026-01-02T03:04:05.000000Z',
      reportingController: 'csiports.io/csi-port-operator',
      reportingInstance: 'csi-port-operator-0',
      type: 'Normal',
      reason: 'PortAssigned',
      action: 'Patch',
      regarding: { apiVersion: 'csiports.io/v1alpha1', kind: 'CSIPortAssignment', name: 'default', namespace: of },
    });
    expect(await objections(account.create(events('rook-ceph'), event('rook-ceph')))).toEqual([]);
    const series = { series: { count: 2, lastObservedTime: '2026-01-02T03:04:06.000000Z' } };
    expect(await answerTo(account.patch(`${events('rook-ceph')}/default.${namespace}`, series))).toBe(200);
    expect(await answerTo(account.create(events('other-rook'), event('other-rook')))).toBe(403);
    expect(await answerTo(account.get(events('rook-ceph')))).toBe(403);
  });

  test.each([
    '/api/v1/namespaces/rook-ceph/pods',
    '/api/v1/namespaces/rook-ceph/secrets',
    '/apis/coordination.k8s.io/v1/namespaces/rook-ceph/leases',
    '/apis/apps/v1/namespaces/rook-ceph/deployments/csi-rbdplugin-provisioner/scale',
    '/api/v1/namespaces',
  ])('may not read %s', async (path) => {
    expect(await answerTo(account.get(path))).toBe(403);
  });
});

test('the pod of the operator passes restricted Pod Security', async () => {
  const deployment = '/apis/apps/v1/namespaces/csi-port-operator-system/deployments/csi-port-operator';
  const { spec } = await cluster.api.get<{ spec: { template: { spec: object } } }>(deployment);
  const createPod = (podSpec: object): Promise<KubeObject> =>
    cluster.api.create('/api/v1/namespaces/csi-port-operator-system/pods?dryRun=All', {
      metadata: { name: 'operator' },
      spec: podSpec,
    });
  expect(await objections(createPod(spec.template.spec))).toEqual([]);
  const [refusal] = await objections(createPod({ ...spec.template.spec, hostNetwork: true }));
  expect(refusal).toContain('violates PodSecurity "restricted:latest"');
});
