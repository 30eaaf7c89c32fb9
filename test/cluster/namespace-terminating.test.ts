/** A namespace with Rook is deleted, and takes its time over it; and one of the same name is made again. */
import { expect, test } from 'vitest';
import { describeRequest, useCluster } from '../support/cluster.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import type { Mark } from '../support/control-plane/audit-log.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { portsRight } from '../support/recovery.js';
import { startReplica } from '../support/replicas.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { OTHER_PORTS } from '../support/slots.js';

// The operator's Role goes with the namespace, at any time before its last object.
const cluster = useCluster({ withholdsRights: true });
const WITHIN_SECONDS = 45;
const HOLD = 'example.com/hold';

interface Namespace extends KubeObject {
  status: { phase: string; conditions?: { type: string; status: string }[] };
}

async function setFinalizers(paths: readonly string[], finalizers: readonly string[]): Promise<void> {
  for (const path of paths) await cluster().controlPlane.api.patch<object>(path, { metadata: { finalizers } });
}

async function waitUntilOnlyHeld(path: string): Promise<void> {
  await waitFor('the namespace to wait for finalizers alone', async () => {
    const { status } = await cluster().controlPlane.api.get<Namespace>(path);
    const held = status.conditions?.find(({ type }) => type === 'NamespaceFinalizersRemaining');
    return status.phase === 'Terminating' && held?.status === 'True';
  });
}

/** What the operator asked for in the namespace. */
async function requestsIn(namespace: string, mark: Mark): Promise<string[]> {
  const requests = (await cluster().requestsSince(mark)).filter((request) => request.namespace === namespace);
  return requests.map((request) => `${describeRequest(request)} ${request.code}`);
}

async function expectRepairNextDoor(rook: RookInstallation): Promise<void> {
  await rook.rewrite('rbdNodePlugin');
  const layout = Object.values(OTHER_PORTS);
  const fault = 'a revert next door to a namespace that is terminating';
  await portsRight(rook, { fault, since: performance.now(), withinSeconds: WITHIN_SECONDS, layout });
}

/** Some ten seconds, by the operator's own clock: the Lease is renewed every two. */
async function waitForRenewals(count: number): Promise<void> {
  const mark = await cluster().controlPlane.audit.mark();
  await waitFor(`${count} renewals of the Lease`, async () => {
    const writes = (await cluster().requestsSince(mark)).map(describeRequest);
    return writes.filter((write) => write === 'patch leases csi-port-operator').length >= count;
  });
}

test('a namespace that is terminating is left alone, and one that is made again is served', async () => {
  const { api, audit } = cluster().controlPlane;
  const { rook } = await cluster().installRookWithAssignment();
  const nextDoor = await cluster().installRookWithAssignment({}, { ports: OTHER_PORTS });
  const { operator } = await startReplica(cluster(), 'alone');
  await cluster().waitUntilAtRest(rook);
  await cluster().waitUntilAtRest(nextDoor.rook);
  const { namespace } = rook;
  const path = `/api/v1/namespaces/${namespace}`;
  const held = [
    `/apis/csiports.io/v1alpha1/namespaces/${namespace}/csiportassignments/default`,
    rook.workloadPath('cephfsProvisioner'),
    rook.configPath,
  ];
  await setFinalizers(held, [HOLD]);
  const mark = await audit.mark();
  await api.delete(path);
  await waitUntilOnlyHeld(path);
  await waitFor('the watches of this namespace alone to end', async () => {
    return !(await operator.probe('/readyz')).body.includes(` in ${namespace}`);
  });
  const steady = await audit.mark();
  await expectRepairNextDoor(nextDoor.rook);
  await waitForRenewals(5);
  expect(await requestsIn(namespace, steady)).toEqual([]);
  const requests = await requestsIn(namespace, mark);
  console.log(`measured | requests while a namespace goes | ${requests.length}`);
  // Some status writes, as its workloads and pods go one by one, and a look for those of ceph-csi-operator in their place.
  expect(requests.length).toBeLessThan(40);
  expect(requests.filter((request) => request.startsWith('patch') && !request.includes('/status'))).toEqual([]);
  expect((await operator.probe('/healthz')).status).toBe(200);
  await operator.waitUntilReady();

  await setFinalizers(held, []);
  await waitFor('the namespace to be gone', async () => (await api.getOrUndefined(path)) === undefined);
  const again = await cluster().installRookWithAssignment({ namespace });
  const fault = 'a namespace made again under the same name';
  await portsRight(again.rook, { fault, since: performance.now(), withinSeconds: WITHIN_SECONDS });
  await again.assignment.waitUntilAssigned();
  expect(await operator.reverts(namespace)).toBe(0);
  expect(operator.isRunning).toBe(true);
});
