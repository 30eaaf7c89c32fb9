/**
 * The conflict and its end, by sockets and pods: installed with config/default, upgraded and removed as docs/admin/install.md has it.
 * Each test goes on where the one before it ended.
 */
import { expect, test } from 'vitest';
import { Assignment } from '../support/assignment.js';
import { commandFromDocs, make } from '../support/as-admin.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { figures } from '../support/real-nodes/figures.js';
import { type OperatorPod, OperatorPods } from '../support/real-nodes/operator-pods.js';
import { useRealCluster } from '../support/real-nodes/use-real-cluster.js';
import { installRook, ROOK_NAMESPACE, ROOK_VERSION } from '../support/real-nodes/rook-on-nodes.js';
import { csiAddonsNodes, sidecarSockets, type SidecarSocket, socketsOnPorts } from '../support/real-nodes/sidecars.js';
import type { SeenPod } from '../support/real-nodes/sightings.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { startProgram } from '../support/rook/living-rook.js';
import { CONFLICT_PORT, DEFAULT_PORTS, PROVISIONERS, specOf } from '../support/slots.js';
import { OPERATOR_NAMESPACE } from '../support/operator-account.js';

const cluster = useRealCluster(ROOK_VERSION);
let rook: RookInstallation;

function assignment(): Assignment {
  return new Assignment(cluster().controlPlane.api, ROOK_NAMESPACE);
}

function kubectl(...args: string[]): Promise<string> {
  return cluster().controlPlane.kubectl(args);
}

async function uidsOfCsiPods(): Promise<string[]> {
  return (await rook.pods()).map(({ metadata }) => metadata.uid!).sort();
}

function table(sockets: readonly SidecarSocket[]): string {
  return sockets.map(({ node, port, pod }) => `    ${node}  ${port}  ${pod}`).join('\n');
}

test('the conflict: the node plugin has the port of each node, and no provisioner finds a node', async () => {
  rook = await installRook(cluster());
  const isProvisioner = (pod: SeenPod): boolean => {
    return PROVISIONERS.some((slot) => specOf(slot).workload === pod.metadata.labels?.app);
  };
  const provisioners = await waitFor(
    'all provisioners to be Pending, and all node plugins to listen',
    async () => {
      const pods = ((await rook.pods()) as SeenPod[]).filter(isProvisioner);
      const isPending = pods.length === 4 && pods.every(({ status }) => status.phase === 'Pending');
      return isPending && (await sidecarSockets(cluster(), rook)).length === 3 && pods;
    },
    { lastSeen: () => kubectl('get', 'pods', '--all-namespaces', '--output=wide') },
  );
  for (const { status } of provisioners) {
    const message = status.conditions?.find(({ type }) => type === 'PodScheduled')?.message;
    expect(message).toContain("node(s) didn't have free ports for the requested pod ports");
  }
  const sockets = await sidecarSockets(cluster(), rook);
  expect(sockets.map(({ node, slot, port }) => [node, slot, port])).toEqual(
    ['node-1', 'node-2', 'node-3'].map((node) => [node, 'rbdNodePlugin', CONFLICT_PORT]),
  );
});

test('config/default: two pods on two nodes, ready by their probes, confined', async () => {
  await kubectl('apply', '-k', 'config/default');
  const pods = await new OperatorPods(cluster()).rolledOut();
  expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(2);
  for (const pod of pods) figures.report('operator pod, from its start to Ready', `${startToReady(pod)} s`);
  const nothing = '0000000000000000';
  expect(await new OperatorPods(cluster()).processStatus(pods[0]!)).toMatchObject({
    Uid: expect.stringMatching(/^65532\b/) as string,
    CapEff: nothing,
    CapBnd: nothing,
    NoNewPrivs: '1',
    // By a filter.
    Seccomp: '2',
  });
  await new OperatorPods(cluster()).leader();
  for (const one of pods) await reportMemory(one, 'idle');
});

test('an assignment ends it: every pod runs, each sidecar listens on a port of its own and says so', async () => {
  const since = performance.now();
  await kubectl('apply', '-f', 'config/samples/csiportassignment.yaml');
  const told = assignment()
    .waitUntilAssigned()
    .then((status) => {
      figures.reportSeconds('from the assignment to Ready=True', since);
      return status;
    });
  const sockets = await socketsOnPorts(cluster(), rook, DEFAULT_PORTS);
  figures.reportSeconds('from the assignment to the last socket', since);
  console.log(table(sockets));
  expect((await told).ports).toEqual(DEFAULT_PORTS);
  const phases = ((await rook.pods()) as SeenPod[]).map(({ status }) => status.phase);
  expect(new Set(phases)).toEqual(new Set(['Running']));

  const endpoints = sockets.map(({ pod, port }) => `pod://${pod}.${ROOK_NAMESPACE}:${port}`).sort();
  const nodes = await waitFor(
    'the CSIAddonsNodes',
    async () => {
      const found = (await csiAddonsNodes(cluster(), ROOK_NAMESPACE)).map(({ spec }) => spec.driver.endpoint).sort();
      return JSON.stringify(found) === JSON.stringify(endpoints) && found;
    },
    { lastSeen: () => csiAddonsNodes(cluster(), ROOK_NAMESPACE) },
  );
  console.log(nodes.map((endpoint) => `    ${endpoint}`).join('\n'));
  await reportMemory(await new OperatorPods(cluster()).leader(), 'leader that has solved the conflict');
});

test('a provisioner is written anew with port 9070, as Rook does: it is put back, and its sidecars are on their port', async () => {
  await rook.rewriteAs('rook', 'cephfsProvisioner');
  await waitFor('the operator to have put the port back', async () => {
    return (await rook.ports('cephfsProvisioner')).argument === DEFAULT_PORTS.cephfsProvisioner;
  });
  await assignment().waitUntilAssigned();
  await socketsOnPorts(cluster(), rook, DEFAULT_PORTS);
});

test('a Rook that runs and starts again leaves the sockets where they are', async () => {
  const before = await sidecarSockets(cluster(), rook);
  const program = await startProgram(cluster(), rook, { version: ROOK_VERSION });
  await program.settled();
  await program.restart();
  await program.settled();
  expect(program.passes).toBeGreaterThan(0);
  await assignment().waitUntilAssigned();
  expect(await sidecarSockets(cluster(), rook)).toEqual(before);
});

test('an upgrade of the image replaces the pods of the operator, and no other', async () => {
  const before = await uidsOfCsiPods();
  const image = (await new OperatorPods(cluster()).rolledOut())[0]!.spec.containers[0]!.image;
  const next = image.replace(/:.*$/, ':0.0.0-next');
  await Promise.all(
    cluster().nodes.map((node) =>
      node.run('ctr', '--namespace=k8s.io', 'images', 'tag', `docker.io/library/${image}`, `docker.io/library/${next}`),
    ),
  );
  await kubectl('-n', OPERATOR_NAMESPACE, 'set', 'image', 'deployment/csi-port-operator', `manager=${next}`);
  const pods = await new OperatorPods(cluster()).rolledOut();
  expect(pods.map(({ spec }) => spec.containers[0]!.image)).toEqual([next, next]);
  await new OperatorPods(cluster()).leader();
  await assignment().waitUntilSettled();
  await assignment().waitUntilAssigned();
  expect(await uidsOfCsiPods()).toEqual(before);
  await socketsOnPorts(cluster(), rook, DEFAULT_PORTS);
});

test('the uninstallation of docs/admin/install.md takes the operator away, and leaves each socket where it is', async () => {
  const before = await uidsOfCsiPods();
  await kubectl(...commandFromDocs('kubectl -n rook-ceph delete csiports'));
  await make(cluster().controlPlane, 'undeploy');
  expect(await new OperatorPods(cluster()).list()).toEqual([]);
  await make(cluster().controlPlane, 'uninstall');
  expect(await kubectl('get', 'crd', '--output=name')).not.toContain('csiportassignments');
  expect(await uidsOfCsiPods()).toEqual(before);
  await socketsOnPorts(cluster(), rook, DEFAULT_PORTS);
});

function startToReady({ status }: OperatorPod): number {
  const ready = status.conditions!.find(({ type }) => type === 'Ready')!.lastTransitionTime;
  const started = status.containerStatuses![0]!.state.running!.startedAt;
  return (Date.parse(ready) - Date.parse(started)) / 1000;
}

async function reportMemory(pod: OperatorPod, what: string): Promise<void> {
  const { workingSet, peak, limit } = await new OperatorPods(cluster()).memory(pod);
  figures.report(
    `memory of the operator's container, ${what}`,
    `working set ${workingSet}, peak ${peak}, limit ${limit} MiB`,
  );
  expect(peak).toBeLessThan(limit / 2);
}
