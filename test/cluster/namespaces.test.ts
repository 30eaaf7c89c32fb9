/** Which namespaces the operator serves, and with which rights. */
import { SLOT_SPECS } from '../../src/domain/rules/slots.js';
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { waitUntilAllowed } from '../support/access.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import { writesOf, type AuditEntry } from '../support/control-plane/audit-log.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { useCluster } from '../support/cluster.js';
import { Operator } from '../support/operator.js';
import { rookOperatorDeployment } from '../support/rook/operator.js';
import { CONFLICT_LAYOUT, layoutOf, OTHER_PORTS } from '../support/slots.js';
import { OPERATOR_NAMESPACE, toWriteTheStatus } from '../support/operator-account.js';

const cluster = useCluster();

/** Path and name of each watch. */
function watchesOf(requests: readonly AuditEntry[]): string[] {
  const watches = requests.filter(({ verb }) => verb === 'watch');
  return watches.map(({ requestUri }) => {
    const { pathname, searchParams } = new URL(requestUri, 'https://kubernetes');
    return `${pathname} ${searchParams.get('fieldSelector') ?? '(any)'}`;
  });
}

function expectedWatches(within = ''): string[] {
  return [
    `/api/v1${within}/configmaps metadata.name=rook-ceph-operator-config`,
    `/api/v1${within}/pods spec.hostNetwork=true`,
    ...SLOT_SPECS.map(({ kind, workload }) => {
      return `/apis/apps/v1${within}/${kind.toLowerCase()}s metadata.name=${workload}`;
    }),
    `/apis/apps/v1${within}/deployments metadata.name=rook-ceph-operator`,
    `/apis/csi.ceph.io/v1${within}/drivers (any)`,
    `/apis/csiports.io/v1alpha1${within}/csiportassignments metadata.name=default`,
  ].sort();
}

test('every namespace gets its own ports and its own status', async () => {
  const first = await cluster().installRookWithAssignment({ version: '1.16.4' });
  const second = await cluster().installRookWithAssignment({ version: '1.17.9' }, { ports: OTHER_PORTS });
  const operator = await cluster().startOperator();

  const firstStatus = await first.assignment.waitUntilAssigned();
  const secondStatus = await second.assignment.waitUntilAssigned();
  expect(await first.rook.layout()).toEqual(layoutOf());
  expect(await second.rook.layout()).toEqual(layoutOf(OTHER_PORTS));
  expect(firstStatus).toMatchObject({ rookVersion: 'v1.16.4', ports: { rbdNodePlugin: 9072 } });
  expect(secondStatus).toMatchObject({ rookVersion: 'v1.17.9', ports: OTHER_PORTS });

  // What is reverted in one is no business of the other.
  await cluster().waitUntilAtRest(second.rook);
  const mark = await cluster().controlPlane.audit.mark();
  await first.rook.rewrite('rbdNodePlugin');
  await operator.waitForReverts(1, first.rook.namespace);
  await first.assignment.waitUntilAssigned();
  await second.assignment.waitUntilSettled();
  expect(await operator.reverts(second.rook.namespace)).toBe(0);
  const requests = await cluster().requestsSince(mark);
  const inSecond = requests.filter(({ namespace }) => namespace === second.rook.namespace);
  // The one write that answers the edit with which the test waited.
  expect(inSecond.map(({ verb, resource, subresource }) => `${verb} ${resource}/${subresource ?? ''}`)).toEqual([
    'patch csiportassignments/status',
  ]);
});

test('a namespace without an assignment is left alone, also after its assignment is deleted', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const bystander = await cluster().installRook();
  await cluster().startOperator();
  await assignment.waitUntilAssigned();
  // It shares the nodes, and nobody may move it.
  const keptOff = { rbdProvisioner: 9073 };
  expect(await rook.layout()).toEqual(layoutOf(keptOff));
  expect(await bystander.layout()).toEqual(CONFLICT_LAYOUT);

  await assignment.delete();
  // One watch has all assignments: what comes of this one shows that the end of the other has been seen.
  const other = cluster().assignment(bystander.namespace);
  await other.create({ ports: OTHER_PORTS });
  await other.waitUntilSettled();
  const mark = await cluster().controlPlane.audit.mark();
  await rook.rewrite('rbdNodePlugin');
  // And one has all node plugins.
  await bystander.rewrite('rbdNodePlugin');
  await waitFor('the repair', async () => (await bystander.ports('rbdNodePlugin')).argument === 9172);
  await other.waitUntilSettled();
  expect(await bystander.layout()).toEqual(layoutOf(OTHER_PORTS));
  expect(await rook.layout()).toEqual(layoutOf({ ...keptOff, rbdNodePlugin: 9070 }));
  const requests = (await cluster().requestsSince(mark)).filter(({ namespace }) => namespace === rook.namespace);
  expect(requests.filter(({ resource }) => resource === 'daemonsets' || resource === 'configmaps')).toEqual([]);
});

test('cluster-wide the operator has eight watches, and churn of 200 other Deployments costs it nothing', async () => {
  const { rook } = await cluster().installRookWithAssignment();
  const start = await cluster().controlPlane.audit.mark();
  const operator = await cluster().startOperator();
  await cluster().waitUntilAtRest(rook);
  expect(watchesOf(await cluster().requestsSince(start)).sort()).toEqual(expectedWatches());

  const { api, audit } = cluster().controlPlane;
  const mark = await audit.mark();
  // It speaks of a status after it is stored.
  const stored = writesOf(await cluster().requestsSince(start)).filter(({ subresource, code }) => {
    return subresource === 'status' && code === 200;
  });
  await waitFor('the log to have all of them', () => {
    return Promise.resolve(
      operator.messages.filter((message) => message === 'Updated status').length === stored.length,
    );
  });
  const logged = operator.log.length;
  const before = await bytesReadBy(operator);
  const collection = `/apis/apps/v1/namespaces/${rook.namespace}/deployments`;
  // The size of an OSD's Deployment; without pods, as kwok has enough to do.
  const { spec } = rookOperatorDeployment({ namespace: rook.namespace, version: '1.16.4', replicas: 0 });
  const annotations = { 'banzaicloud.com/last-applied': 'x'.repeat(10_000) };
  for (let osd = 0; osd < 200; osd++) {
    const metadata = { name: `rook-ceph-osd-${osd}`, annotations };
    await api.create<object>(collection, { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec });
    await api.patch(`${collection}/${metadata.name}`, {
      spec: { template: { metadata: { labels: { changed: 'yes' } } } },
    });
  }
  expect(await cluster().requestsSince(mark)).toEqual([]);
  expect(operator.log.slice(logged)).toEqual([]);

  // A watch tells things in their order: once this change has come through, so would have all those before it.
  await rook.rewrite('cephfsProvisioner');
  await operator.waitForReverts(1);
  // 400 changes of 10 kB and more are 4 MB; those of the one Deployment that it looks at are some 100 kB.
  expect((await bytesReadBy(operator)) - before).toBeLessThan(1_000_000);
});

/** All that the process has read, from connections and files; Linux counts it. */
async function bytesReadBy({ pid }: Operator): Promise<number> {
  return Number(/^rchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'))![1]);
}

test('with WATCH_NAMESPACE the listed namespaces are served and watched, and no other is looked at', async () => {
  const first = await cluster().installRookWithAssignment();
  const second = await cluster().installRookWithAssignment({}, { ports: OTHER_PORTS });
  const outside = await cluster().installRookWithAssignment(
    {},
    { ports: { rbdProvisioner: 9270, cephfsProvisioner: 9271 } },
  );
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator({ watchNamespaces: [first.rook.namespace, second.rook.namespace] });

  // The third Rook holds 9070 on every node, so pods cannot all run: the templates tell.
  const layouts = [layoutOf(), layoutOf(OTHER_PORTS)];
  await waitFor('the layouts', async () => {
    return String(await Promise.all([first.rook.layout(), second.rook.layout()])) === String(layouts);
  });
  await first.assignment.waitUntilSettled();
  expect(await outside.rook.layout()).toEqual(CONFLICT_LAYOUT);
  expect((await outside.assignment.get()).status).toBeUndefined();

  const requests = await cluster().requestsSince(mark);
  const within = [first, second].flatMap(({ rook }) => expectedWatches(`/namespaces/${rook.namespace}`));
  expect(watchesOf(requests).sort()).toEqual(within.sort());
  expect(requests.filter(({ namespace }) => namespace === outside.rook.namespace)).toEqual([]);
});

test('inside one Rook namespace Roles are enough: config/single-namespace gives all that is asked for', async () => {
  const { rook } = await cluster().installRookWithAssignment();
  const elsewhere = await cluster().installRookWithAssignment({}, { ports: OTHER_PORTS });
  const { controlPlane } = cluster();
  const rendered = await controlPlane.kubectl(['kustomize', 'config/single-namespace']);
  const rights = parseAllDocuments(rendered)
    .map((document) => document.toJS() as KubeObject)
    .filter(({ kind }) => !['Deployment', 'PodDisruptionBudget', 'CustomResourceDefinition'].includes(kind!));
  const kinds = ['Role', 'Role', 'RoleBinding', 'RoleBinding', 'ServiceAccount'];
  expect(rights.map(({ kind }) => kind).sort()).toEqual(kinds);
  const manifests = stringifyFor(rook.namespace, rights);
  expect(manifests).not.toContain(OPERATOR_NAMESPACE);
  await controlPlane.kubectl(['apply', '-f', '-'], { stdin: manifests });
  const user = `system:serviceaccount:${rook.namespace}:csi-port-operator`;
  await waitUntilAllowed(controlPlane.api, user, toWriteTheStatus(rook.namespace));

  const mark = await controlPlane.audit.mark();
  const kubeconfig = await controlPlane.serviceAccountKubeconfig(rook.namespace, 'csi-port-operator');
  const operator = await Operator.start({ kubeconfig, watchNamespaces: [rook.namespace] });
  onTestFinished(async () => {
    await operator.stop();
  });
  await waitFor('the layout', async () => (await rook.layout()).join() === layoutOf().join());
  await rook.rewrite('rbdNodePlugin');
  await waitFor('the repair', async () => (await rook.layout()).join() === layoutOf().join());
  await operator.waitForReverts(1);

  const events = await cluster().eventsAfterStop(operator, rook.namespace);
  expect(events.map(({ reason }) => reason)).toContain('RookConfigPinned');
  const requests = await controlPlane.audit.since(mark, { user });
  // ceph-csi-operator is not installed, so there are no Drivers to be watched.
  expect(requests.filter(({ code }) => code >= 400).map(({ resource, code }) => `${resource} ${code}`)).toEqual([
    'drivers 404',
  ]);
  expect(watchesOf(requests).sort()).toEqual(expectedWatches(`/namespaces/${rook.namespace}`));
  expect((await elsewhere.assignment.get()).status).toBeUndefined();
});

/** The manifests with their namespace changed, as the comment in config/single-namespace says. */
function stringifyFor(namespace: string, objects: readonly KubeObject[]): string {
  const rendered = objects.map((object) => stringify(object)).join('---\n');
  return rendered.replaceAll('namespace: rook-ceph\n', `namespace: ${namespace}\n`);
}
