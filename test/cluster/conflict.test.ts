import { expect, test } from 'vitest';
import { waitFor } from '../support/control-plane/wait-for.js';
import { useCluster } from '../support/cluster.js';
import type { RookInstallation } from '../support/rook/installation.js';

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
    'four provisioner pods to be Pending for want of a port',
    async () => {
      const pending = ((await rook.pods()) as unknown as Pod[]).filter(({ status }) => status.phase === 'Pending');
      const reasons = pending.flatMap(({ status }) => status.conditions?.map(({ message }) => message) ?? []);
      return reasons.filter((reason) => reason?.includes("didn't have free ports")).length === 4;
    },
    { lastSeen: () => podPhases(rook) },
  );
}

test('the conflict ends: all pods run, the ports are distinct, and the status says so', async () => {
  const rook = await cluster().installRook();
  await waitForConflict(rook);
  expect(await rook.layout()).toEqual([9070, 9070, 9070]);

  const assignment = cluster().assignment(rook.namespace);
  await assignment.create();
  await cluster().startOperator();
  const status = await assignment.waitUntilAssigned();

  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
  await rook.podsAtRest();
  expect(status).toMatchObject({
    observedGeneration: 1,
    provider: 'Rook',
    rookVersion: 'v1.16.4',
    ports: { rbdProvisioner: 9070, cephfsProvisioner: 9071, rbdNodePlugin: 9072 },
  });
  expect(status.workloads).toEqual([
    {
      kind: 'Deployment',
      name: 'csi-rbdplugin-provisioner',
      slot: 'rbdProvisioner',
      hostNetwork: true,
      assignedPort: 9070,
      currentPort: 9070,
      state: 'Ready',
    },
    {
      kind: 'Deployment',
      name: 'csi-cephfsplugin-provisioner',
      slot: 'cephfsProvisioner',
      hostNetwork: true,
      assignedPort: 9071,
      currentPort: 9071,
      state: 'Ready',
    },
    {
      kind: 'DaemonSet',
      name: 'csi-rbdplugin',
      slot: 'rbdNodePlugin',
      hostNetwork: true,
      assignedPort: 9072,
      currentPort: 9072,
      state: 'Ready',
    },
  ]);
  const conditions = status.conditions.map(({ type, status: value, reason }) => [type, value, reason].join(' ')).sort();
  expect(conditions).toEqual(['Degraded False AsExpected', 'Progressing False Settled', 'Ready True PortsAssigned']);
});

test('nothing but the port of the sidecar differs afterwards', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const names = ['rbdProvisioner', 'cephfsProvisioner', 'rbdNodePlugin', 'cephfsNodePlugin'] as const;
  const before = await Promise.all(names.map((name) => rook.workload(name)));
  await cluster().startOperator();
  await assignment.waitUntilAssigned();

  const after = await Promise.all(names.map((name) => rook.workload(name)));
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
  expect((await assignment.status()).conflicts).toEqual([
    {
      port: 9080,
      holders: [
        'Deployment csi-rbdplugin-provisioner (liveness-prometheus)',
        'DaemonSet csi-rbdplugin (liveness-prometheus)',
      ],
    },
  ]);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
});
