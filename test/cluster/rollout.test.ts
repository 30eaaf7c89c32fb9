/** When a move is over: judged by pods, which three nodes run here. */
import type { SlotSpec } from '../../src/domain/rules/slots.js';
import { expect, onTestFinished, test } from 'vitest';
import type { AssignmentStatus } from '../../src/domain/rules/api.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { useCluster } from '../support/cluster.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { each, inOrder, layoutOf, PROVISIONERS, SLOTS, specOf } from '../support/slots.js';

const cluster = useCluster();

interface Pod extends KubeObject {
  spec: { containers: { name: string; args?: string[] }[] };
}

/** Names of the pods of an app, by the port that their sidecar has. */
async function podsByPort(rook: RookInstallation, app: string): Promise<Record<string, string[]>> {
  const pods = ((await rook.pods()) as Pod[]).filter(({ metadata }) => metadata.labels?.app === app);
  const portOf = ({ spec }: Pod): string => /controller-port=(\d+)/.exec(JSON.stringify(spec.containers))![1]!;
  return Object.groupBy(
    pods.map((pod) => ({ name: pod.metadata.name!, port: portOf(pod) })),
    ({ port }) => port,
  ) as never;
}

async function setUnschedulable(unschedulable: boolean): Promise<void> {
  const { api } = cluster().controlPlane;
  for (const name of ['node-1', 'node-2', 'node-3'])
    await api.patch(`/api/v1/nodes/${name}`, { spec: { unschedulable } });
}

/** Runs the kubectl command that a message ends with. */
async function runCommandOf(message: string): Promise<string> {
  const [, command] = /: kubectl ([^;]+)$/.exec(message)!;
  return cluster().controlPlane.kubectl(command!.split(' '));
}

function messageOf({ conditions }: AssignmentStatus, condition: string): string {
  return conditions.find(({ type }) => type === condition)!.message;
}

test('a workload is RollingOut until its last pod runs with the port, though its template is right long before', async () => {
  await setUnschedulable(true);
  onTestFinished(() => setUnschedulable(false));
  const { rook, assignment } = await cluster().installRookWithAssignment({ config: { CSI_PROVISIONER_REPLICAS: '1' } });
  await cluster().startOperator();

  // Pods of a DaemonSet are placed on cordoned nodes, too.
  await assignment.waitForState('rbdNodePlugin', 'Ready');
  const status = await assignment.waitForReason('Ready', 'RollingOut');
  expect(await rook.layout()).toEqual(layoutOf());
  expect(status.workloads.map(({ state }) => state)).toEqual(
    inOrder<string>({ ...each('RollingOut'), rbdNodePlugin: 'Ready' }),
  );
  const follow = ({ workload: name }: SlotSpec): string =>
    `Deployment ${name}: its pods are being replaced: kubectl -n ${rook.namespace} rollout status deployment/${name}`;
  const message = PROVISIONERS.map((slot) => follow(specOf(slot))).join('; ');
  expect(await assignment.condition('Ready')).toMatchObject({ status: 'False', reason: 'RollingOut', message });
  expect(await assignment.condition('Progressing')).toMatchObject({ status: 'True', reason: 'RollingOut', message });
  // The templates are distinct; what the old pods still hold is Ready's affair.
  expect(await assignment.condition('Degraded')).toMatchObject({ status: 'False', reason: 'AsExpected' });
  expect(status).not.toHaveProperty('conflicts');
  await waitFor('the event of the conflict that ended', async () => {
    return (await cluster().events(rook.namespace)).some(({ reason }) => reason === 'ConflictResolved');
  });
  expect(await assignment.condition('Ready')).toMatchObject({ status: 'False', reason: 'RollingOut' });

  await setUnschedulable(false);
  expect(await runCommandOf(message)).toContain('successfully rolled out');
  const done = await assignment.waitUntilAssigned();
  expect(done.workloads.map(({ state }) => state)).toEqual(SLOTS.map(() => 'Ready'));
  expect(await assignment.condition('Progressing')).toMatchObject({ status: 'False', reason: 'Settled' });
  expect(await assignment.condition('Degraded')).toMatchObject({ status: 'False', reason: 'AsExpected' });
});

test("a Deployment's generation that moves without its template is no rollout and no revert", async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await cluster().waitUntilAtRest(rook);
  const { api, audit } = cluster().controlPlane;
  const before = await assignment.status();
  const mark = await audit.mark();

  // Rook's write of what is there: it names no revision, and the controller puts that back. Three times each, as for a moment
  // the status of the Deployment is of an older generation, which must not show.
  for (const name of [...PROVISIONERS, ...PROVISIONERS, ...PROVISIONERS]) {
    const { apiVersion, kind, metadata, spec } = await rook.workload(name);
    const { name: objectName, namespace, ownerReferences } = metadata!;
    await api.replace<object>(rook.workloadPath(name), {
      apiVersion,
      kind,
      metadata: { name: objectName, namespace, ownerReferences },
      spec,
    });
    const stored = await rook.workload(name);
    expect(stored.metadata!.generation).toBeGreaterThan(metadata!.generation!);
    await waitFor('the revision to be back and observed', async () => {
      const { metadata: now, status } = await rook.workload(name);
      return now!.annotations?.['deployment.kubernetes.io/revision'] && status?.observedGeneration === now!.generation;
    });
  }

  const writes = await cluster().writesUntilSettled(mark, assignment);
  expect(writes).toEqual([]);
  const { provider, workloads, conditions } = await assignment.status();
  expect({ provider, workloads }).toEqual({ provider: before.provider, workloads: before.workloads });
  expect(await operator.reverts()).toBe(0);
  const flips = (list: typeof conditions): unknown[] =>
    list.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]);
  expect(flips(conditions)).toEqual(flips(before.conditions));
});

test('with updateStrategy OnDelete the status says how to delete the old pods and no others, until none is left', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({
    config: { CSI_RBD_PLUGIN_UPDATE_STRATEGY: 'OnDelete' },
  });
  await waitFor('three pods of the node plugin', async () => {
    return (await podsByPort(rook, 'csi-rbdplugin'))['9070']?.length === 3;
  });
  await cluster().startOperator();
  // The RBD provisioner waits for the port that the old pods still hold.
  await waitFor('the node plugin alone to be unfinished on its own account', async () => {
    const { workloads } = await assignment.status();
    return workloads[1]!.state === 'Ready' && workloads[2]!.state === 'RollingOut';
  });
  const command = `kubectl -n ${rook.namespace} delete pod -l app=csi-rbdplugin,pod-template-generation!=2`;
  const message = messageOf(await assignment.status(), 'Ready');
  expect(message).toContain('DaemonSet csi-rbdplugin: updateStrategy is OnDelete, so delete the old pods');
  expect(message.endsWith(command)).toBe(true);

  // One by hand, so that old and new pods are there at once.
  const pods = `/api/v1/namespaces/${rook.namespace}/pods`;
  const [first, ...others] = (await podsByPort(rook, 'csi-rbdplugin'))['9070'] as unknown as { name: string }[];
  await cluster().controlPlane.api.delete(`${pods}/${first!.name}`);
  await waitFor('its successor', async () => (await podsByPort(rook, 'csi-rbdplugin'))['9072']?.length === 1);
  const selector = /-l (\S+)$/.exec(message)![1]!;
  const selected = await cluster().controlPlane.kubectl([
    '-n',
    rook.namespace,
    'get',
    'pod',
    '-l',
    selector,
    '-o',
    'name',
  ]);
  expect(selected.trim().split('\n').sort()).toEqual(others.map(({ name }) => `pod/${name}`).sort());
  expect(messageOf(await assignment.status(), 'Ready')).toContain(command);

  await runCommandOf(message);
  const status = await assignment.waitUntilAssigned();
  expect(status.workloads.map(({ state }) => state)).toEqual(SLOTS.map(() => 'Ready'));
  await waitFor('the old pods to be gone', async () => {
    return Object.keys(await podsByPort(rook, 'csi-rbdplugin')).join() === '9072';
  });
});

test('a paused Deployment is moved, and the status says that its pods wait for a resume', async () => {
  // Its old pods keep 9070, where they have it: nobody else may want that here.
  const ports = { rbdProvisioner: 9170 };
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { ports });
  await cluster().controlPlane.api.patch(rook.workloadPath('cephfsProvisioner'), { spec: { paused: true } });
  await cluster().startOperator();
  await assignment.waitForState('rbdNodePlugin', 'Ready');
  const status = await waitFor('the paused Deployment to be all that is unfinished', async () => {
    const seen = await assignment.status();
    return seen.workloads.map(({ state }) => state).join() === 'Ready,RollingOut,Ready' && seen;
  });

  expect(await rook.ports('cephfsProvisioner')).toMatchObject({ argument: 9071, containerPort: 9071 });
  expect(Object.keys(await podsByPort(rook, 'csi-cephfsplugin-provisioner'))).toEqual(['9070']);
  const message = messageOf(status, 'Ready');
  expect(message).toBe(
    'Deployment csi-cephfsplugin-provisioner: its rollout is paused, so its pods keep their old port: ' +
      `kubectl -n ${rook.namespace} rollout resume deployment/csi-cephfsplugin-provisioner`,
  );
  await runCommandOf(message);
  await assignment.waitUntilAssigned();
  await waitFor('the old pods to be gone', async () => {
    return Object.keys(await podsByPort(rook, 'csi-cephfsplugin-provisioner')).join() === '9071';
  });
});
