/** The states that docs/results/outputs.md shows. Each ends when nothing changes any more. */
import { Assignment } from '../assignment.js';
import { CephCsiOperator } from '../ceph-csi-operator/ceph-csi-operator.js';
import { waitFor } from '../control-plane/wait-for.js';
import { release, runningPodsOf, silence, type CsiPod } from '../csi-pods.js';
import { Holder } from '../holders.js';
import type { RookInstallation } from '../rook/installation.js';
import { DEFAULT_PORTS } from '../slots.js';
import { NAMESPACE, type Stage } from './stage.js';

export interface State {
  /** Of its section. */
  readonly title: string;
  /** What the cluster is, for the reader. */
  readonly scene: string;
  readonly play: (stage: Stage) => Promise<void>;
}

export const STATES: readonly State[] = [
  {
    title: 'Healthy',
    scene: 'The conflict is over: every sidecar is on its own port, and every pod runs.',
    play: solveConflict,
  },
  {
    title: 'Conflict',
    scene:
      'All provisioner pods are Pending. The CSIPortAssignment has `spec.mode: DryRun`, so nothing is written yet.',
    play: dryRun,
  },
  {
    title: 'Held port',
    scene: '`spec.ports.cephfsProvisioner` is 9075, which a DaemonSet in the namespace `monitoring` has on every node.',
    play: holdPort,
  },
  {
    title: 'Two Rooks',
    scene:
      'A second Rook runs on the same nodes, in `rook-first`. Its CSIPortAssignment is older, so it kept its ports, and `rook-ceph` got others.',
    play: playTwoRooks,
  },
  {
    title: 'Dead node',
    scene: 'The node node-2 died before the node plugin moved to its new port.',
    play: loseNode,
  },
  {
    title: 'Contested',
    scene: 'Rook changes the port of the CephFS provisioner back to 9070 again and again, so the operator backs off.',
    play: contest,
  },
  {
    title: 'ceph-csi-operator',
    scene:
      'Rook 1.20 leaves the CSI workloads to ceph-csi-operator; both Drivers have their controller plugin on the host network.',
    play: playDrivers,
  },
];

async function solveConflict(stage: Stage): Promise<void> {
  await stage.solveConflict();
}

async function dryRun(stage: Stage): Promise<void> {
  await stage.installConflict();
  await stage.assignment.create({ mode: 'DryRun' });
  await stage.startOperator();
  await stage.assignment.waitForReason('Ready', 'DryRun');
  await stage.assignment.waitForState('rbdProvisioner', 'Stuck');
  await stage.assignment.waitUntilRestored();
}

const HELD_PORT = 9075;

async function holdPort(stage: Stage): Promise<void> {
  const namespace = 'monitoring';
  await stage.createNamespace(namespace);
  const holder = await Holder.start(stage.controlPlane, { kind: 'DaemonSet', port: HELD_PORT, namespace });
  stage.onEnd(() => holder.remove());
  const rook = await stage.installConflict();
  await stage.assignment.create({ ports: { cephfsProvisioner: HELD_PORT } });
  await stage.startOperator();
  await stage.assignment.waitForReason('Ready', 'PortInUse');
  await rook.podsAtRest();
  await stage.assignment.waitForState('rbdProvisioner', 'Ready');
  await stage.assignment.waitForState('rbdNodePlugin', 'Ready');
  await stage.assignment.waitUntilRestored();
}

/** The second one comes while the operator is away: it then finds all pods of both, and the same in each run. */
async function playTwoRooks(stage: Stage): Promise<void> {
  const first = await stage.installRook({ namespace: 'rook-first' });
  await new Assignment(stage.controlPlane.api, first.namespace).create();
  await stage.startOperator();
  await stage.waitUntilAtRest(first);
  await stage.stopOperator();
  const second = await stage.installConflict();
  // The node plugin of the second one has their port, by its priority.
  await stage.waitUntilWithoutPort(first, 'rbdProvisioner');
  await stage.assignment.create();
  await stage.startOperator();
  await stage.waitUntilAtRest(second);
  await stage.waitUntilAtRest(first);
}

const DEAD_NODE = 'node-2';

async function loseNode(stage: Stage): Promise<void> {
  const { api } = stage.controlPlane;
  const rook = await stage.installConflict();
  const pods = await runningPodsOf(rook, 'rbdNodePlugin', 3);
  const silent = pods.find(({ spec }) => spec.nodeName === DEAD_NODE)!;
  await silence(api, silent);
  stage.onEnd(() => release(api, silent));
  await stage.assignment.create();
  await stage.startOperator();
  await stage.assignment.waitForState('rbdNodePlugin', 'Stuck');
  await stage.assignment.waitForState('rbdProvisioner', 'Stuck');
  await stage.assignment.waitForState('cephfsProvisioner', 'Ready');
  await stage.assignment.waitUntilRestored();
}

/** Of these many writes in ten minutes the operator backs off; the first is the one that ends the conflict. */
const CONTESTED_AFTER = 5;

async function contest(stage: Stage): Promise<void> {
  const rook = await stage.solveConflict();
  for (let write = 1; write < CONTESTED_AFTER; write += 1) {
    await rook.rewriteAs('rook', 'cephfsProvisioner');
    await waitForCephfs(rook, DEFAULT_PORTS.cephfsProvisioner);
  }
  await rook.rewriteAs('rook', 'cephfsProvisioner');
  await stage.assignment.waitForReason('Progressing', 'BackingOff');
  await stage.waitUntilWithoutPort(rook, 'cephfsProvisioner');
  await stage.assignment.waitUntilRestored();
  // Before it writes again.
  await stage.stopOperator();
}

async function waitForCephfs(rook: RookInstallation, port: number): Promise<void> {
  await waitFor(`the CephFS provisioner on ${port}`, async () => {
    return (await rook.ports('cephfsProvisioner')).argument === port;
  });
}

/** Of each of both Drivers: two of the controller plugin, three of both node plugins. */
const DRIVER_PODS = 2 * (2 + 3 + 3);

/** Two replicas on three nodes: with one of them cordoned they are on the same nodes in each run. */
async function playDrivers(stage: Stage): Promise<void> {
  const cordon = (unschedulable: boolean): Promise<unknown> =>
    stage.controlPlane.api.patch('/api/v1/nodes/node-3', { spec: { unschedulable } });
  await cordon(true);
  stage.onEnd(() => cordon(false));
  const upstream = new CephCsiOperator(stage.controlPlane);
  await upstream.installCrd();
  stage.onEnd(() => upstream.removeCrd());
  const rook = await stage.installRook({ image: 'rook/ceph:v1.20.6', workloads: false });
  await stage.assignment.create();
  for (const type of ['rbd', 'cephfs'] as const) {
    const driver = { ...(await upstream.createDriver(NAMESPACE, type)), hostNetwork: true };
    await upstream.write(driver);
  }
  await waitFor('the pods of the Drivers to run', async () => {
    const pods = (await rook.pods()) as CsiPod[];
    return pods.length === DRIVER_PODS && pods.every(({ status }) => status?.phase === 'Running');
  });
  await stage.startOperator();
  await stage.assignment.waitForReason('Ready', 'NothingToAssign');
  await stage.assignment.waitUntilRestored();
}
