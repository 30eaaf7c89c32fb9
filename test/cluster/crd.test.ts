// The CRD as a real API server takes it: what it rejects and with which words, and what kubectl shows.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AssignmentStatus, WorkloadState } from '../../src/domain/rules/api.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import { ASSIGNMENTS, CONFIG, assignmentObject, objections, useLayouts } from '../support/layouts.js';
import { DEFAULT_PORTS, SLOTS } from '../support/slots.js';

const DEFAULT = `${ASSIGNMENTS}/default`;

const cluster = useLayouts();

/** As kubectl sends it, stored nowhere. */
const create = (object: KubeObject): Promise<KubeObject> =>
  cluster().api.create(`${ASSIGNMENTS}?dryRun=All&fieldValidation=Strict`, object);

describe('an invalid assignment is rejected with the fix', () => {
  const invalid = (field: string, why: string): string => `${field}: Invalid value: ${why}`;

  test('another name', async () => {
    const line = '<nil>: Invalid value: a namespace has one CSIPortAssignment: set metadata.name to "default"';
    expect(await objections(create(assignmentObject({}, 'rook')))).toEqual([line]);
    const generated = { ...assignmentObject(), metadata: { generateName: 'default-' } };
    expect(await objections(create(generated))).toEqual([line]);
    const stdin = JSON.stringify(assignmentObject({}, 'rook'));
    await expect(cluster().kubectl(['-n', 'rook-ceph', 'create', '-f', '-'], { stdin })).rejects.toThrow(
      `The CSIPortAssignment "rook" is invalid: ${line}`,
    );
  });

  test.each(SLOTS.flatMap((a, index) => SLOTS.slice(index + 1).map((b) => [a, b] as const)))(
    'one port for %s and %s',
    async (a, b) => {
      const why = `${a} and ${b} have the same port: change one of them, or leave one out to have it assigned`;
      const rejected = await objections(create(assignmentObject({ ports: { [a]: 9070, [b]: 9070 } })));
      expect(rejected).toEqual([invalid('spec.ports', why)]);
    },
  );

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
    const rejected = await objections(create(assignmentObject({ ports: { [slot]: port } })));
    const [first] = rejected;
    expect([first]).toEqual(why(field).map((line) => invalid(field, line)));
    // A fraction is objected to twice: by the schema and by the CEL type check.
    expect(rejected).toHaveLength(port === 9070.5 ? 2 : 1);
  });

  test.each([
    [{ mode: 'enforce' }, 'spec.mode: Unsupported value: "enforce": supported values: "Enforce", "DryRun", "Paused"'],
    [{ mode: '' }, 'spec.mode: Unsupported value: "": supported values: "Enforce", "DryRun", "Paused"'],
    [{ rookConfig: 'Write' }, 'spec.rookConfig: Unsupported value: "Write": supported values: "Pin", "Leave"'],
    [{ ports: 9070 }, 'spec.ports: Invalid value: "integer": spec.ports in body must be of type object: "integer"'],
    [{ ports: [9070] }, 'spec.ports: Invalid value: "array": spec.ports in body must be of type object: "array"'],
    [[], 'spec: Invalid value: "array": spec in body must be of type object: "array"'],
  ])('spec %j', async (spec, line) => {
    expect(await objections(create(assignmentObject(spec)))).toEqual([line]);
  });

  test.each([
    [{ port: {} }, 'spec.port'],
    [{ ports: { nodePlugin: 9070 } }, 'spec.ports.nodePlugin'],
  ])('spec %j, which has an unknown field', async (spec, field) => {
    const stdin = JSON.stringify(assignmentObject(spec));
    await expect(cluster().kubectl(['-n', 'rook-ceph', 'create', '-f', '-'], { stdin })).rejects.toThrow(
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
    const created = await create(assignmentObject(spec));
    expect(created.spec).toEqual(stored);
  });

  test('the samples are valid', async () => {
    for (const sample of ['', '_all_fields', '_keep_node_plugin', '_dry_run']) {
      const file = join(CONFIG, `samples/csiportassignment${sample}.yaml`);
      await cluster().kubectl(['create', '--dry-run=server', '--warnings-as-errors', '-f', file]);
    }
    await cluster().kubectl(['apply', '--dry-run=server', '--warnings-as-errors', '-k', join(CONFIG, 'samples')]);
  });
});

const STATES: WorkloadState[] = [
  'Absent',
  'PodNetwork',
  'NoSidecar',
  'UpstreamManaged',
  'Drifted',
  'PortInUse',
  'RollingOut',
  'Stuck',
  'Ready',
  'Rejected',
];
const row = { kind: 'Deployment', name: 'a', slot: 'rbdProvisioner', hostNetwork: true, assignedPort: 9070 } as const;
const holder = { namespace: 'rook-ceph', kind: 'Deployment', name: 'a', container: 'csi-addons' };
const since = { observedGeneration: 1, lastTransitionTime: '2026-01-02T03:04:05Z' };
const STATUS: AssignmentStatus = {
  observedGeneration: 1,
  provider: 'Rook',
  rookVersion: 'v1.16.4',
  ports: DEFAULT_PORTS,
  workloads: STATES.map((state) => ({ ...row, name: state.toLowerCase(), currentPort: 70_000, state })),
  conflicts: [
    { port: 9070, holders: [holder, { ...holder, namespace: 'default' }] },
    { port: 70_000, holders: [holder], nodes: ['node-1', 'node-2'], nodeCount: 700 },
  ],
  conditions: [
    { type: 'Ready', status: 'False', reason: 'DryRun', message: 'would move two', ...since },
    { type: 'Progressing', status: 'Unknown', reason: 'Settled', message: '', ...since },
    { type: 'Degraded', status: 'True', reason: 'PortConflict', message: 'host port 9070 is shared', ...since },
  ],
};

describe('status', () => {
  beforeAll(async () => {
    await cluster().api.create(ASSIGNMENTS, assignmentObject({ mode: 'DryRun' }));
  });
  afterAll(() => cluster().api.delete(DEFAULT));

  const patch = (status: object, more: object = {}): Promise<KubeObject> =>
    cluster().api.patch(`${DEFAULT}/status?fieldValidation=Strict`, { ...more, status });

  test('is stored as the types have it, and a patch of it cannot change the spec', async () => {
    const { metadata } = await cluster().api.get(DEFAULT);
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
    [{ conflicts: [{ port: 1, holders: [{ kind: 'Pod' }] }] }, 'status.conflicts[0].holders[0].name: Required value'],
    [{ ports: { rbdProvisioner: 0 } }, 'status.ports.rbdProvisioner: Invalid value: 0'],
    [{ conditions: [{ ...condition, status: 'Yes' }] }, 'status.conditions[0].status: Unsupported value: "Yes"'],
    [{ conditions: [{ ...condition, reason: '' }] }, 'status.conditions[0].reason: Invalid value: ""'],
    [{ conditions: [{ ...condition, reason: 'two words' }] }, 'status.conditions[0].reason: Invalid value'],
    [{ phase: 'Running' }, 'strict decoding error: unknown field "status.phase"'],
  ])('rejects %j', async (status, line) => {
    expect((await objections(patch(status))).join('\n')).toContain(line);
  });

  test('is what kubectl get shows', async () => {
    const get = async (...args: string[]): Promise<string[]> =>
      (await cluster().kubectl(['-n', 'rook-ceph', 'get', ...args])).trim().split('\n');

    const [header, cells] = await get('csiports');
    expect(header!.split(/\s+/)).toEqual('NAME READY REASON RBD CEPHFS NODE PROVIDER AGE'.split(' '));
    expect(cells).toMatch(/^default +False +DryRun +9070 +9071 +9072 +Rook +[\dms]+$/);
    const [wide] = await get('csiports', '--output=wide', '--no-headers');
    expect(wide).toMatch(/ Rook +[\dms]+ +PortConflict +DryRun +would move two *$/);
    expect(await get('rook', '--output=name')).toContain('csiportassignment.csiports.io/default');
  });
});

test('kubectl explain says what the schema alone does not show', async () => {
  const explain = async (field: string): Promise<string> =>
    (await cluster().kubectl(['explain', `csiportassignment.${field}`])).replaceAll(/\s+/g, ' ');

  const ports = await explain('spec.ports');
  expect(ports).toContain('must be distinct, from 1024 to 65535, and neither 9080 nor 9081.');
  expect(ports).toContain(`${SLOTS.map((slot) => `${slot} ${DEFAULT_PORTS[slot]}`).join(', ')};`);
  expect(ports).toContain(
    'To restart nothing on the nodes where all three are on 9070, give only rbdNodePlugin: 9070.',
  );
  expect(ports).toContain('rbdNodePlugin <integer> rbdNodePlugin is the port of the DaemonSet csi-rbdplugin,');
  expect(await explain('spec.mode')).toContain('Absent means Enforce.');
  expect(await explain('spec.rookConfig')).toContain('Absent means Pin.');
});
