/**
 * The end of the operator's leader, pods that ignore SIGTERM, and the death and return of a node, by sockets and pods.
 * Each test goes on where the one before it ended.
 */
import { beforeAll, expect, test } from 'vitest';
import { Assignment } from '../support/assignment.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { commandsIn } from '../support/offered-commands.js';
import { figures } from '../support/real-nodes/figures.js';
import { type OperatorPod, OperatorPods } from '../support/real-nodes/operator-pods.js';
import { allowOn, nodeSelector } from '../support/real-nodes/placement.js';
import type { RealNode } from '../support/real-nodes/real-node.js';
import { installRook, ROOK_NAMESPACE, ROOK_VERSION } from '../support/real-nodes/rook-on-nodes.js';
import { sidecarSockets, socketsOnPorts } from '../support/real-nodes/sidecars.js';
import { conditionOf, podsOf, type SeenPod, type Sighting, watchUntilReady } from '../support/real-nodes/sightings.js';
import { useRealCluster } from '../support/real-nodes/use-real-cluster.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { DEFAULT_PORTS, nameOf, type Ports, PROVISIONERS } from '../support/slots.js';
import type { AssignmentStatus, WorkloadState } from '../../src/domain/rules/api.js';
import type { Slot } from '../../src/domain/rules/slots.js';
import { OPERATOR_NAMESPACE } from '../support/operator-account.js';

/** Of the provisioner with a log collector; Rook leaves it at 30. */
const GRACE_SECONDS = 8;

const cluster = useRealCluster(ROOK_VERSION);
let rook: RookInstallation;
let ports: Ports = DEFAULT_PORTS;
/** From the second test on. Its node dies. */
let leader: OperatorPod;

function assignment(): Assignment {
  return new Assignment(cluster().controlPlane.api, ROOK_NAMESPACE);
}

function operator(): OperatorPods {
  return new OperatorPods(cluster());
}

function kubectl(...args: string[]): Promise<string> {
  return cluster().controlPlane.kubectl(args);
}

/** The leader's node, and the others. */
function nodes(): [RealNode, RealNode, RealNode] {
  const others = cluster().nodes.filter(({ name }) => name !== leader.spec.nodeName);
  return [cluster().node(leader.spec.nodeName), others[0]!, others[1]!];
}

/** As admins do whose tools add to what Rook renders. */
async function patchTemplate(slot: Slot, podSpec: object): Promise<void> {
  const patch = { spec: { template: { spec: { nodeSelector: nodeSelector(slot), ...podSpec } } } };
  await cluster().controlPlane.api.patch(rook.workloadPath(slot), patch, 'application/strategic-merge-patch+json');
}

/** The container that Rook adds for the logs of its CSI pods: the shell is its first process, and sets no trap. */
async function logCollector(slot: Slot): Promise<object> {
  const { spec } = await rook.workload(slot);
  const { image } = spec!.template.spec!.containers.find(({ name }) => name === 'csi-cephfsplugin')!;
  const script = 'while true; do logrotate --verbose /logrotate-config/csi; sleep 15m; done';
  return { name: 'log-collector', image, command: ['/bin/sh', '-c'], args: [script] };
}

function stateOf({ workloads }: AssignmentStatus, slot: Slot): WorkloadState {
  return workloads.find((row) => row.slot === slot)!.state;
}

beforeAll(async () => {
  rook = await installRook(cluster());
  const all = cluster().nodes.map(({ name }) => name);
  for (const slot of PROVISIONERS) await allowOn(cluster(), slot, all);
  const containers = [await logCollector('cephfsProvisioner')];
  await patchTemplate('rbdProvisioner', {});
  await patchTemplate('cephfsProvisioner', { containers, terminationGracePeriodSeconds: GRACE_SECONDS });
  await kubectl('apply', '-k', 'config/default');
  await kubectl('apply', '-f', 'config/samples/csiportassignment.yaml');
});

test('the start: Ready, and each sidecar listens on its port', async () => {
  await assignment().waitUntilAssigned();
  await socketsOnPorts(cluster(), rook, ports);
  await operator().rolledOut();
});

test('the leader is deleted: the other pod leads, and no socket moves', async () => {
  const before = await sidecarSockets(cluster(), rook);
  const first = await operator().leader();
  const since = performance.now();
  await cluster().controlPlane.api.delete(`/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods/${first.metadata.name!}`);
  leader = await operator().leader(first);
  figures.reportSeconds('from the deletion of the leader to the next one', since);
  await operator().rolledOut();
  expect(await sidecarSockets(cluster(), rook)).toEqual(before);
});

test('pods that ignore SIGTERM: their port is open no more and yet taken, and the status says all along that they go', async () => {
  const [ofLeader, second, third] = nodes().map(({ name }) => name) as [string, string, string];
  // As the next test has them.
  await allowOn(cluster(), 'cephfsProvisioner', [ofLeader, third]);
  await allowOn(cluster(), 'rbdProvisioner', [second, third]);
  const oldPort = ports.cephfsProvisioner;
  ports = { ...ports, cephfsProvisioner: 9171, rbdProvisioner: oldPort };
  const old = podsOf((await rook.pods()) as SeenPod[], 'cephfsProvisioner').map(({ metadata }) => metadata.uid);
  const isOld = (pod: SeenPod): boolean => old.includes(pod.metadata.uid);

  await assignment().edit({ ports });
  const seen = await watchUntilReady(cluster(), rook, assignment());
  const ready = performance.now();
  // A pod whose containers have all ended is Failed, holds no port and is replaced, though its object may be there.
  const isGoing = (pod: SeenPod): boolean =>
    isOld(pod) && pod.metadata.deletionTimestamp !== undefined && pod.status.phase === 'Running';
  const going = seen.filter(({ pods }) => pods.some(isGoing));
  const [start, end] = [going[0]!.at, going.at(-1)!.at];
  figures.report('pods that ignore SIGTERM, seen terminating', `${(end - start).toFixed(1)} s of ${GRACE_SECONDS} s`);
  expect(end - start).toBeGreaterThan(GRACE_SECONDS - 3);

  // The processes that obey, and the operator, have 2 s.
  const settled = going.filter(({ at }) => at > start + 2);
  for (const { status, pods, sockets } of settled) {
    expect(conditionOf(status, 'Ready')).toMatchObject({ status: 'False', reason: 'RollingOut' });
    const message = `${nameOf('cephfsProvisioner')}: its pods are being replaced`;
    expect(conditionOf(status, 'Progressing').message).toContain(message);
    expect(PROVISIONERS.map((slot) => stateOf(status, slot))).toEqual(['RollingOut', 'RollingOut']);
    const running = podsOf(pods, 'cephfsProvisioner').filter((pod) => pod.status.phase === 'Running');
    expect(running.every(isOld)).toBe(true);
    expect(sockets.filter(({ podUid }) => old.includes(podUid))).toEqual([]);
  }
  expect(settled.some(isShortOfPorts)).toBe(true);

  await socketsOnPorts(cluster(), rook, ports);
  figures.reportSeconds('from Ready=True to the last socket', ready);
  const cephfs = podsOf(seen.at(-1)!.pods, 'cephfsProvisioner');
  expect(cephfs.map(({ spec }) => spec.nodeName).sort()).toEqual([ofLeader, third].sort());
});

/** A pod of the other provisioner waits for the port, which nobody has open. */
function isShortOfPorts({ pods }: Sighting): boolean {
  return podsOf(pods, 'rbdProvisioner').some(({ status: { conditions = [] } }) =>
    conditions.some(({ message = '' }) => message.includes("didn't have free ports")),
  );
}

test("the leader's node dies: another leads and moves what lives, and what the node holds is named", async () => {
  const [dead] = nodes();
  const since = performance.now();
  await dead.kill();
  const next = await operator().leader(leader);
  figures.reportSeconds('from the death of the node of the leader to the next one', since);
  expect(next.spec.nodeName).not.toBe(dead.name);

  ports = { ...ports, rbdProvisioner: 9170 };
  const edited = performance.now();
  await assignment().edit({ ports });
  // Without the node plugin and the CephFS provisioner of the dead node.
  const sockets = await socketsOnPorts(cluster(), rook, ports, 5);
  figures.reportSeconds('from an edit, with a dead node, to the last socket', edited);
  expect(sockets.filter(({ port }) => port === 9170)).toHaveLength(2);

  const status = await waitFor(
    'the CephFS provisioner to be Stuck, and the RBD provisioner Ready',
    async () => {
      const { metadata, status: seen } = await assignment().get();
      if (seen?.observedGeneration !== metadata.generation) return undefined;
      return stateOf(seen!, 'cephfsProvisioner') === 'Stuck' && stateOf(seen!, 'rbdProvisioner') === 'Ready' && seen;
    },
    { lastSeen: () => assignment().status() },
  );
  figures.reportSeconds('from the death of the node until the status names it, and nothing else', since);
  expect(conditionOf(status, 'Ready')).toMatchObject({ status: 'False', reason: 'RolloutStuck' });
  const degraded = conditionOf(status, 'Degraded');
  expect(degraded).toMatchObject({ status: 'True', reason: 'RolloutStuck' });
  const held = `${nameOf('cephfsProvisioner')}: it is held by node ${dead.name}, which is not ready. Repair the node or, if`;
  expect(degraded.message).toContain(held);
  expect(await kubectl(...commandsIn(degraded.message)[0]!)).toContain('Kubelet stopped posting node status');
});

test('the node is back: its pods run again, the same ones, and all is Ready by itself', async () => {
  const [back] = nodes();
  const before = (await rook.pods()) as SeenPod[];
  const since = performance.now();
  await back.start();
  await cluster().nodesReady();
  figures.reportSeconds('from the start of the node to its readiness', since);
  await assignment().waitUntilAssigned();
  figures.reportSeconds('from the start of the node to Ready=True', since);
  await socketsOnPorts(cluster(), rook, ports);
  await operator().rolledOut();
  figures.reportSeconds('from the start of the node to all sockets and both operator pods', since);
  const after = (await rook.pods()) as SeenPod[];
  expect(after.map(({ metadata }) => metadata.uid).sort()).toEqual(before.map(({ metadata }) => metadata.uid).sort());
  for (const { status } of after.filter(({ spec }) => spec.nodeName === back.name)) {
    expect(status.containerStatuses!.every(({ restartCount }) => restartCount > 0)).toBe(true);
  }
});
