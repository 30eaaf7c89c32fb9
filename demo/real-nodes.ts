/** `make demo ARGS=--real-nodes`: the same story where pods run, sockets listen, and the operator is its image. */
import { dirname } from 'node:path';
import { Assignment } from '../test/support/assignment.js';
import { provideBinaries } from '../test/support/control-plane/binaries.js';
import { Plugin, PLUGIN_FOLDER } from '../test/support/plugin.js';
import { inNamespaces } from '../test/support/real-nodes/in-namespaces.js';
import { makeOperatorImage } from '../test/support/real-nodes/operator-image.js';
import { OperatorPods } from '../test/support/real-nodes/operator-pods.js';
import { realNodesProblem } from '../test/support/real-nodes/problem.js';
import { provideNodePrograms } from '../test/support/real-nodes/programs.js';
import { RealCluster } from '../test/support/real-nodes/real-cluster.js';
import { installRook, ROOK_VERSION } from '../test/support/real-nodes/rook-on-nodes.js';
import { sidecarSockets } from '../test/support/real-nodes/sidecars.js';
import type { RookInstallation } from '../test/support/rook/installation.js';
import { narrator } from './narrator.js';
import {
  NAMESPACE,
  provisionersPending,
  requireDistinctPortsAndRunningPods,
  SAMPLE,
  seconds,
  show,
  showPlugin,
  showPluginRun,
} from './show.js';
import { OPERATOR_NAMESPACE } from '../test/support/operator-account.js';

const INSIDE = '--inside';

/** Provides everything, and runs this file again in namespaces that end with it. */
export async function demoOnRealNodes(keep: boolean): Promise<void> {
  narrator.heading('Three real nodes on this machine');
  const lastError = await realNodesProblem();
  if (lastError !== undefined) throw new Error(`No real nodes on this machine, as ${lastError}`);
  await provideBinaries((line) => narrator.say(line));
  await provideNodePrograms((line) => narrator.say(line));
  const command = [process.execPath, ...process.execArgv, import.meta.filename, INSIDE, ...(keep ? ['--keep'] : [])];
  const { code, wasInterrupted, leftNothing } = await inNamespaces(() => command, [makeOperatorImage()]);
  if ((code !== 0 && !wasInterrupted) || !leftNothing) throw new Error('it did not end well, see above');
  narrator.good('nothing is left: no process, mount, cgroup or folder');
}

async function play(keep: boolean): Promise<void> {
  const started = performance.now();
  const cluster = await RealCluster.start(ROOK_VERSION);
  narrator.good(`a control plane and three nodes with kubelet and containerd run after ${seconds(started)} s`);
  const rook = await showConflict(cluster);
  await showPlugin(cluster.controlPlane);
  await showInstallation(cluster);
  await showSolution(cluster, rook);
  narrator.heading('Done');
  narrator.good('the conflict is solved');
  if (keep) await leaveUp(cluster);
}

async function showConflict(cluster: RealCluster): Promise<RookInstallation> {
  narrator.heading(`The conflict: Rook ${ROOK_VERSION}, ROOK_ENFORCE_HOST_NETWORK and CSI_ENABLE_CSIADDONS on`);
  narrator.say('The csi-addons sidecars are the real ones; each other container of a CSI pod has a stand-in.');
  const rook = await installRook(cluster);
  const reason = await provisionersPending(rook);
  await show(cluster.controlPlane, '-n', NAMESPACE, 'get', 'pods', '-o', 'wide');
  await showSockets(cluster, rook);
  narrator.bad(`all provisioners are Pending; the scheduler says: ${reason}`);
  return rook;
}

async function showSockets(cluster: RealCluster, rook: RookInstallation): Promise<void> {
  narrator.command('ss --tcp --listening --processes       # on each node; of the sidecars');
  const sockets = await sidecarSockets(cluster, rook);
  narrator.output(sockets.map(({ node, port, pod }) => `${node}  ${port}  ${pod}`).join('\n') || 'none');
}

async function showInstallation(cluster: RealCluster): Promise<void> {
  narrator.heading('The operator: its image, by config/default');
  const started = performance.now();
  await show(cluster.controlPlane, 'apply', '-k', 'config/default');
  await new OperatorPods(cluster).rolledOut();
  await show(cluster.controlPlane, '-n', OPERATOR_NAMESPACE, 'get', 'pods', '-o', 'wide');
  narrator.good(`two pods on two nodes are ready after ${seconds(started)} s`);
}

async function showSolution(cluster: RealCluster, rook: RookInstallation): Promise<void> {
  narrator.heading('The assignment');
  const { controlPlane } = cluster;
  const started = performance.now();
  await show(controlPlane, 'apply', '-f', SAMPLE);
  await new Assignment(controlPlane.api, NAMESPACE).waitUntilAssigned();
  const took = seconds(started);
  await show(controlPlane, '-n', NAMESPACE, 'get', 'pods', '-o', 'wide');
  await show(controlPlane, '-n', NAMESPACE, 'get', 'csiports');
  await showSockets(cluster, rook);
  await show(controlPlane, '-n', NAMESPACE, 'get', 'csiaddonsnodes', '-o', ENDPOINTS);
  await requireDistinctPortsAndRunningPods(rook);
  await showPluginRun(new Plugin(controlPlane), 0, 'check');
  narrator.good(`all pods run, each sidecar listens on a port of its own, ${took} s after the assignment was made`);
}

const ENDPOINTS = 'custom-columns=NODE:.spec.driver.nodeID,ENDPOINT:.spec.driver.endpoint';

async function leaveUp({ controlPlane }: RealCluster): Promise<void> {
  narrator.heading('Kept up: try it from another terminal, as root');
  const path = `${PLUGIN_FOLDER}:${dirname(controlPlane.kubectlPath)}:${dirname(process.execPath)}:$PATH`;
  narrator.output(
    [
      `nsenter --net=/proc/$(pgrep -f -- '--data-dir=${controlPlane.directory}')/ns/net bash`,
      `export KUBECONFIG=${controlPlane.adminKubeconfig} PATH=${path}`,
      `kubectl -n ${NAMESPACE} edit csiports default          # e.g. spec: {ports: {rbdNodePlugin: 9070}}`,
      'kubectl csiports status --watch',
    ].join('\n'),
  );
  narrator.say('Ctrl-C ends it and leaves nothing behind.');
  // Ctrl-C ends the namespaces, and this process with them.
  await new Promise(() => undefined);
}

if (process.argv.includes(INSIDE)) {
  try {
    await play(process.argv.includes('--keep'));
  } catch (error) {
    narrator.bad(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
  process.exit();
}
