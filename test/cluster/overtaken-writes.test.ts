/** Writes that somebody overtakes: they are refused, the object is read again, and what comes of that is right. */
import { expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { Gate, type GateRequest } from '../support/control-plane/gate.js';
import { waitFor } from '../support/control-plane/wait-for.js';

const cluster = useCluster({ nodes: 0 });
const PORTS = { rbdProvisioner: 9170, cephfsProvisioner: 9171, rbdNodePlugin: 9172 };

/** What the operator reads by GET is what it read again. */
async function readAgain(namespace: string): Promise<string[]> {
  const requests = await cluster().requestsSince({ offset: 0 });
  return requests
    .filter((entry) => entry.verb === 'get' && entry.namespace === namespace)
    .map(({ resource, name }) => `${resource} ${name!}`)
    .sort();
}

test('patches that come too late for their guards: each workload is read again and moved from where it is', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { ports: PORTS });
  const gate = new Gate(cluster().controlPlane, isPatchOf('/apis/apps/'));
  await cluster().startOperator({ kubeconfig: await gate.start() });
  await waitFor('three patches under way', () => Promise.resolve(gate.waiting.length === 3));
  for (const name of ['rbdProvisioner', 'cephfsProvisioner', 'rbdNodePlugin'] as const) {
    await rook.rewrite(name, { CSIADDONS_PORT: '9999' });
  }
  gate.open();
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  expect(await rook.layout()).toEqual([9170, 9171, 9172]);
  expect(await readAgain(rook.namespace)).toEqual([
    'daemonsets csi-rbdplugin',
    'deployments csi-cephfsplugin-provisioner',
    'deployments csi-rbdplugin-provisioner',
  ]);
});

test('a pin that an edit has overtaken: the edit is read, and is the wish of whoever made it', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const gate = new Gate(cluster().controlPlane, isPatchOf('/configmaps/'));
  await cluster().startOperator({ kubeconfig: await gate.start() });
  await waitFor('the pin under way', () => Promise.resolve(gate.waiting.length === 1));
  const configMap = `/api/v1/namespaces/${rook.namespace}/configmaps/rook-ceph-operator-config`;
  await cluster().controlPlane.api.patch(configMap, { data: { CSIADDONS_CEPHFS_PROVISIONER_PORT: '9275' } });
  gate.open();
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  expect(await rook.layout()).toEqual([9070, 9275, 9072]);
  expect(await rook.config()).toMatchObject({ CSIADDONS_CEPHFS_PROVISIONER_PORT: '9275', CSIADDONS_PORT: '9072' });
  expect(await readAgain(rook.namespace)).toContain('configmaps rook-ceph-operator-config');
});

test('a status that an edit has overtaken speaks of the edit', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const gate = new Gate(cluster().controlPlane, isPatchOf('/csiportassignments/default/status'));
  await cluster().startOperator({ kubeconfig: await gate.start() });
  await waitFor('the status under way', () => Promise.resolve(gate.waiting.length === 1));
  const generation = await assignment.edit({ ports: PORTS });
  gate.open();
  const { observedGeneration, ports } = await assignment.waitForReason('Ready', 'RollingOut');
  expect({ observedGeneration, ports }).toEqual({ observedGeneration: generation, ports: PORTS });
  expect(await rook.layout()).toEqual([9170, 9171, 9172]);
  expect(await readAgain(rook.namespace)).toContain('csiportassignments default');
});

function isPatchOf(part: string): (request: GateRequest) => boolean {
  return ({ method, path }) => method === 'PATCH' && path.includes(part);
}
