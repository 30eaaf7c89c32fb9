/** Rooks in several namespaces: on the same nodes each sidecar of all of them has a port of its own. */
import { expect, test } from 'vitest';
import { SLOT_SPECS } from '../../src/domain/rules/slots.js';
import type { Assignment } from '../support/assignment.js';
import { STATUS_WRITE, useCluster } from '../support/cluster.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { CONFLICT_LAYOUT, layoutOf, SLOTS } from '../support/slots.js';

const cluster = useCluster();

interface Installed {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
}

/** Rooks of which the first has the oldest assignment. */
async function rooks(...namespaces: string[]): Promise<Installed[]> {
  const installed: Installed[] = [];
  for (const namespace of namespaces) installed.push(await cluster().installRookWithAssignment({ namespace }));
  return installed;
}

async function layouts(installed: readonly Installed[]): Promise<number[]> {
  return (await Promise.all(installed.map(({ rook }) => rook.layout()))).flat();
}

test('two Rooks: six workloads, six ports, and every pod runs', async () => {
  // The names are in the other order than the ages.
  const [older, younger] = await rooks('rook-z', 'rook-a');
  await cluster().startOperator();
  await older!.assignment.waitUntilAssigned();
  await younger!.assignment.waitUntilAssigned();
  const all = await layouts([older!, younger!]);
  expect(new Set(all).size).toBe(2 * SLOTS.length);
  await older!.rook.podsAtRest();
  await younger!.rook.podsAtRest();
  for (const { assignment } of [older!, younger!]) {
    expect(await assignment.status()).not.toHaveProperty('conflicts');
    expect(await assignment.condition('Degraded')).toMatchObject({ reason: 'AsExpected' });
  }
});

test('a second Rook comes later: the first one keeps its ports, and nothing of it is written', async () => {
  const [first] = await rooks('rook-first');
  await cluster().startOperator();
  await cluster().waitUntilAtRest(first!.rook);
  const mark = await cluster().controlPlane.audit.mark();
  // With its assignment before its workloads: until then nobody may move these, and the first one would have to make way.
  const second = await cluster().installRookWithAssignment({ namespace: 'rook-second', workloads: false });
  await second.rook.writePass();
  await second.assignment.waitUntilAssigned();
  expect(await first!.rook.layout()).toEqual(layoutOf());
  const ports = await layouts([first!, second]);
  expect(new Set(ports).size).toBe(2 * SLOTS.length);
  const written = await cluster().requestsSince(mark);
  const ofFirst = written.filter(({ namespace, subresource, verb }) => {
    return namespace === 'rook-first' && verb === 'patch' && subresource !== 'status';
  });
  expect(ofFirst).toEqual([]);
});

test('a Rook without an assignment is kept off, and named as long as it is in the way', async () => {
  const without = await cluster().installRook({ namespace: 'rook-without' });
  const [ours] = await rooks('rook-ours');
  await ours!.assignment.edit({ mode: 'DryRun' });
  await cluster().startOperator();
  const status = await ours!.assignment.waitForReason('Ready', 'DryRun');
  expect(JSON.stringify(status.conflicts)).toContain('rook-without');
  expect((await ours!.assignment.condition('Degraded')).message).toContain('DaemonSet rook-without/csi-rbdplugin');

  await ours!.assignment.edit({ mode: 'Enforce' });
  await ours!.assignment.waitUntilAssigned();
  expect(await without.layout()).toEqual(CONFLICT_LAYOUT);
  expect(await ours!.rook.layout()).not.toContain(CONFLICT_LAYOUT[0]);
});

/** All pods of its slots are on this node, and no other is left. */
async function confine(rook: RookInstallation, node: string): Promise<void> {
  const nodeSelector = { 'kubernetes.io/hostname': node };
  const patch = { spec: { template: { spec: { nodeSelector } } } };
  for (const slot of SLOTS) await cluster().controlPlane.api.patch(rook.workloadPath(slot), patch);
  await waitFor(`the slots of ${rook.namespace} to be on ${node}`, async () => {
    const pods = (await rook.pods()) as (KubeObject & { spec: { nodeName?: string } })[];
    const ofSlots = pods.filter(({ metadata }) => SLOT_APPS.includes(metadata.labels?.app ?? ''));
    return ofSlots.length > 0 && ofSlots.every(({ spec }) => spec.nodeName === node || spec.nodeName === undefined);
  });
}

const SLOT_APPS: readonly string[] = SLOT_SPECS.map(({ workload }) => workload);

test('Rooks on nodes of their own keep equal ports', async () => {
  const config = { CSI_PROVISIONER_REPLICAS: '1' };
  const one = await cluster().installRookWithAssignment({ namespace: 'rook-one', config });
  await confine(one.rook, 'node-1');
  const two = await cluster().installRookWithAssignment({ namespace: 'rook-two', config });
  await confine(two.rook, 'node-2');
  await cluster().startOperator();
  await one.assignment.waitUntilAssigned();
  await two.assignment.waitUntilAssigned();
  expect(await layouts([one, two])).toEqual([...layoutOf(), ...layoutOf()]);
});

test('a provisioner that no node takes, as a Rook with which it shares no node has its port, is stuck until the spec gives another', async () => {
  const keepNodePlugin = { ports: { rbdNodePlugin: 9070 } };
  const first = await cluster().installRookWithAssignment({ namespace: 'rook-all' }, keepNodePlugin);
  await cluster().startOperator();
  await first.assignment.waitForReason('Ready', 'PortsAssigned');
  const second = await cluster().installRookWithAssignment({ namespace: 'rook-cephfs', workloads: false });
  await second.rook.rewrite('cephfsProvisioner');
  await second.assignment.waitForReason('Ready', 'RolloutStuck');
  expect((await second.assignment.condition('Degraded')).message).toContain("didn't have free ports");
  await second.assignment.edit({ ports: { cephfsProvisioner: 9085 } });
  await second.assignment.waitForReason('Ready', 'PortsAssigned');
  expect((await first.assignment.status()).ports.rbdNodePlugin).toBe(9070);
});

test('an assignment in a namespace without Rook says where Rook is', async () => {
  await cluster().installRook({ namespace: 'rook-ceph-system' });
  const { api } = cluster().controlPlane;
  await api.create('/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'rook-ceph-cluster' },
  });
  await cluster().allowWrites('rook-ceph-cluster');
  const assignment = cluster().assignment('rook-ceph-cluster');
  await assignment.create();
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();
  await assignment.waitForReason('Ready', 'NoRook');
  const { status, message } = await assignment.condition('Ready');
  expect(status).toBe('False');
  expect(message).toContain('rook-ceph-system');
  expect((await cluster().writesSince(mark)).filter((write) => write !== STATUS_WRITE)).toEqual([]);
  await assignment.delete();
});
