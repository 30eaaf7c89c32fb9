/**
 * The chart on real nodes, and ports of the spec that are not to be had there: a pod declares it, a process that no API server
 * knows listens on it, a policy rejects it. Each test begins and ends with every sidecar on its port, but for the first, which
 * begins without Rook and operator, and the last, which ends without operator.
 */
import { expect, test } from 'vitest';
import { CALM_MS } from '../../src/domain/rules/stuck.js';
import type { AssignmentStatus, WorkloadStatus } from '../../src/domain/rules/api.js';
import { commandFromDocs } from '../support/as-admin.js';
import { Assignment } from '../support/assignment.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { Helm } from '../support/helm.js';
import { runOffered } from '../support/offered-commands.js';
import { rejectHostPorts } from '../support/pod-rejections.js';
import { figures } from '../support/real-nodes/figures.js';
import { OperatorPods } from '../support/real-nodes/operator-pods.js';
import { installRook, ROOK_NAMESPACE, ROOK_VERSION } from '../support/real-nodes/rook-on-nodes.js';
import { sidecarSockets, type SidecarSocket, socketsOnPorts } from '../support/real-nodes/sidecars.js';
import { conditionOf, type SeenPod } from '../support/real-nodes/sightings.js';
import { listenerOf, occupyPort, startStranger } from '../support/real-nodes/strangers.js';
import { useRealCluster } from '../support/real-nodes/use-real-cluster.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { CONFLICT_PORT, DEFAULT_PORTS, PROVISIONERS, specOf } from '../support/slots.js';

const cluster = useRealCluster(ROOK_VERSION);
let rook: RookInstallation;
let helm: Helm;

function assignment(): Assignment {
  return new Assignment(cluster().controlPlane.api, ROOK_NAMESPACE);
}

function sockets(): Promise<SidecarSocket[]> {
  return sidecarSockets(cluster(), rook);
}

async function pods(): Promise<SeenPod[]> {
  return (await rook.pods()) as SeenPod[];
}

/** Ids of all containers in Rook's namespace: the same later if no pod was made anew and no container was started again. */
async function containers(): Promise<unknown[]> {
  const statuses = (await pods()).flatMap(({ status }) => status.containerStatuses ?? []);
  return statuses.map(({ containerID }) => containerID).sort();
}

/** Waits until each sidecar listens on the port of its slot, on its pod's node, and none elsewhere, and until the status says so. */
async function everySidecarOnItsPort(cephfsProvisioner = DEFAULT_PORTS.cephfsProvisioner): Promise<void> {
  const ports = { ...DEFAULT_PORTS, cephfsProvisioner };
  await socketsOnPorts(cluster(), rook, ports);
  expect((await assignment().waitUntilAssigned()).ports).toEqual(ports);
  expect(new Set((await pods()).map(({ status }) => status.phase))).toEqual(new Set(['Running']));
}

/** Of the other workloads. */
async function otherSockets(): Promise<SidecarSocket[]> {
  return (await sockets()).filter(({ slot }) => slot !== 'cephfsProvisioner');
}

/** Gives the CephFS provisioner this port in the spec. */
async function ask(port: number): Promise<void> {
  await assignment().edit({ ports: { cephfsProvisioner: port } });
}

/** Waits until the status says that the CephFS provisioner is stuck; resolves with the words of both conditions. */
async function stuckMessage(): Promise<string> {
  const status = await assignment().waitForReason('Ready', 'RolloutStuck');
  const { message } = conditionOf(status, 'Ready');
  expect(conditionOf(status, 'Ready')).toMatchObject({ status: 'False' });
  expect(conditionOf(status, 'Degraded')).toMatchObject({ status: 'True', reason: 'RolloutStuck', message });
  expect(cephfsProvisionerOf(status)).toMatchObject({ state: 'Stuck' });
  return message;
}

/** Reasons of the condition Ready that are seen for a while, from now on. */
async function reasonsOfReady(ms: number): Promise<string[]> {
  const reasons = new Set<string>();
  for (const until = performance.now() + ms; performance.now() < until;) {
    reasons.add(conditionOf(await assignment().status(), 'Ready').reason);
  }
  return [...reasons];
}

function cephfsProvisionerOf({ workloads }: AssignmentStatus): WorkloadStatus | undefined {
  return workloads.find(({ slot }) => slot === 'cephfsProvisioner');
}

test('the chart, as docs/admin/install.md has it: both pods are ready, and an assignment ends the conflict', async () => {
  const { controlPlane } = cluster();
  rook = await installRook(cluster());
  helm = await Helm.provide(controlPlane.adminKubeconfig);
  await controlPlane.kubectl(commandFromDocs('kubectl create namespace'));
  await controlPlane.kubectl(commandFromDocs('kubectl label namespace'));
  const since = performance.now();
  const install = commandFromDocs('helm install csi-port-operator');
  // Without the registry: the chart's default image is that of `make image`.
  await helm.run(...install.slice(0, install.indexOf('--set')), '--wait', '--timeout=100s');
  figures.reportSeconds('helm install, until both pods are ready', since);
  await new OperatorPods(cluster()).rolledOut();

  const names = PROVISIONERS.map((slot) => specOf(slot).workload);
  const provisioners = await waitFor('the node plugins to listen, and the provisioners to wait', async () => {
    const waiting = (await pods()).filter(({ metadata, status }) => {
      return names.includes(metadata.labels!.app!) && status.phase === 'Pending';
    });
    return waiting.length === 4 && (await sockets()).length === 3 && waiting;
  });
  const withPort = (await sockets()).map(({ node, slot, port }) => [node, slot, port]);
  expect(withPort).toEqual(cluster().nodes.map(({ name }) => [name, 'rbdNodePlugin', CONFLICT_PORT]));
  for (const { status } of provisioners) {
    const { message } = status.conditions!.find(({ type }) => type === 'PodScheduled')!;
    expect(message).toContain("node(s) didn't have free ports for the requested pod ports");
  }
  await assignment().create();
  await everySidecarOnItsPort();
});

test('a port that a pod declares on one node is left to it, and taken when the pod is gone', async () => {
  const node = cluster().nodes[1]!;
  const end = await startStranger(cluster(), node, 9175);
  const [before, stranger] = [await sockets(), await listenerOf(node, 9175)];
  await ask(9175);
  const status = await assignment().waitForReason('Ready', 'PortInUse');
  const message = `host port 9175 of spec.ports.cephfsProvisioner is held by Pod default/node-agent (agent) on ${node.name}`;
  expect(conditionOf(status, 'Ready')).toMatchObject({
    status: 'False',
    message: expect.stringContaining(message) as string,
  });
  expect(conditionOf(status, 'Degraded')).toMatchObject({ status: 'True', reason: 'PortInUse' });
  expect(cephfsProvisionerOf(status)).toMatchObject({ state: 'PortInUse', assignedPort: 9175, currentPort: 9071 });
  expect(await sockets()).toEqual(before);
  // The same process of the same pod.
  expect(await listenerOf(node, 9175)).toEqual(stranger);
  expect(stranger.podUid).toBeDefined();

  await end();
  await everySidecarOnItsPort(9175);
});

test('a port on which processes beside the pods listen: the sidecars crash, the message leads to the reason, and they start when it is free', async () => {
  // On all nodes, as any two of them get a pod.
  const end = await occupyPort(cluster(), 9176);
  const others = await otherSockets();
  await ask(9176);
  const message = await stuckMessage();
  // The kubelet knows no more of it: the sidecar leaves no termination message.
  expect(message).toMatch(
    /^Deployment csi-cephfsplugin-provisioner: [12] of its pods crash(es)?: container csi-addons exits with code 255 \(Error\)\. If /,
  );
  // The kubelet has the log of a previous container while one waits or runs, not while the last one counts as ended.
  await waitFor('the log to have the reason', async () => {
    const log = await runOffered(cluster().controlPlane, message, 'logs');
    return log.includes('listen tcp :9176: bind: address already in use');
  });
  expect(await sockets()).toEqual(others);
  // Each start of a container counts as ready for a moment. For longer than a container has to run to count as running.
  const seen = await reasonsOfReady(CALM_MS + 5_000);
  expect(seen).toEqual(['RolloutStuck']);

  const since = performance.now();
  await end();
  await everySidecarOnItsPort(9176);
  figures.reportSeconds('from the end of the processes to Ready=True and all sockets', since);
});

test('a port that a policy rejects costs the CephFS provisioner its pods, and no other its sockets; another port ends it', async () => {
  await rejectHostPorts(cluster().controlPlane, ROOK_NAMESPACE, [9177, 9177]);
  const others = await otherSockets();
  expect(others).toHaveLength(5);
  await ask(9177);
  const message = await stuckMessage();
  expect(message).toContain('Deployment csi-cephfsplugin-provisioner: its pods are rejected: pods "csi-cephfsplugin');
  expect(message).toContain('host ports from 9177 to 9177 are reserved. Change the policy or quota that rejects them.');
  expect(await runOffered(cluster().controlPlane, message, 'replicaset')).toContain('are reserved');
  expect(await sockets()).toEqual(others);

  await ask(9178);
  await everySidecarOnItsPort(9178);
  expect(await otherSockets()).toEqual(others);
});

test('helm uninstall, as docs/admin/install.md has it, ends the operator and nothing else', async () => {
  const before = [await sockets(), await containers()];
  await helm.run(...commandFromDocs('helm uninstall csi-port-operator'));
  const operator = new OperatorPods(cluster());
  // Helm does not wait for the end of the pods.
  await waitFor('the operator to be gone', async () => (await operator.list()).length === 0);
  expect([await sockets(), await containers()]).toEqual(before);
});
