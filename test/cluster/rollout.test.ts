/** When a move is over: judged by pods, which three nodes run here. */
import type { SlotSpec } from '../../src/domain/rules/slots.js';
import { expect, onTestFinished, test } from 'vitest';
import type { AssignmentStatus } from '../../src/domain/rules/api.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { useCluster } from '../support/cluster.js';
import { runningPodsOf } from '../support/csi-pods.js';
import { commandsIn, runOffered } from '../support/offered-commands.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { each, inOrder, layoutOf, nameOf, PROVISIONERS, SLOTS, specOf } from '../support/slots.js';

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

function messageOf({ conditions }: AssignmentStatus, condition: string): string {
  return conditions.find(({ type }) => type === condition)!.message;
}

test('a workload is RollingOut until its last pod runs with the port, and Stuck when nothing has moved for a while', async () => {
  await setUnschedulable(true);
  onTestFinished(() => setUnschedulable(false));
  const { rook, assignment } = await cluster().installRookWithAssignment({ config: { CSI_PROVISIONER_REPLICAS: '1' } });
  await cluster().startOperator();

  // Pods of a DaemonSet are placed on cordoned nodes, too.
  await assignment.waitForState('rbdNodePlugin', 'Ready');
  const follow = ({ workload: name }: SlotSpec): string =>
    `Deployment ${name}: its pods are not all ready yet: kubectl -n ${rook.namespace} rollout status deployment/${name}`;
  const message = PROVISIONERS.map((slot) => follow(specOf(slot))).join('; ');
  const status = await waitFor('both provisioners to have no other pods', async () => {
    const seen = await assignment.status();
    return messageOf(seen, 'Ready') === message && seen;
  });
  expect(await rook.layout()).toEqual(layoutOf());
  expect(status.workloads.map(({ state }) => state)).toEqual(
    inOrder<string>({ ...each('RollingOut'), rbdNodePlugin: 'Ready' }),
  );
  expect(status.conditions).toEqual([
    expect.objectContaining({ type: 'Ready', status: 'False', reason: 'RollingOut' }),
    expect.objectContaining({ type: 'Progressing', status: 'True', reason: 'RollingOut', message }),
    // The templates are distinct; what the old pods still hold is Ready's affair.
    expect.objectContaining({ type: 'Degraded', status: 'False', reason: 'AsExpected' }),
  ]);
  expect(status).not.toHaveProperty('conflicts');
  await waitFor('the event of the conflict that ended', async () => {
    return (await cluster().events(rook.namespace)).some(({ reason }) => reason === 'ConflictResolved');
  });

  // The scheduler has looked, and nothing has changed since.
  await assignment.waitForReason('Ready', 'RolloutStuck');
  const stuck = await assignment.waitForState('rbdProvisioner', 'Stuck');
  expect(stuck.workloads.map(({ state }) => state)).toEqual(
    inOrder<string>({ ...each('Stuck'), rbdNodePlugin: 'Ready' }),
  );
  const degraded = await assignment.condition('Degraded');
  expect(degraded).toMatchObject({ status: 'True', reason: 'RolloutStuck' });
  for (const slot of PROVISIONERS)
    expect(degraded.message).toContain(`${nameOf(slot)}: 1 of its pods cannot be scheduled`);
  expect(degraded.message).toContain('0/3 nodes are available: 3 node(s) were unschedulable');
  expect(await assignment.condition('Ready')).toMatchObject({ status: 'False', message: degraded.message });
  expect(await assignment.condition('Progressing')).toMatchObject({ status: 'False', reason: 'Settled' });
  for (const command of commandsIn(degraded.message)) {
    expect(await cluster().controlPlane.kubectl(command)).toContain('FailedScheduling');
  }

  await setUnschedulable(false);
  for (const command of commandsIn(message)) {
    expect(await cluster().controlPlane.kubectl(command)).toContain('successfully rolled out');
  }
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
  await assignment.waitForState('rbdNodePlugin', 'Stuck');
  // It waits for the port that the old pods still hold.
  const stuck = await assignment.waitForState('rbdProvisioner', 'Stuck');
  expect(stuck.workloads.map(({ state }) => state)).toEqual(
    inOrder<string>({ rbdProvisioner: 'Stuck', cephfsProvisioner: 'Ready', rbdNodePlugin: 'Stuck' }),
  );
  const command = `kubectl -n ${rook.namespace} delete pod -l app=csi-rbdplugin,pod-template-generation!=2`;
  const message = messageOf(stuck, 'Ready');
  expect(message).toContain('DaemonSet csi-rbdplugin: updateStrategy is OnDelete, so delete the old pods');
  expect(message).toContain(`${command}; Deployment csi-rbdplugin-provisioner: `);
  expect(message).toContain('; to let the provisioners run at once, without the node plugin: kubectl');
  expect(await assignment.condition('Degraded')).toMatchObject({ status: 'True', reason: 'RolloutStuck', message });

  // One by hand, so that old and new pods are there at once.
  const pods = `/api/v1/namespaces/${rook.namespace}/pods`;
  const [first, ...others] = (await podsByPort(rook, 'csi-rbdplugin'))['9070'] as unknown as { name: string }[];
  await cluster().controlPlane.api.delete(`${pods}/${first!.name}`);
  await waitFor('its successor', async () => (await podsByPort(rook, 'csi-rbdplugin'))['9072']?.length === 1);
  const deletion = commandsIn(message).find((words) => words.includes('delete'))!;
  const selector = deletion[deletion.indexOf('-l') + 1]!;
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

  await runOffered(cluster().controlPlane, message, 'delete');
  const status = await assignment.waitUntilAssigned();
  expect(messageOf(status, 'Degraded')).toBe('nothing needs attention');
  expect(status.workloads.map(({ state }) => state)).toEqual(SLOTS.map(() => 'Ready'));
  await waitFor('the old pods to be gone', async () => {
    return Object.keys(await podsByPort(rook, 'csi-rbdplugin')).join() === '9072';
  });
});

test('a paused Deployment is moved, and the status says that its pods wait for a resume', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  await runningPodsOf(rook, 'rbdNodePlugin', 3);
  // Its pod keeps port 9070 of one node, and leaves the other two to the pods of the RBD provisioner.
  const spec = { paused: true, replicas: 1 };
  await cluster().controlPlane.api.patch(rook.workloadPath('cephfsProvisioner'), { spec });
  await cluster().startOperator();
  // The others do not wait for it.
  await assignment.waitForState('rbdNodePlugin', 'Ready');
  const status = await waitFor('the paused Deployment to be all that is unfinished', async () => {
    const seen = await assignment.status();
    return seen.workloads.map(({ state }) => state).join() === 'Ready,Stuck,Ready' && seen;
  });

  expect(await rook.ports('cephfsProvisioner')).toMatchObject({ argument: 9071, containerPort: 9071 });
  expect(Object.keys(await podsByPort(rook, 'csi-cephfsplugin-provisioner'))).toEqual(['9070']);
  const message = messageOf(status, 'Ready');
  expect(message).toBe(
    'Deployment csi-cephfsplugin-provisioner: its rollout is paused, so its pods keep their old port: ' +
      `kubectl -n ${rook.namespace} rollout resume deployment/csi-cephfsplugin-provisioner`,
  );
  expect(await assignment.condition('Ready')).toMatchObject({ status: 'False', reason: 'RolloutStuck' });
  expect(await assignment.condition('Degraded')).toMatchObject({ status: 'True', reason: 'RolloutStuck', message });
  await runOffered(cluster().controlPlane, message, 'resume');
  const done = await assignment.waitUntilAssigned();
  expect(messageOf(done, 'Degraded')).toBe('nothing needs attention');
  await waitFor('the old pods to be gone', async () => {
    return Object.keys(await podsByPort(rook, 'csi-cephfsplugin-provisioner')).join() === '9071';
  });
});
