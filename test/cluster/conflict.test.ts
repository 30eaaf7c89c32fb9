import { expect, test } from 'vitest';
import type { PortConflict } from '../../src/domain/rules/api.js';
import { SLOT_SPECS } from '../../src/domain/rules/slots.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { useCluster } from '../support/cluster.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { CONFLICT_LAYOUT, DEFAULT_PORTS, layoutOf, PROVISIONERS } from '../support/slots.js';
import { CSI_WORKLOADS } from '../support/rook/render.js';

const cluster = useCluster();

interface Pod {
  metadata: { name?: string };
  spec: { containers: { name: string; ports?: { hostPort?: number }[] }[] };
  status: { phase?: string; conditions?: { message?: string }[] };
}

async function podPhases(rook: RookInstallation): Promise<string[]> {
  return (await rook.pods()).map((pod) => (pod as unknown as Pod).status.phase ?? '').sort();
}

async function waitForConflict(rook: RookInstallation): Promise<void> {
  await waitFor(
    'all provisioner pods to be Pending for want of a port',
    async () => {
      const pending = ((await rook.pods()) as unknown as Pod[]).filter(({ status }) => status.phase === 'Pending');
      const reasons = pending.flatMap(({ status }) => status.conditions?.map(({ message }) => message) ?? []);
      return reasons.filter((reason) => reason?.includes("didn't have free ports")).length === 2 * PROVISIONERS.length;
    },
    { lastSeen: () => podPhases(rook) },
  );
}

test('the conflict ends: all pods run, the ports are distinct, and the status says so', async () => {
  const rook = await cluster().installRook();
  await waitForConflict(rook);
  expect(await rook.layout()).toEqual(CONFLICT_LAYOUT);

  const assignment = cluster().assignment(rook.namespace);
  await assignment.create();
  await cluster().startOperator();
  const status = await assignment.waitUntilAssigned();

  expect(await rook.layout()).toEqual(layoutOf());
  await rook.podsAtRest();
  expect(status).toMatchObject({
    observedGeneration: 1,
    provider: 'Rook',
    rookVersion: 'v1.16.4',
    ports: DEFAULT_PORTS,
  });
  expect(status.workloads).toEqual(
    SLOT_SPECS.map(({ kind, workload: name, slot, defaultPort: port }) => {
      return { kind, name, slot, hostNetwork: true, assignedPort: port, currentPort: port, state: 'Ready' };
    }),
  );
  const conditions = status.conditions.map(({ type, status: value, reason }) => [type, value, reason].join(' ')).sort();
  expect(conditions).toEqual(['Degraded False AsExpected', 'Progressing False Settled', 'Ready True PortsAssigned']);
});

test('nothing but the port of the sidecar differs afterwards', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const before = await Promise.all(CSI_WORKLOADS.map((name) => rook.workload(name)));
  await cluster().startOperator();
  await assignment.waitUntilAssigned();

  const after = await Promise.all(CSI_WORKLOADS.map((name) => rook.workload(name)));
  const masked = (spec: object): string =>
    JSON.stringify(spec).replaceAll(/(controller-port=|"containerPort":)90\d\d/g, '$1N');
  expect(after.map(({ spec }) => masked(spec!))).toEqual(before.map(({ spec }) => masked(spec!)));
  for (const [index, { metadata }] of after.entries()) {
    const own = (key: string): boolean => !key.includes('kubernetes.io/');
    expect(Object.keys(metadata!.annotations ?? {}).filter(own)).toEqual(
      Object.keys(before[index]!.metadata!.annotations ?? {}).filter(own),
    );
    expect(metadata!.labels).toEqual(before[index]!.metadata!.labels);
    expect(metadata!.finalizers).toBeUndefined();
  }
});

test("liveness sidecars on one host port are told of, with the setting that ends it, and are none of the operator's", async () => {
  const config = { CSI_ENABLE_LIVENESS: 'true' };
  const { rook, assignment } = await cluster().installRookWithAssignment({ config });
  await cluster().startOperator();
  await assignment.waitForReason('Degraded', 'LivenessConflict');
  expect((await assignment.condition('Degraded')).message).toContain('CSI_ENABLE_LIVENESS');
  const { conflicts } = await waitFor('the pods of the node plugins', async () => {
    const status = await assignment.status();
    return status.conflicts?.every(({ nodeCount }) => nodeCount === 3) === true && status;
  });
  expect(conflicts).toEqual([livenessConflict(9080, 'rbd'), livenessConflict(9081, 'cephfs')]);
  // Each is shared by the provisioner and the node plugin of a driver.
  function livenessConflict(port: number, driver: string): PortConflict {
    const holder = { namespace: rook.namespace, container: 'liveness-prometheus' };
    const provisioner = { ...holder, kind: 'Deployment', name: `csi-${driver}plugin-provisioner` };
    const nodePlugin = { ...holder, kind: 'DaemonSet', name: `csi-${driver}plugin` };
    return { port, holders: [provisioner, nodePlugin], nodes: ['node-1', 'node-2', 'node-3'], nodeCount: 3 };
  }
  expect(await rook.layout()).toEqual(layoutOf());
});
