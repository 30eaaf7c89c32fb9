/** The CRD is deleted, and all assignments with it, and made again under an operator that runs. */
import { expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { portsRight } from '../support/recovery.js';
import { CONFLICT_LAYOUT, DEFAULT_PORTS, OTHER_PORTS, patchOf, SLOTS } from '../support/slots.js';

// An API server that is about to serve a CRD again may know it, and answer for it, before its roles.
const cluster = useCluster({ nodes: 0 });
const CRD = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/csiportassignments.csiports.io';
const INFORMER = 'CSIPortAssignment default';
/** A watch that fails is tried again after 10 s at the latest; a CRD that is about to be served takes a few such tries. */
const WITHIN_SECONDS = 60;

async function deleteCrd(): Promise<void> {
  const { api } = cluster().controlPlane;
  await api.delete(CRD);
  await waitFor('the CRD to be gone', async () => (await api.getOrUndefined(CRD)) === undefined);
}

async function createCrd(): Promise<void> {
  const { controlPlane } = cluster();
  await controlPlane.kubectl(['apply', '-k', 'config/crd']);
  await waitFor('the API server to serve it', () =>
    controlPlane.api.list('/apis/csiports.io/v1alpha1/csiportassignments').then(() => true),
  );
}

test('without the CRD nothing is touched, and one line says what is missing; with it, a new assignment is served', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  const mark = await cluster().controlPlane.audit.mark();
  await deleteCrd();
  await rook.writePass();
  const failures = await operator.waitForWatchFailures(5, INFORMER);
  expect(failures.filter(({ level }) => level === 'warn')).toEqual(operator.warnings);
  expect(operator.warnings.at(-1)).toMatchObject({
    error: expect.stringContaining('404') as string,
    remedy: 'install the CustomResourceDefinition csiportassignments.csiports.io (kubectl apply -k crds)',
  });
  const requests = await cluster().requestsSince(mark);
  // One for each failure, and nothing of the other informers'.
  expect(requests.length).toBeLessThanOrEqual(operator.messages.filter((msg) => msg === 'Watch failed').length + 2);
  expect(await cluster().writesSince(mark)).toEqual([]);
  expect((await operator.probe('/healthz')).status).toBe(200);
  expect(await rook.layout()).toEqual(CONFLICT_LAYOUT);

  await createCrd();
  await assignment.create();
  const fault = 'CRD deleted and made again, then a new assignment';
  await portsRight(rook, { fault, since: performance.now(), withinSeconds: WITHIN_SECONDS });
  const status = await assignment.waitForReason('Ready', 'RollingOut');
  expect(status).toMatchObject({
    provider: 'Rook',
    ports: DEFAULT_PORTS,
  });
  await rook.rewrite('rbdNodePlugin');
  await portsRight(rook, { fault: 'a revert after that', since: performance.now(), withinSeconds: WITHIN_SECONDS });
  await assignment.waitUntilSettled();
  // Those of before went with the assignment.
  expect(await operator.reverts()).toBe(1);
  await operator.waitUntilReady();
  expect(operator.isRunning).toBe(true);
});

test('a CRD that is replaced before the operator looks again: the assignment is another one, and is served as such', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await rook.rewrite('rbdNodePlugin');
  await operator.waitForReverts(1);
  process.kill(operator.pid, 'SIGSTOP');
  await deleteCrd();
  await createCrd();
  await assignment.create({ ports: OTHER_PORTS });
  const mark = await cluster().controlPlane.audit.mark();
  process.kill(operator.pid, 'SIGCONT');
  const layout = Object.values(OTHER_PORTS);
  const fault = 'CRD and assignment replaced at once';
  await portsRight(rook, { fault, since: performance.now(), withinSeconds: WITHIN_SECONDS, layout });
  const { ports } = await assignment.waitForReason('Ready', 'RollingOut');
  expect(ports).toEqual(OTHER_PORTS);
  await assignment.waitUntilSettled();
  const patches = (await cluster().writesSince(mark)).filter((write) => !write.includes('/status'));
  expect(patches.sort()).toEqual(['patch configmaps rook-ceph-operator-config', ...SLOTS.map(patchOf)].sort());
});
