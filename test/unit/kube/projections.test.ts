import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  projectAssignment,
  projectDriver,
  projectRookConfig,
  projectRookOperator,
} from '../../../src/kube/projections.js';
import { projectDaemonSet, projectDeployment } from '../../../src/kube/workload-projection.js';

const ID = { namespace: 'rook', name: 'x', uid: 'u', resourceVersion: '7' };
const metadata = (more: object = {}): object => ({ ...ID, generation: 3, managedFields: [], ...more });
const SIDECAR = {
  name: 'csi-addons',
  image: 'i',
  args: ['--controller-port=9070'],
  ports: [{ containerPort: 9070, name: 'p' }],
};

function workload(pod: object = {}, more: { metadata?: object; spec?: object; status?: object } = {}): object {
  const template = {
    metadata: { labels: { app: 'csi' } },
    spec: { containers: [{ name: 'driver' }, SIDECAR], ...pod },
  };
  return {
    metadata: metadata(more.metadata),
    spec: { template, ...more.spec },
    ...(more.status && { status: more.status }),
  };
}

test('of an assignment: identity, generation, spec and status', () => {
  const raw = {
    metadata: metadata({ creationTimestamp: '2026-11-22T10:00:00Z' }),
    spec: { mode: 'DryRun', ports: { rbdNodePlugin: 9075 } },
    status: { provider: 'Rook' },
  };
  expect(projectAssignment(raw)).toEqual({
    ...ID,
    generation: 3,
    creationTimestamp: '2026-11-22T10:00:00Z',
    deleting: false,
    spec: { mode: 'DryRun', ports: { rbdNodePlugin: 9075 } },
    status: { provider: 'Rook' },
  });
});

test.each([[undefined], [null], [{}], [{ ports: null, mode: null, rookConfig: null }]])(
  'an assignment with spec %j has an empty one',
  (spec) => {
    expect(projectAssignment({ metadata: metadata(), spec })).toEqual({
      ...ID,
      generation: 3,
      creationTimestamp: '',
      deleting: false,
      spec: {},
    });
  },
);

test.each<[unknown, string]>([
  ['Paused', 'spec is not an object'],
  [[{ mode: 'Paused' }], 'spec is not an object'],
  [{ ports: [9075] }, 'spec.ports is not an object'],
  [{ ports: 'x' }, 'spec.ports is not an object'],
  [{ ports: { rbdProvisioner: '9075' } }, 'spec.ports.rbdProvisioner is not an integer'],
  [{ mode: 'Off' }, 'spec.mode is not one of Enforce, DryRun, Paused'],
])('an assignment with spec %j is not taken for an empty one', (spec, lastError) => {
  expect(() => projectAssignment({ metadata: metadata(), spec })).toThrow(lastError);
});

test('a deletion timestamp means deleting', () => {
  const raw = workload({}, { metadata: { deletionTimestamp: '2026-11-22T10:00:00Z' } });
  expect(projectAssignment(raw).deleting).toBe(true);
  expect(projectDeployment(raw).deleting).toBe(true);
  expect(projectRookConfig(raw).deleting).toBe(true);
});

test('of the Rook settings those that matter are kept, the port keys with their field managers', () => {
  const owned = (manager: string | undefined, ...keys: string[]): object => ({
    ...(manager === undefined ? {} : { manager }),
    fieldsV1: { 'f:data': Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) },
  });
  const managedFields = [
    owned('csi-port-operator', 'CSIADDONS_PORT'),
    owned('kubectl-edit', 'CSIADDONS_PORT', 'ROOK_LOG_LEVEL'),
    owned(undefined, 'CSIADDONS_PORT'),
    { manager: 'labels', fieldsV1: { 'f:metadata': { 'f:labels': {} } } },
    { manager: 'bare' },
  ];
  const data = {
    CSIADDONS_PORT: '9072',
    CSIADDONS_RBD_PROVISIONER_PORT: '',
    CSI_ENABLE_LIVENESS: 'true',
    ROOK_LOG_LEVEL: 'INFO',
  };
  expect(projectRookConfig({ metadata: metadata({ managedFields }), data })).toEqual({
    ...ID,
    deleting: false,
    keys: {
      CSIADDONS_PORT: { value: '9072', managers: ['csi-port-operator', 'kubectl-edit'] },
      CSIADDONS_RBD_PROVISIONER_PORT: { value: '', managers: [] },
    },
    settings: { CSI_ENABLE_LIVENESS: 'true' },
    fingerprint: expect.any(String) as string,
    managers: [{ name: 'csi-port-operator' }, { name: 'kubectl-edit' }, { name: 'labels' }, { name: 'bare' }],
  });
});

test('settings have another fingerprint for other data, and the same for other labels', () => {
  const fingerprint = (data: object, labels = {}): string =>
    projectRookConfig({ metadata: metadata({ labels }), data }).fingerprint;
  expect(fingerprint({ ROOK_LOG_LEVEL: 'INFO' }, { a: 'b' })).toBe(fingerprint({ ROOK_LOG_LEVEL: 'INFO' }));
  expect(fingerprint({ ROOK_LOG_LEVEL: 'DEBUG' })).not.toBe(fingerprint({ ROOK_LOG_LEVEL: 'INFO' }));
  expect(fingerprint({})).not.toBe(fingerprint({ ROOK_LOG_LEVEL: '' }));
});

test('settings without data or managedFields have no keys and no managers', () => {
  const nothing = { keys: {}, settings: {}, fingerprint: expect.any(String) as string, managers: [] };
  expect(projectRookConfig({ metadata: ID })).toEqual({ ...ID, deleting: false, ...nothing });
  expect(projectRookConfig({ metadata: ID, data: { CSIADDONS_PORT: '1' } }).keys).toEqual({
    CSIADDONS_PORT: { value: '1', managers: [] },
  });
});

test('of the Rook operator: image of its container, chart and ready replicas', () => {
  const containers = [
    { name: 'istio', image: 'proxy:1' },
    { name: 'rook-ceph-operator', image: 'rook/ceph:v1.17.9' },
  ];
  const labels = { 'helm.sh/chart': 'rook-ceph-v1.17.9' };
  expect(projectRookOperator(workload({ containers }, { metadata: { labels }, status: { readyReplicas: 1 } }))).toEqual(
    {
      ...ID,
      image: 'rook/ceph:v1.17.9',
      chart: 'rook-ceph-v1.17.9',
      env: {},
      readyReplicas: 1,
    },
  );
  expect(projectRookOperator(workload({ containers: [{ name: 'other', image: 'o:1' }] })).image).toBe('o:1');
  expect(projectRookOperator(workload({ containers: [] }))).toEqual({ ...ID, env: {}, readyReplicas: 0 });
});

test("of the Rook operator's environment: the literal values of the settings that matter, the last of a name", () => {
  const valueFrom = { fieldRef: { fieldPath: 'metadata.namespace' } };
  const env = [
    { name: 'CSIADDONS_PORT', value: '9075' },
    { name: 'CSIADDONS_PORT', value: '9076' },
    { name: 'CSI_ENABLE_LIVENESS', value: 'true' },
    { name: 'ROOK_ENFORCE_HOST_NETWORK' },
    { name: 'ROOK_USE_CSI_OPERATOR', valueFrom },
    { name: 'CSI_RBD_LIVENESS_METRICS_PORT', value: '9082' },
    { name: 'CSI_RBD_LIVENESS_METRICS_PORT', valueFrom },
    { name: 'CSI_CEPHFS_LIVENESS_METRICS_PORT', value: '9'.repeat(1_000_000) },
    { name: 'POD_NAMESPACE', valueFrom },
    { name: 'ROOK_LOG_LEVEL', value: 'INFO' },
    { name: '__proto__', value: 'x' },
  ];
  const sidecar = { name: 'istio', env: [{ name: 'CSIADDONS_PORT', value: '9079' }] };
  expect(projectRookOperator(workload({ containers: [sidecar, { name: 'rook-ceph-operator', env }] })).env).toEqual({
    CSIADDONS_PORT: '9076',
    CSI_ENABLE_LIVENESS: 'true',
    ROOK_ENFORCE_HOST_NETWORK: '',
    CSI_CEPHFS_LIVENESS_METRICS_PORT: '9'.repeat(1001),
  });
});

test('of a Driver: its identity and age', () => {
  expect(projectDriver({ metadata: metadata(), spec: { controllerPlugin: { hostNetwork: true } } })).toEqual({
    ...ID,
    creationTimestamp: '',
  });
});

test('of a Deployment: sidecar, host network, label and rollout', () => {
  const status = { observedGeneration: 3, replicas: 3, updatedReplicas: 2, availableReplicas: 1 };
  expect(projectDeployment(workload({ hostNetwork: true }, { spec: { replicas: 2, paused: true }, status }))).toEqual({
    kind: 'Deployment',
    ...ID,
    deleting: false,
    driverOwned: false,
    hostNetwork: true,
    app: 'csi',
    otherPorts: [],
    managers: [],
    sidecar: { index: 1, command: [], args: ['--controller-port=9070'], ports: [{ containerPort: 9070 }] },
    rollout: {
      generation: 3,
      observedGeneration: 3,
      desired: 2,
      updated: 2,
      available: 1,
      total: 3,
      onDelete: false,
      paused: true,
    },
  });
});

test('replicas that are absent are one, and zero is zero', () => {
  expect(projectDeployment(workload()).rollout.desired).toBe(1);
  expect(projectDeployment(workload({}, { spec: { replicas: 0 } })).rollout.desired).toBe(0);
});

test('of a DaemonSet: its own counters, template generation and OnDelete', () => {
  const more = {
    metadata: { annotations: { 'deprecated.daemonset.template.generation': '5' } },
    spec: { updateStrategy: { type: 'OnDelete' } },
    status: { observedGeneration: 3, desiredNumberScheduled: 4, updatedNumberScheduled: 2, numberAvailable: 3 },
  };
  expect(projectDaemonSet(workload({}, more))).toMatchObject({
    kind: 'DaemonSet',
    rollout: { desired: 4, updated: 2, available: 3, total: 2, onDelete: true, paused: false, templateGeneration: 5 },
  });
  const plain = projectDaemonSet(workload()).rollout;
  expect(plain).toMatchObject({ observedGeneration: 0, desired: 0, updated: 0, available: 0, onDelete: false });
  expect(plain).not.toHaveProperty('templateGeneration');
});

test.each([
  [[{ kind: 'Driver', apiVersion: 'csi.ceph.io/v1alpha1' }], true],
  [
    [
      { kind: 'Deployment', apiVersion: 'apps/v1' },
      { kind: 'Driver', apiVersion: 'csi.ceph.io/v1' },
    ],
    true,
  ],
  [[{ kind: 'Driver', apiVersion: 'other.io/v1' }], false],
  [[{ kind: 'CephConnection', apiVersion: 'csi.ceph.io/v1' }], false],
  [[], false],
])('owners %j: rendered by ceph-csi-operator is %s', (ownerReferences, expected) => {
  expect(projectDeployment(workload({}, { metadata: { ownerReferences } })).driverOwned).toBe(expected);
});

test('of the sidecar: command, absent args distinct from empty ones, and host ports if stored', () => {
  const sidecarOf = (container: object): unknown =>
    projectDeployment(workload({ containers: [{ name: 'csi-addons', image: 'i', ...container }] })).sidecar;
  expect(sidecarOf({})).toEqual({ index: 0, command: [], ports: [] });
  expect(sidecarOf({ args: [], command: ['/bin/sidecar'] })).toEqual({
    index: 0,
    command: ['/bin/sidecar'],
    args: [],
    ports: [],
  });
  const ports = [
    { containerPort: 9070, hostPort: 9070 },
    { containerPort: 9071, hostPort: 0, protocol: 'TCP' },
    { containerPort: 9072, protocol: 'UDP' },
  ];
  expect(sidecarOf({ ports })).toMatchObject({
    ports: [{ containerPort: 9070, hostPort: 9070 }, { containerPort: 9071 }, { containerPort: 9072, protocol: 'UDP' }],
  });
});

test('a pod template without a sidecar, label or containers is projected as well', () => {
  const bare = projectDeployment({ metadata: ID, spec: { template: { spec: { containers: [{ name: 'driver' }] } } } });
  expect(bare).not.toHaveProperty('sidecar');
  expect(bare).not.toHaveProperty('app');
  expect(bare).toMatchObject({ hostNetwork: false, rollout: { generation: 0 } });
  expect(projectDaemonSet({ metadata: ID, spec: { template: {} } })).not.toHaveProperty('sidecar');
});

test('of the sidecar: what its port argument refers to in the environment', () => {
  const env = [
    { name: 'CONTROLLER_PORT', value: '9070' },
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'OTHER', value: '9071' },
  ];
  const args = ['--pod=$(POD_NAME)', '--other=$(OTHER)', '--controller-port=$(CONTROLLER_PORT)'];
  const { sidecar } = projectDeployment(workload({ containers: [{ ...SIDECAR, args, env }] }));
  expect(sidecar).toMatchObject({ args, env: { CONTROLLER_PORT: '9070' } });
  expect(Object.keys(sidecar!.env!)).toEqual(['CONTROLLER_PORT']);
});

test('of the other containers: the ports that they take', () => {
  const containers = [
    { name: 'driver', ports: [{ containerPort: 8080 }, { containerPort: 53, protocol: 'UDP' }] },
    SIDECAR,
    { name: 'log' },
    { name: 'liveness-prometheus', args: ['--type=liveness', '--metricsport=9080'] },
  ];
  const initContainers = [
    { name: 'proxy', restartPolicy: 'Always', args: ['--port=9070'] },
    { name: 'setup', args: ['--port=9071'] },
  ];
  expect(projectDeployment(workload({ containers, initContainers })).otherPorts).toEqual([
    { container: 'driver', port: 8080 },
    { container: 'liveness-prometheus', port: 9080 },
    { container: 'proxy', port: 9070 },
  ]);
});

test('an init container of that name is no sidecar', () => {
  expect(projectDeployment(workload({ containers: [], initContainers: [SIDECAR] }))).not.toHaveProperty('sidecar');
});

test('no projection throws for want of optional fields', () => {
  const some = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> =>
    fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
  const container = fc.record(
    {
      name: fc.constantFrom('csi-addons', 'driver'),
      args: fc.array(fc.string()),
      command: fc.array(fc.string()),
      ports: fc.array(fc.record({ containerPort: fc.nat(), hostPort: fc.nat() }, { requiredKeys: ['containerPort'] })),
      env: fc.array(fc.record({ name: fc.string(), value: fc.string() }, { requiredKeys: ['name'] })),
    },
    { requiredKeys: ['name'] },
  );
  const pod = some({ hostNetwork: fc.boolean(), containers: fc.array(container) });
  const more = some({
    generation: fc.nat(),
    labels: fc.dictionary(fc.string(), fc.string()),
    annotations: fc.dictionary(fc.string(), fc.string()),
    ownerReferences: fc.array(fc.record({ kind: fc.constantFrom('Driver', 'X'), apiVersion: fc.string() })),
    managedFields: fc.array(
      some({ manager: fc.string(), fieldsV1: fc.dictionary(fc.constantFrom('f:data', 'f:metadata'), fc.object()) }),
    ),
  });
  const template = some({ metadata: some({ labels: fc.dictionary(fc.string(), fc.string()) }), spec: pod });
  fc.assert(
    fc.property(more, template, fc.option(fc.object(), { nil: undefined }), (extra, podTemplate, status) => {
      const raw = {
        metadata: { ...ID, ...extra },
        spec: { template: podTemplate },
        data: {},
        ...(status && { status }),
      };
      for (const project of [
        projectAssignment,
        projectRookConfig,
        projectRookOperator,
        projectDriver,
        projectDeployment,
        projectDaemonSet,
      ]) {
        expect(project(raw)).toMatchObject(ID);
      }
    }),
  );
});
