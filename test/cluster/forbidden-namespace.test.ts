/** Rook in a namespace in which the operator may not write: where an admin sees it, and that granting the rights is enough. */
import { expect, test } from 'vitest';
import { waitUntilAllowed, waitUntilForbidden } from '../support/access.js';
import type { Assignment } from '../support/assignment.js';
import { useCluster } from '../support/cluster.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { Operator } from '../support/operator.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { layoutOf } from '../support/slots.js';
import { OPERATOR_NAMESPACE, OPERATOR_USER, toWriteTheStatus } from '../support/operator-account.js';

const cluster = useCluster({ nodes: 0, withholdsRights: true });

const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/** Rook in conflict and an assignment, in a namespace that the operator has no Role in. */
async function installForbidden(): Promise<{ rook: RookInstallation; assignment: Assignment }> {
  const installed = await cluster().installRookWithAssignment();
  const { namespace } = installed.rook;
  const { api } = cluster().controlPlane;
  await api.delete(`${RBAC}/namespaces/${namespace}/rolebindings/csi-port-operator-writer`);
  await waitUntilForbidden(api, OPERATOR_USER, toWriteTheStatus(namespace));
  return installed;
}

async function allowEvents(namespace: string): Promise<void> {
  const { api } = cluster().controlPlane;
  const about = (kind: string): KubeObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name: 'events' },
  });
  const rules = [{ apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] }];
  await api.create<object>(`${RBAC}/namespaces/${namespace}/roles`, { ...about('Role'), rules });
  await api.create<object>(`${RBAC}/namespaces/${namespace}/rolebindings`, {
    ...about('RoleBinding'),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'events' },
    subjects: [{ kind: 'ServiceAccount', name: 'csi-port-operator', namespace: OPERATOR_NAMESPACE }],
  });
  await waitUntilAllowed(api, OPERATOR_USER, { verb: 'create', group: 'events.k8s.io', resource: 'events', namespace });
}

/** Undefined if there is no series. */
async function forbidden(operator: Operator, namespace: string): Promise<number | undefined> {
  return (await operator.scrape()).series('csiports_reconcile_forbidden', { namespace })[0]?.value;
}

async function waitForForbidden(operator: Operator, namespace: string, wanted: number | undefined): Promise<void> {
  await waitFor(
    `csiports_reconcile_forbidden of ${namespace} to be ${wanted}`,
    async () => (await forbidden(operator, namespace)) === wanted,
    { lastSeen: () => operator.log.slice(-10) },
  );
}

test('without any right the metric and the log have it, and /readyz does not; granted, all is well', async () => {
  const { rook, assignment } = await installForbidden();
  const { namespace } = rook;
  const operator = await cluster().startOperator();
  await waitForForbidden(operator, namespace, 1);

  const isFailure = ({ msg }: { msg: string }): boolean => msg === 'Reconcile failed';
  const line = await operator.waitForLine('the failure', isFailure);
  expect(line).toMatchObject({
    level: 'warn',
    namespace,
    remedy: `grant the rights of config/rbac/rook-namespace in namespace ${namespace}`,
  });
  expect(line.error).toContain('cannot patch resource "csiportassignments/status"');
  const rejected = operator.log.filter(({ msg }) => msg === 'Write rejected').map(({ cause }) => String(cause));
  expect(rejected.join()).toContain(
    `allow: patch deployments.apps/csi-cephfsplugin-provisioner in namespace ${namespace}`,
  );
  expect((await assignment.get()).status).toBeUndefined();
  expect(await cluster().events(namespace)).toEqual([]);
  expect((await operator.probe('/readyz')).status).toBe(200);
  const unforbidden = await cluster().installRookWithAssignment();
  await waitForForbidden(operator, unforbidden.rook.namespace, 0);

  await cluster().allowWrites(namespace);
  await assignment.waitForReason('Ready', 'RollingOut');
  await waitForForbidden(operator, namespace, 0);
  expect(await forbidden(operator, unforbidden.rook.namespace)).toBe(0);

  await assignment.delete();
  await waitForForbidden(operator, namespace, undefined);
});

test('where events alone may be written one event names the rights and what to apply, as a series', async () => {
  const { rook, assignment } = await installForbidden();
  const { namespace } = rook;
  await allowEvents(namespace);
  const operator = await cluster().startOperator();
  await waitForForbidden(operator, namespace, 1);

  const events = async (): Promise<object[]> => {
    return (await cluster().events(namespace)).filter(({ reason }) => reason === 'Forbidden');
  };
  const about = { type: 'Warning', regarding: { kind: 'CSIPortAssignment', name: 'default' } };
  const isSeries = (found: readonly object[]): boolean => found.some((event) => 'series' in event && event.series);
  const [event, ...others] = await waitFor('a series', async () => {
    const found = await events();
    return isSeries(found) && found;
  });
  expect(others).toEqual([]);
  expect(event).toMatchObject(about);
  const { note } = event as { note: string };
  expect(note).toContain('patch configmaps/rook-ceph-operator-config');
  expect(note).toContain('patch deployments.apps/csi-cephfsplugin-provisioner');
  expect(note).toContain(`patch csiportassignments/status in namespace ${namespace}; apply config/rbac/rook-namespace`);
  expect(note).toContain(`add ${namespace} to the Helm value rookNamespaces`);

  await cluster().allowWrites(namespace);
  await assignment.waitForReason('Ready', 'RollingOut');
  await waitForForbidden(operator, namespace, 0);
  expect(await rook.layout()).toEqual(layoutOf());
  await operator.stop();
  expect(await events()).toHaveLength(1);
});

test('a right to one workload that is missing counts, though the status may be written', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const { namespace } = rook;
  const { api } = cluster().controlPlane;
  const role = `${RBAC}/namespaces/${namespace}/roles/csi-port-operator-writer`;
  const { rules } = await api.get<KubeObject & { rules: { resources: string[] }[] }>(role);
  await api.patch(role, { rules: rules.filter(({ resources }) => !resources.includes('deployments')) });
  const right = {
    verb: 'patch',
    group: 'apps',
    resource: 'deployments',
    name: 'csi-cephfsplugin-provisioner',
    namespace,
  };
  await waitUntilForbidden(api, OPERATOR_USER, right);
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'PatchRejected');
  await waitForForbidden(operator, namespace, 1);

  await api.patch(role, { rules });
  await assignment.waitForReason('Ready', 'RollingOut');
  await waitForForbidden(operator, namespace, 0);
});
