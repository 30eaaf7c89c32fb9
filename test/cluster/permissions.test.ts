/** What is said and done where a right is missing, and that granting it is enough. */
import { expect, onTestFinished, test } from 'vitest';
import { waitUntilAllowed, waitUntilForbidden, type ResourceRight } from '../support/access.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { STATUS_WRITE, useCluster } from '../support/cluster.js';
import type { LogLine, Operator } from '../support/operator.js';
import { each, inOrder, layoutOf } from '../support/slots.js';
import { OPERATOR_USER, toWriteTheStatus } from '../support/operator-account.js';

const cluster = useCluster({ nodes: 0, withholdsRights: true });

interface Role extends KubeObject {
  rules: { resources: string[]; resourceNames?: string[]; verbs: string[] }[];
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const READER = `${RBAC}/clusterroles/csi-port-operator-reader`;

function writer(namespace: string): string {
  return `${RBAC}/namespaces/${namespace}/roles/csi-port-operator-writer`;
}

/** Takes the rule of a resource out of a role until the result is called, at the latest after the test. */
async function withhold(role: string, right: ResourceRight): Promise<() => Promise<void>> {
  const { api } = cluster().controlPlane;
  const { rules } = await api.get<Role>(role);
  const resource = right.subresource === undefined ? right.resource : `${right.resource}/${right.subresource}`;
  await api.patch(role, { rules: rules.filter(({ resources }) => !resources.includes(resource)) });
  const grant = async (): Promise<void> => {
    await api.patch(role, { rules });
    await waitUntilAllowed(api, OPERATOR_USER, right);
  };
  onTestFinished(grant);
  await waitUntilForbidden(api, OPERATOR_USER, right);
  return grant;
}

/** The one line that the missing right is worth: a second failure has been met by then, and not been said again. */
async function onlyWarning(operator: Operator, informer: string): Promise<LogLine> {
  const [line] = await operator.waitForWatchFailures(2, informer);
  expect(operator.warnings).toEqual([line]);
  return line!;
}

test('a missing right to read is one line with verb, resource, name and place; granted, it is enough', async () => {
  const right = { verb: 'list', group: '', resource: 'configmaps', name: 'rook-ceph-operator-config' };
  const grant = await withhold(READER, right);
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const mark = await cluster().controlPlane.audit.mark();
  const operator = await cluster().startOperator();

  const remedy = 'allow verbs list and watch on configmaps named rook-ceph-operator-config in a ClusterRole';
  const line = await onlyWarning(operator, 'ConfigMap rook-ceph-operator-config');
  expect(line.remedy).toBe(remedy);
  expect(line.error).toContain(`User "${OPERATOR_USER}" cannot watch resource "configmaps"`);
  const readiness = await operator.probe('/readyz');
  expect(readiness.status).toBe(503);
  const lines = readiness.body.trim().split('\n');
  expect(lines.filter((entry) => entry.startsWith('[-]'))).toEqual([
    expect.stringMatching(/^\[-\] ConfigMap rook-ceph-operator-config not synced: .*; allow verbs list and watch on/),
  ]);
  expect(readiness.body).toContain(remedy);
  expect((await operator.probe('/healthz')).status).toBe(200);
  expect(await cluster().writesSince(mark)).toEqual([]);

  await grant();
  await assignment.waitForReason('Ready', 'RollingOut');
  expect(await rook.layout()).toEqual(layoutOf());
  await operator.waitUntilReady();
});

test('in the mode with namespaces the missing right is asked for as a Role of the namespace', async () => {
  const { rook } = await cluster().installRookWithAssignment();
  const right = {
    verb: 'list',
    group: 'apps',
    resource: 'daemonsets',
    name: 'csi-rbdplugin',
    namespace: rook.namespace,
  };
  await withhold(READER, right);
  const operator = await cluster().startOperator({ watchNamespaces: [rook.namespace] });
  const line = await onlyWarning(operator, 'DaemonSet csi-rbdplugin');
  expect(line.remedy).toBe(
    `allow verbs list and watch on daemonsets.apps named csi-rbdplugin in a Role in namespace ${rook.namespace}`,
  );
  expect((await operator.probe('/readyz')).body).toContain(
    `[-] DaemonSet csi-rbdplugin in ${rook.namespace} not synced`,
  );
});

test('without the right to read Drivers all else goes on: one line says so, and the operator is ready', async () => {
  await withhold(READER, { verb: 'list', group: 'csi.ceph.io', resource: 'drivers' });
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  expect(await rook.layout()).toEqual(layoutOf());
  const remedy = 'allow verbs list and watch on drivers.csi.ceph.io in a ClusterRole';
  expect((await onlyWarning(operator, 'Drivers of ceph-csi-operator')).remedy).toBe(remedy);
  const readiness = await operator.probe('/readyz');
  expect(readiness.status).toBe(200);
  expect(readiness.body).toMatch(/^\[~\] Drivers of ceph-csi-operator not synced: .*; allow verbs list and watch on/m);
});

test('without the right to list pods all else goes on: one line says so with the folder to apply, and it is ready', async () => {
  const role = `${RBAC}/clusterroles/csi-port-operator-host-network-pods`;
  const grant = await withhold(role, { verb: 'list', group: '', resource: 'pods' });
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  expect(await rook.layout()).toEqual(layoutOf());
  const title = 'Pods on the host network';
  expect((await onlyWarning(operator, title)).remedy).toBe(
    'allow verbs list and watch on pods in a ClusterRole: kubectl apply -k config/rbac/host-network-pods',
  );
  const readiness = await operator.probe('/readyz');
  expect(readiness.status).toBe(200);
  expect(readiness.body).toMatch(/^\[~\] Pods on the host network not synced: .*; allow verbs list and watch on pods/m);

  await grant();
  await waitFor('the pods to be listed', async () => {
    return (await operator.probe('/readyz')).body.includes(`[+] ${title} ok`);
  });
});

test('a workload that may not be patched is Rejected with the rule that is missing; granted, it is patched', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const { namespace } = rook;
  const right = { verb: 'patch', group: 'apps', resource: 'daemonsets', name: 'csi-rbdplugin', namespace };
  const grant = await withhold(writer(namespace), right);
  await cluster().startOperator();

  const status = await assignment.waitForReason('Ready', 'PatchRejected');
  expect(status.workloads.map(({ state }) => state)).toEqual(
    inOrder<string>({ ...each('RollingOut'), rbdNodePlugin: 'Rejected' }),
  );
  const { message } = await assignment.condition('Ready');
  expect(message).toContain(`(if this is RBAC, allow: patch daemonsets.apps/csi-rbdplugin in namespace ${namespace})`);
  expect(message).toContain('cannot patch resource "daemonsets"');

  await grant();
  await assignment.waitUntilSettled();
  expect(await rook.layout()).toEqual(layoutOf());
  await assignment.waitForReason('Ready', 'RollingOut');
});

test("Rook's settings that may not be patched are PinRejected, and the workloads are patched all the same", async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const { namespace } = rook;
  const right = { verb: 'patch', group: '', resource: 'configmaps', name: 'rook-ceph-operator-config', namespace };
  const grant = await withhold(writer(namespace), right);
  await cluster().startOperator();

  // The conflict, of which the pods are not there to end it, comes first; the message has both.
  const message = await waitFor('the rejection in the status', async () => {
    const degraded = await assignment.condition('Degraded');
    return degraded.message.includes('rook-ceph-operator-config: ') && degraded.message;
  });
  expect(message).toContain(`allow: patch configmaps/rook-ceph-operator-config in namespace ${namespace}`);
  expect(await rook.layout()).toEqual(layoutOf());

  await grant();
  await assignment.waitUntilSettled();
  expect(await rook.config()).toMatchObject({ CSIADDONS_PORT: '9072' });
});

test('without the right to record events all else goes on, and the log says which event was lost', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const right = { verb: 'create', group: 'events.k8s.io', resource: 'events', namespace: rook.namespace };
  await withhold(writer(rook.namespace), right);
  const operator = await cluster().startOperator();

  const status = await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  expect(await rook.layout()).toEqual(layoutOf());
  expect(status.conditions.map(({ reason }) => reason)).not.toContain('Retrying');
  expect(await cluster().eventsAfterStop(operator, rook.namespace)).toEqual([]);
  expect(new Set(operator.warnings.map(({ msg }) => msg))).toEqual(new Set(['Event not recorded']));
});

test('without the right to write the status the ports are moved all the same; granted, the status comes', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const grant = await withhold(writer(rook.namespace), toWriteTheStatus(rook.namespace));
  const operator = await cluster().startOperator();
  await waitFor('the ports', async () => (await rook.layout()).join() === layoutOf().join());
  const line = await waitFor('a warning', () =>
    Promise.resolve(operator.warnings.find(({ msg }) => msg === 'Reconcile failed')),
  );
  expect(line.error).toContain('cannot patch resource "csiportassignments/status"');

  await grant();
  await assignment.waitForReason('Ready', 'RollingOut');
});

test('without the right to write the status a contest is bounded all the same, and told once it may be', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const mark = await cluster().controlPlane.audit.mark();
  const grant = await withhold(writer(rook.namespace), toWriteTheStatus(rook.namespace));
  const operator = await cluster().startOperator();
  const isRight = async (): Promise<boolean> => (await rook.layout()).join() === layoutOf().join();
  await waitFor('the ports', isRight);
  for (let time = 1; time <= 4; time += 1) {
    await rook.rewrite('cephfsProvisioner');
    await waitFor(`repair ${time}`, isRight);
  }
  await operator.waitForReverts(4);
  await rook.rewrite('cephfsProvisioner');
  await grant();
  await assignment.waitForReason('Degraded', 'Contested');
  await waitFor('the ports', isRight);
  const requests = await cluster().controlPlane.audit.since(mark, { user: OPERATOR_USER });
  const patches = requests.filter(({ verb, name }) => verb === 'patch' && name === 'csi-cephfsplugin-provisioner');
  expect(patches).toHaveLength(1 + 4 + 1);
  const [fifth = NaN, sixth = NaN] = patches.slice(-2).map(({ receivedAt }) => receivedAt);
  expect(sixth - fifth).toBeGreaterThanOrEqual(29_000);
});

test('config/rbac allows all that is asked for: nothing is forbidden from the first conflict to the last repair', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const { audit } = cluster().controlPlane;
  const mark = await audit.mark();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await rook.writePass({ CSI_LOG_LEVEL: '5' });
  await assignment.edit({ ports: { rbdNodePlugin: 9172 } });
  await assignment.waitUntilSettled();
  await assignment.waitUntilSettled();

  expect(await rook.layout()).toEqual(layoutOf({ rbdNodePlugin: 9172 }));
  // What is asked last are the events.
  await operator.stop();
  const requests = await audit.since(mark, { user: OPERATOR_USER });
  const kinds = requests.map(({ verb, resource, subresource }) =>
    [verb, resource, subresource].filter(Boolean).join(' '),
  );
  expect(kinds).toEqual(
    expect.arrayContaining(['watch configmaps', 'patch deployments', 'patch daemonsets', 'create events']),
  );
  expect(requests.filter(({ code }) => code === 401 || code === 403)).toEqual([]);
  expect(await cluster().writesSince(mark)).toContain(STATUS_WRITE);
});
