/** Pods that a policy, a quota or Pod Security rejects: storage that runs goes on, and the status has the words of the API server. */
import { describe, expect, test } from 'vitest';
import type { Assignment } from '../support/assignment.js';
import { useCluster } from '../support/cluster.js';
import type { ControlPlane } from '../support/control-plane/control-plane.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { podsOf, runningPodsOf, uidsOf } from '../support/csi-pods.js';
import { runOffered } from '../support/offered-commands.js';
import { exhaustQuota, rejectHostPorts, restrictNamespace, type Rejection } from '../support/pod-rejections.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { inOrder, layoutOf, OTHER_PORTS, patchOf, PROVISIONERS } from '../support/slots.js';

const cluster = useCluster();

interface Installed {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  /** Uids of the node plugin's pods, which run. */
  readonly nodePlugins: string[];
}

/** The conflict, in which the node plugin runs and keeps the provisioners off, whose pods were made before the operator starts. */
async function installConflict(): Promise<Installed> {
  const installed = await cluster().installRookWithAssignment();
  for (const slot of PROVISIONERS) {
    await waitFor(`two pods of ${slot}`, async () => (await podsOf(installed.rook, slot)).length === 2);
  }
  return { ...installed, nodePlugins: uidsOf(await runningPodsOf(installed.rook, 'rbdNodePlugin', 3)) };
}

async function expectNoTrace(assignment: Assignment): Promise<void> {
  const status = await assignment.waitUntilAssigned();
  expect(status).not.toHaveProperty('conflicts');
  expect(status.conditions).toEqual([
    expect.objectContaining({ type: 'Ready', status: 'True' }),
    expect.objectContaining({ type: 'Progressing', status: 'False', reason: 'Settled' }),
    expect.objectContaining({ type: 'Degraded', status: 'False', message: 'nothing needs attention' }),
  ]);
}

interface Way {
  readonly how: string;
  readonly words: string;
  readonly reject: (controlPlane: ControlPlane, namespace: string) => Promise<Rejection>;
}

const WAYS: readonly Way[] = [
  {
    how: 'a policy on its new port',
    words: 'host ports from 9071 to 9071 are reserved',
    reject: (...where) => rejectHostPorts(...where, [9071, 9071]),
  },
  {
    how: 'a policy on all ports of csi-addons',
    words: 'host ports from 9070 to 9079 are reserved',
    reject: (...where) => rejectHostPorts(...where, [9070, 9079]),
  },
  { how: 'a quota', words: 'exceeded quota: few-pods', reject: exhaustQuota },
  { how: 'Pod Security', words: 'violates PodSecurity "restricted:latest"', reject: restrictNamespace },
];

test.each(WAYS)('the provisioner that $how rejects is all that stands still', async ({ reject, words }) => {
  const { rook, assignment, nodePlugins } = await installConflict();
  const rejection = await reject(cluster().controlPlane, rook.namespace);
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();
  await assignment.waitForState('cephfsProvisioner', 'Stuck');
  // Kept off by the node plugin, which does not move.
  const { workloads } = await assignment.waitForState('rbdProvisioner', 'Stuck');

  expect(workloads.map(({ state }) => state)).toEqual(
    inOrder<string>({ rbdProvisioner: 'Stuck', cephfsProvisioner: 'Stuck', rbdNodePlugin: 'Drifted' }),
  );
  const ready = await assignment.condition('Ready');
  expect(ready).toMatchObject({ status: 'False', reason: 'RolloutStuck' });
  expect(ready.message).toContain(
    'Deployment csi-cephfsplugin-provisioner: its pods are rejected: pods "csi-cephfsplugin',
  );
  expect(ready.message).toContain(words);
  expect(ready.message).toContain('Change the policy or quota that rejects them.');
  // The templates of the other two still collide, which is the graver finding.
  const degraded = await assignment.condition('Degraded');
  expect(degraded).toMatchObject({ status: 'True', reason: 'PortConflict' });
  expect(degraded.message).toContain(words);
  expect(await assignment.condition('Progressing')).toMatchObject({
    reason: 'AwaitingPods',
    message:
      'DaemonSet csi-rbdplugin is moved to 9072 when the new pods of Deployment csi-cephfsplugin-provisioner' +
      ' are admitted, which are rejected now',
  });
  expect(await rook.layout()).toEqual(layoutOf({ rbdNodePlugin: 9070 }));
  expect(await cluster().storedUntilRestored(mark, assignment)).not.toContain(patchOf('rbdNodePlugin'));
  expect(uidsOf(await podsOf(rook, 'rbdNodePlugin'))).toEqual(nodePlugins);

  await rejection.end();
  await expectNoTrace(assignment);
  expect(await rook.layout()).toEqual(layoutOf());
  await rook.podsAtRest();
});

describe('a policy that stays', () => {
  test('other ports in the spec end it, of the rejected provisioner alone', async () => {
    const { rook, assignment } = await installConflict();
    await rejectHostPorts(cluster().controlPlane, rook.namespace, [9071, 9071]);
    await cluster().startOperator();
    await assignment.waitForReason('Ready', 'RolloutStuck');
    await assignment.edit({ ports: { cephfsProvisioner: 9075 } });
    await expectNoTrace(assignment);
    expect(await rook.layout()).toEqual(layoutOf({ cephfsProvisioner: 9075 }));
  });

  test('so do other ports for all three, of which two are rejected', async () => {
    const { rook, assignment } = await installConflict();
    await rejectHostPorts(cluster().controlPlane, rook.namespace, [9070, 9079]);
    await cluster().startOperator();
    await assignment.waitForState('cephfsProvisioner', 'Stuck');
    // As a drain would: what comes instead is rejected.
    const provisioners = `/api/v1/namespaces/${rook.namespace}/pods?labelSelector=app%3Dcsi-rbdplugin-provisioner`;
    await cluster().controlPlane.api.delete(provisioners);
    await assignment.waitForState('rbdProvisioner', 'Stuck');
    await assignment.edit({ ports: OTHER_PORTS });
    await expectNoTrace(assignment);
    expect(await rook.layout()).toEqual(layoutOf(OTHER_PORTS));
  });

  test('a node plugin that is rejected costs one node its mounts and no more, and another port ends it', async () => {
    const { rook, assignment, nodePlugins } = await installConflict();
    await rejectHostPorts(cluster().controlPlane, rook.namespace, [9072, 9072]);
    await cluster().startOperator();
    const status = await assignment.waitForState('rbdNodePlugin', 'Stuck');
    expect(status.workloads.find(({ slot }) => slot === 'cephfsProvisioner')).toMatchObject({ state: 'Ready' });
    const { message } = await assignment.condition('Degraded');
    expect(message).toContain('DaemonSet csi-rbdplugin: some of its pods are not created');
    expect(uidsOf(await podsOf(rook, 'rbdNodePlugin')).filter((uid) => nodePlugins.includes(uid))).toHaveLength(2);
    expect(await runOffered(cluster().controlPlane, message, 'daemonset/csi-rbdplugin')).toContain('are reserved');
    await assignment.edit({ ports: { rbdNodePlugin: 9075 } });
    await expectNoTrace(assignment);
    expect(await rook.layout()).toEqual(layoutOf({ rbdNodePlugin: 9075 }));
  });
});

interface Change {
  readonly type: string;
  readonly object: {
    readonly metadata: {
      readonly name: string;
      readonly resourceVersion: string;
      readonly labels?: Readonly<Record<string, string>>;
    };
  };
}

test('the node plugin is moved when the new pods of the provisioner exist, and no earlier', async () => {
  const { rook, assignment } = await installConflict();
  const { api } = cluster().controlPlane;
  const pods = `/api/v1/namespaces/${rook.namespace}/pods`;
  const sets = `/apis/apps/v1/namespaces/${rook.namespace}/daemonsets`;
  const { metadata } = await api.get(pods);
  const [old] = await podsOf(rook, 'cephfsProvisioner');
  const oldTemplate = old!.metadata.labels!['pod-template-hash'];
  const generationOf = async (): Promise<number> => (await rook.workload('rbdNodePlugin')).metadata!.generation!;
  expect(await generationOf()).toBe(1);
  /** What was written after the list, from the API server's own history: one order of all writes. */
  const since = async (path: string): Promise<Change[]> => {
    const text = await api.getText(`${path}?watch=1&resourceVersion=${metadata.resourceVersion!}&timeoutSeconds=1`);
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Change);
  };
  await cluster().startOperator();
  await assignment.waitUntilAssigned();
  // One of the old template may come late, in the place of one that the node plugin has preempted.
  const created = (await since(pods)).filter(({ type, object: { metadata: of } }) => {
    const isOfSlot = of.name.startsWith('csi-cephfsplugin-provisioner-');
    return type === 'ADDED' && isOfSlot && of.labels?.['pod-template-hash'] !== oldTemplate;
  });
  const moved = (await since(sets)).find(({ object }) => object.metadata.name === 'csi-rbdplugin')!;
  expect(created).toHaveLength(2);
  for (const { object } of created) {
    expect(Number(object.metadata.resourceVersion)).toBeLessThan(Number(moved.object.metadata.resourceVersion));
  }
  expect(await generationOf()).toBe(2);
});
