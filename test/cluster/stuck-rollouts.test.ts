/** Rollouts that stand still: the status says why in the words of the scheduler or the kubelet, and what to do. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Slot } from '../../src/domain/rules/slots.js';
import type { Assignment } from '../support/assignment.js';
import { useCluster } from '../support/cluster.js';
import { breakSidecar, keep, pathOf, release, runningPodsOf, silence, type CsiPod } from '../support/csi-pods.js';
import { commandsIn, runOffered } from '../support/offered-commands.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { inOrder, keysOf, layoutOf, nameOf, SLOTS } from '../support/slots.js';

const cluster = useCluster();

/** What Ready and Degraded both say once a rollout is stuck. */
async function stuckMessage(assignment: Assignment): Promise<string> {
  await assignment.waitForReason('Ready', 'RolloutStuck');
  const [ready, degraded] = [await assignment.condition('Ready'), await assignment.condition('Degraded')];
  expect(degraded).toMatchObject({ status: 'True', reason: 'RolloutStuck', message: ready.message });
  return ready.message;
}

async function expectNoTrace(assignment: Assignment): Promise<void> {
  const status = await assignment.waitUntilAssigned();
  expect(status).not.toHaveProperty('conflicts');
  expect(status.workloads.map(({ state }) => state)).toEqual(SLOTS.map(() => 'Ready'));
  expect(status.conditions).toEqual([
    expect.objectContaining({ type: 'Ready', status: 'True' }),
    expect.objectContaining({ type: 'Progressing', status: 'False', reason: 'Settled' }),
    expect.objectContaining({ type: 'Degraded', status: 'False', message: 'nothing needs attention' }),
  ]);
}

async function podOn(rook: RookInstallation, slot: Slot, node: string): Promise<CsiPod> {
  const pods = await runningPodsOf(rook, slot, 3);
  return pods.find(({ spec }) => spec.nodeName === node)!;
}

test('a port that a pod on the pod network has on one node: the scheduler says so, and the pod goes there when it is free', async () => {
  const { api } = cluster().controlPlane;
  const path = '/api/v1/namespaces/default/pods/forwarder';
  const container = { name: 'forwarder', image: 'registry.example/forwarder:1' };
  await api.create<object>('/api/v1/namespaces/default/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'forwarder' },
    spec: {
      // Not on the host network, so not among the pods that are watched. Of a lower priority it would be evicted.
      containers: [{ ...container, ports: [{ containerPort: 80, hostPort: 9072 }] }],
      priorityClassName: 'system-node-critical',
      nodeName: 'node-2',
    },
  });
  const remove = async (): Promise<void> => {
    if ((await api.getOrUndefined(path)) !== undefined) await api.delete(path);
  };
  onTestFinished(remove);
  const { assignment } = await cluster().installRookWithAssignment();
  await cluster().startOperator();
  await assignment.waitForState('rbdNodePlugin', 'Stuck');
  const message = await stuckMessage(assignment);
  expect(message).toContain('DaemonSet csi-rbdplugin: 1 of its pods cannot be scheduled: 0/3 nodes are available');
  expect(message).toContain("didn't have free ports for the requested pod ports");
  // The provisioner that waits for the node plugin may be among them.
  for (const command of commandsIn(message).filter((words) => words.includes('describe'))) {
    expect(await cluster().controlPlane.kubectl(command)).toContain('FailedScheduling');
  }
  await remove();
  await expectNoTrace(assignment);
});

interface Trouble {
  readonly slot: Slot;
  readonly sidecar: object;
  readonly words: string;
  readonly command: string;
}

const CRASHED = {
  restartCount: 4,
  state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 1m20s restarting failed container' } },
  lastState: {
    terminated: { exitCode: 1, reason: 'Error', message: 'listen tcp :9072: bind: address already in use' },
  },
};
const NOT_PULLED = { state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } } };

describe.each<Trouble>([
  {
    slot: 'rbdNodePlugin',
    sidecar: CRASHED,
    words:
      '1 of its pods crashes: container csi-addons exits with code 1 (Error): listen tcp :9072: bind: address already in use',
    command: 'logs',
  },
  {
    slot: 'cephfsProvisioner',
    sidecar: CRASHED,
    words: '1 of its pods crashes: container csi-addons exits with code 1',
    command: 'logs',
  },
  {
    slot: 'rbdNodePlugin',
    sidecar: NOT_PULLED,
    words: '1 of its pods cannot pull an image: container csi-addons: image quay.io/csiaddons/k8s-sidecar',
    command: 'describe',
  },
  {
    slot: 'rbdProvisioner',
    sidecar: NOT_PULLED,
    words: '1 of its pods cannot pull an image: container csi-addons: image quay.io/csiaddons/k8s-sidecar',
    command: 'describe',
  },
])('a pod of $slot: $words', ({ slot, sidecar, words, command }) => {
  test('is named at once, until another one runs', async () => {
    const { api } = cluster().controlPlane;
    const { rook, assignment } = await cluster().installRookWithAssignment();
    await cluster().startOperator();
    await cluster().waitUntilAtRest(rook);
    const [pod] = await runningPodsOf(rook, slot, slot === 'rbdNodePlugin' ? 3 : 2);
    const mark = await cluster().controlPlane.audit.mark();
    await breakSidecar(api, pod!, sidecar);
    const message = await stuckMessage(assignment);
    expect(message).toContain(`${nameOf(slot)}: ${words}`);
    expect(commandsIn(message)).toEqual([expect.arrayContaining(['-n', rook.namespace, command])]);
    expect(await assignment.condition('Progressing')).toMatchObject({ status: 'False', reason: 'Settled' });

    await api.delete(pathOf(pod!));
    await expectNoTrace(assignment);
    // A pod that is broken moves no port.
    expect(await cluster().storedUntilRestored(mark, assignment)).toEqual([]);
  });
});

describe('a node that is dead', () => {
  test('holds up the node plugin: its port can be kept instead, and the provisioners run', async () => {
    const { api } = cluster().controlPlane;
    const { rook, assignment } = await cluster().installRookWithAssignment();
    const dead = await podOn(rook, 'rbdNodePlugin', 'node-2');
    await silence(api, dead);
    onTestFinished(() => release(api, dead).catch(() => undefined));
    await cluster().startOperator();
    await assignment.waitForState('rbdProvisioner', 'Stuck');
    await assignment.waitForState('rbdNodePlugin', 'Stuck');
    const message = await stuckMessage(assignment);
    expect(message).toContain(
      'DaemonSet csi-rbdplugin: it is held by node node-2, which is not ready; no other pod is replaced meanwhile,' +
        ' as maxUnavailable is 1. Repair the node or, if it is gone for good, delete it.',
    );
    expect(message).toContain(
      `to let the provisioners run at once, without the node plugin: kubectl -n ${rook.namespace} patch csiports default` +
        ` --type=merge -p '{"spec":{"ports":{"rbdNodePlugin":9070}}}'`,
    );
    expect(await rook.layout()).toEqual(layoutOf());

    await runOffered(cluster().controlPlane, message, 'patch');
    await assignment.waitForState('rbdProvisioner', 'Ready');
    const status = await assignment.waitForState('rbdNodePlugin', 'Stuck');
    expect(status.workloads.map(({ state }) => state)).toEqual(
      inOrder<string>({ rbdProvisioner: 'Ready', cephfsProvisioner: 'Ready', rbdNodePlugin: 'Stuck' }),
    );
    expect(status).not.toHaveProperty('conflicts');
    expect(await rook.layout()).toEqual(layoutOf({ rbdProvisioner: 9072, rbdNodePlugin: 9070 }));
    await runningPodsOf(rook, 'rbdProvisioner', 2);
    // The node is still to be repaired, and that is all.
    const left = await stuckMessage(assignment);
    expect(left).toContain('held by node node-2');
    expect(left).not.toContain('to let the provisioners run');
    expect(left).not.toContain('provisioner:');

    await release(api, dead);
    await expectNoTrace(assignment);
  });

  test('holds up a provisioner, and the others go on without it', async () => {
    const { api } = cluster().controlPlane;
    const { rook, assignment } = await cluster().installRookWithAssignment(
      { version: '1.17.9', config: keysOf({ cephfsProvisioner: 9075 }) },
      { ports: { cephfsProvisioner: 9071 } },
    );
    await runningPodsOf(rook, 'rbdNodePlugin', 3);
    const [dead] = await runningPodsOf(rook, 'cephfsProvisioner', 2);
    await silence(api, dead!);
    onTestFinished(() => release(api, dead!).catch(() => undefined));
    await cluster().startOperator();
    // Its strategy is Recreate: there are no new pods while an old one is left.
    await assignment.waitForState('cephfsProvisioner', 'Stuck');
    await assignment.waitForState('rbdNodePlugin', 'Ready');
    await assignment.waitForState('rbdProvisioner', 'Ready');
    const message = await stuckMessage(assignment);
    expect(message).toContain(
      `${nameOf('cephfsProvisioner')}: it is held by node ${dead!.spec.nodeName!}, which is not`,
    );
    expect(await rook.layout()).toEqual(layoutOf());
    await release(api, dead!);
    await expectNoTrace(assignment);
  });

  test('of a pod whose deletion does not end the name and the node are given', async () => {
    const { api } = cluster().controlPlane;
    const { rook, assignment } = await cluster().installRookWithAssignment();
    const kept = await podOn(rook, 'rbdNodePlugin', 'node-2');
    await keep(api, kept);
    onTestFinished(() => release(api, kept).catch(() => undefined));
    await cluster().startOperator();
    await assignment.waitForState('rbdNodePlugin', 'Stuck');
    const message = await stuckMessage(assignment);
    expect(message).toContain(
      `DaemonSet csi-rbdplugin: it is held by pod ${kept.metadata.name!} on node node-2, which does not terminate`,
    );
    await release(api, kept);
    await expectNoTrace(assignment);
  });
});
