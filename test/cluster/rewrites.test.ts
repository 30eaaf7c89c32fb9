/**
 * Others revert a port. Without nodes there are no controllers that write workloads, and no rollout ever ends: what the
 * operator writes can then be counted to the last status write.
 */
import { expect, test } from 'vitest';
import type { AssignmentSpec } from '../../src/domain/rules/api.js';
import { useCluster } from '../support/cluster.js';
import type { Assignment } from '../support/assignment.js';
import type { Operator } from '../support/operator.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { CSI_WORKLOAD_NAMES, type CsiAddonsWorkload } from '../support/rook/names.js';
import type { InstallOptions, RookInstallation } from '../support/rook/installation.js';
import { OTHER_PORTS, patchOf } from '../support/slots.js';

const cluster = useCluster({ nodes: 0 });

/** None of them Rook's own 9070, so that a rewrite moves each workload. */
const PORTS = OTHER_PORTS;

async function assigned(
  spec: AssignmentSpec,
  options: Partial<InstallOptions> = {},
  args: readonly string[] = [],
): Promise<{ rook: RookInstallation; assignment: Assignment; operator: Operator }> {
  const installed = await cluster().installRookWithAssignment(options, spec);
  const operator = await cluster().startOperator({ args });
  await installed.assignment.waitForReason('Ready', 'RollingOut');
  await installed.assignment.waitUntilSettled();
  return { ...installed, operator };
}

function sidecarPatch(ports: number[], argument?: number): string {
  const declared = ports.map((containerPort) => ({ containerPort, protocol: 'TCP' }));
  const args = argument === undefined ? {} : { args: [`--controller-port=${argument}`] };
  return JSON.stringify({
    spec: { template: { spec: { containers: [{ name: 'csi-addons', ports: declared, ...args }] } } },
  });
}

async function waitForLayout(rook: RookInstallation, ports: readonly number[]): Promise<void> {
  await waitFor(`the ports ${ports.join(', ')}`, async () => (await rook.layout()).join() === ports.join());
}

async function declaredPorts(rook: RookInstallation, name: CsiAddonsWorkload): Promise<number[]> {
  const { spec } = await rook.workload(name);
  const sidecar = spec!.template.spec!.containers.find((container) => container.name === 'csi-addons');
  return sidecar!.ports!.map(({ containerPort }) => containerPort);
}

test.each(['rbdProvisioner', 'cephfsProvisioner', 'rbdNodePlugin'] as const)(
  'a full rewrite of %s is reverted by one patch and no status, counted once, and told on workload and assignment',
  async (name) => {
    const { rook, assignment, operator } = await assigned({ ports: PORTS });
    const wanted = await rook.layout();
    expect(wanted).toEqual([9170, 9171, 9172]);
    const mark = await cluster().controlPlane.audit.mark();

    await rook.rewrite(name);
    await operator.waitForReverts(1);
    expect(await cluster().writesUntilSettled(mark, assignment)).toEqual([patchOf(name)]);
    expect(await operator.reverts()).toBe(1);
    expect(await rook.layout()).toEqual(wanted);

    const kind = name.endsWith('NodePlugin') ? 'DaemonSet' : 'Deployment';
    const workload = `${kind} ${CSI_WORKLOAD_NAMES[name]}`;
    const recorded = await cluster().eventsAfterStop(operator, rook.namespace);
    const events = recorded.filter(({ reason }) => reason === 'Reasserted');
    const told = events.map(({ regarding, related }) => [regarding, related!].map((ref) => `${ref.kind} ${ref.name}`));
    expect(told.sort()).toEqual([
      ['CSIPortAssignment default', workload],
      [workload, 'CSIPortAssignment default'],
    ]);
    for (const { type, action, note } of events) {
      expect([type, action]).toEqual(['Normal', 'PatchWorkload']);
      expect(note).toContain(`${workload}: port 9070 -> ${PORTS[name]}`);
    }
  },
);

test('repeated reverts count up one event series', async () => {
  const { rook, operator } = await assigned({});
  for (const count of [1, 2, 3]) {
    await rook.rewrite('cephfsProvisioner');
    await waitForLayout(rook, [9070, 9071, 9072]);
    await operator.waitForReverts(count);
  }
  expect(await operator.reverts()).toBe(3);
  const recorded = await cluster().eventsAfterStop(operator, rook.namespace);
  const events = recorded.filter(({ reason }) => reason === 'Reasserted');
  expect(events.map(({ regarding, series }) => [regarding.kind, series?.count]).sort()).toEqual([
    ['CSIPortAssignment', 3],
    ['Deployment', 3],
  ]);
});

test('a revert that happens while another one is being repaired is counted and told as well', async () => {
  const { rook, assignment, operator } = await assigned({}, {}, ['--contested-after=0']);
  const rounds = 15;
  for (let round = 1; round <= rounds; round += 1) {
    await Promise.all([rook.rewrite('cephfsProvisioner'), rook.rewrite('rbdNodePlugin')]);
    await waitForLayout(rook, [9070, 9071, 9072]);
  }
  await assignment.waitUntilSettled();
  expect(await operator.reverts()).toBe(2 * rounds);
  const recorded = await cluster().eventsAfterStop(operator, rook.namespace);
  const events = recorded.filter(({ reason }) => reason === 'Reasserted');
  expect(events.map(({ regarding, series }) => [regarding.kind, series?.count]).sort()).toEqual(
    ['CSIPortAssignment', 'CSIPortAssignment', 'DaemonSet', 'Deployment'].map((kind) => [kind, rounds]),
  );
});

interface Pass {
  rule: string;
  version: '1.16.4' | '1.17.9';
  readsPin: boolean;
  reverted: CsiAddonsWorkload[];
}

test.each<Pass>([
  {
    rule: 'that has not read the pin',
    version: '1.16.4',
    readsPin: false,
    reverted: ['rbdNodePlugin', 'cephfsProvisioner'],
  },
  // One key for all three: they all move to the node plugin's port.
  {
    rule: 'of 1.16.4 with the pin',
    version: '1.16.4',
    readsPin: true,
    reverted: ['rbdProvisioner', 'cephfsProvisioner'],
  },
  { rule: 'of 1.17.9 with the pin', version: '1.17.9', readsPin: true, reverted: [] },
])('after a whole pass of Rook $rule exactly these are patched, once each: $reverted', async (pass) => {
  const { rook, assignment, operator } = await assigned({}, { version: pass.version });
  const mark = await cluster().controlPlane.audit.mark();

  await rook.writePass(pass.readsPin ? await rook.config() : {});
  await operator.waitForReverts(pass.reverted.length);

  const writes = await cluster().writesUntilSettled(mark, assignment);
  const workloads = writes.filter((write) => /deployments|daemonsets/.test(write));
  expect(workloads.sort()).toEqual(pass.reverted.map(patchOf).sort());
  expect(writes.filter((write) => write.includes('configmaps'))).toEqual([]);
  if (pass.reverted.length === 0) expect(writes).toEqual([]);
  expect(await operator.reverts()).toBe(pass.reverted.length);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
});

test.each([
  { declared: [9070], argument: 9070, found: [9070, 9071] },
  { declared: [9072], argument: 9072, found: [9072, 9071] },
  { declared: [9070], argument: undefined, found: [9070, 9071] },
])(
  'a kubectl patch that leaves the declared ports $found and the argument $argument behind is repaired and counted',
  async ({ declared, argument, found }) => {
    const { rook, assignment, operator } = await assigned({});
    const patch = sidecarPatch(declared, argument);
    // What kubectl leaves behind shows in a dry run only: the operator is faster than the next look.
    const kubectl = ['-n', rook.namespace, 'patch', 'deployment', 'csi-cephfsplugin-provisioner', '-p', patch];
    const preview = JSON.parse(
      await cluster().controlPlane.kubectl([...kubectl, '--dry-run=server', '-o', 'json']),
    ) as {
      spec: { template: { spec: { containers: { name: string; ports?: { containerPort: number }[] }[] } } };
    };
    const { containers } = preview.spec.template.spec;
    expect(containers.find(({ name }) => name === 'csi-addons')!.ports!.map((port) => port.containerPort)).toEqual(
      found,
    );

    await cluster().controlPlane.kubectl(kubectl);
    await waitForLayout(rook, [9070, 9071, 9072]);
    await assignment.waitUntilSettled();
    expect(await operator.reverts()).toBe(1);
    expect(await declaredPorts(rook, 'cephfsProvisioner')).toEqual([9071]);
  },
);

test('a free port that somebody gives a sidecar is kept, and pinned, so that Rook renders it, too', async () => {
  const { rook, assignment, operator } = await assigned({});
  const { api } = cluster().controlPlane;
  const path = rook.workloadPath('cephfsProvisioner');
  const mark = await cluster().controlPlane.audit.mark();
  await api.patch(path, JSON.parse(sidecarPatch([9099], 9099)) as object, 'application/strategic-merge-patch+json');
  await waitFor('the pin', async () => (await rook.config()).CSIADDONS_CEPHFS_PROVISIONER_PORT === '9099');
  const writes = await cluster().writesUntilSettled(mark, assignment);
  expect(writes.filter((write) => write.includes('deployments'))).toEqual([]);
  expect((await assignment.status()).ports).toMatchObject({ cephfsProvisioner: 9099 });
  expect(await operator.reverts()).toBe(0);
});

test("a port that others declare beside the sidecar's own stays", async () => {
  const { rook, assignment } = await assigned({});
  const kubectl = ['-n', rook.namespace, 'patch', 'deployment', 'csi-cephfsplugin-provisioner', '-p'];
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().controlPlane.kubectl([...kubectl, sidecarPatch([8443])]);
  expect(await cluster().writesUntilSettled(mark, assignment)).toEqual([]);
  expect(await declaredPorts(rook, 'cephfsProvisioner')).toEqual([8443, 9071]);
});

test('a workload whose status and annotations change all the time is repaired by one patch, at the first try', async () => {
  const { rook, assignment, operator } = await assigned({ ports: PORTS });
  const { api, audit } = cluster().controlPlane;
  const path = rook.workloadPath('cephfsProvisioner');
  const stop = new AbortController();
  let changes = 0;
  const churn = async (change: (n: number) => Promise<object>): Promise<void> => {
    while (!stop.signal.aborted) await change((changes += 1));
  };
  const churning = Promise.all([
    churn((n) => api.patch(`${path}/status`, { status: { replicas: n % 7 } })),
    churn((n) => api.patch(path, { metadata: { annotations: { 'example.com/churn': String(n) } } })),
  ]);
  const mark = await audit.mark();
  try {
    // Beyond five writes it would be left alone for a while: contested.test.ts has that.
    for (let revert = 1; revert <= 4; revert += 1) {
      const before = changes;
      await waitFor('the churn to go on', () => Promise.resolve(changes > before + 5));
      await rook.rewrite('cephfsProvisioner');
      await waitForLayout(rook, [9170, 9171, 9172]);
    }
  } finally {
    stop.abort();
    await churning;
  }
  await assignment.waitUntilSettled();
  expect(await operator.reverts()).toBe(4);
  const requests = await cluster().requestsSince(mark);
  const patches = requests.filter(({ resource }) => resource === 'deployments').map(({ verb, code }) => [verb, code]);
  expect(patches).toEqual(Array.from({ length: 4 }, () => ['patch', 200]));
  expect(await rook.layout()).toEqual([9170, 9171, 9172]);
});

test('a workload that was deleted and made again gets its port again, and that is no revert', async () => {
  const { rook, assignment, operator } = await assigned({});
  const { api } = cluster().controlPlane;
  for (const name of ['cephfsProvisioner', 'rbdNodePlugin'] as const) {
    await api.delete(rook.workloadPath(name));
    await assignment.waitForState(name, 'Absent');
    const mark = await cluster().controlPlane.audit.mark();
    await rook.rewrite(name);
    await assignment.waitForState(name, 'RollingOut');
    expect(await cluster().writesUntilSettled(mark, assignment)).toContain(patchOf(name));
  }
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
  expect(await operator.reverts()).toBe(0);
  const events = await cluster().eventsAfterStop(operator, rook.namespace);
  expect(events.map(({ reason }) => reason)).not.toContain('Reasserted');
});

test('a workload that is being deleted is left as it is', async () => {
  const { rook, assignment } = await assigned({});
  const { api, audit } = cluster().controlPlane;
  const path = rook.workloadPath('cephfsProvisioner');
  await api.patch(path, { metadata: { finalizers: ['example.com/hold'] } });
  await api.delete(path);
  const mark = await audit.mark();
  await api.patch(path, JSON.parse(sidecarPatch([9070], 9070)) as object, 'application/strategic-merge-patch+json');
  const { workloads } = await assignment.waitForReason('Ready', 'PortsDiffer');
  expect(workloads.find(({ slot }) => slot === 'cephfsProvisioner')).toMatchObject({
    state: 'Drifted',
    currentPort: 9070,
  });
  const writes = await cluster().writesUntilSettled(mark, assignment);
  expect(writes.filter((write) => write.startsWith('patch deployments'))).toEqual([]);
  expect(await declaredPorts(rook, 'cephfsProvisioner')).toEqual([9070, 9071]);

  await api.patch(path, { metadata: { finalizers: null } });
  await assignment.waitForReason('Ready', 'RollingOut');
});
