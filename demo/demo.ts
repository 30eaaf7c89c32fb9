/**
 * `make demo`: Rook's port conflict on a real Kubernetes control plane, and the operator that ends it. Exits with 1
 * where it does not. `--keep` leaves everything up until Ctrl-C, to try edits. `--real-nodes` plays it where pods run for real.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { SLOT_SPECS } from '../src/domain/rules/slots.js';
import { Assignment } from '../test/support/assignment.js';
import { provideBinaries } from '../test/support/control-plane/binaries.js';
import { ControlPlane } from '../test/support/control-plane/control-plane.js';
import { waitFor } from '../test/support/control-plane/wait-for.js';
import { Holder } from '../test/support/holders.js';
import { Operator } from '../test/support/operator.js';
import { Plugin, PLUGIN_FOLDER } from '../test/support/plugin.js';
import { DEFAULT_PORTS, nameOf } from '../test/support/slots.js';
import { RookInstallation } from '../test/support/rook/installation.js';
import { narrator } from './narrator.js';
import { demoOnRealNodes } from './real-nodes.js';
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
import { OPERATOR_NAME, OPERATOR_NAMESPACE } from '../test/support/operator-account.js';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { keep: { type: 'boolean', default: false }, 'real-nodes': { type: 'boolean', default: false } },
  });
  if (values['real-nodes']) {
    await demoOnRealNodes(values.keep);
    return;
  }
  narrator.heading('A Kubernetes control plane on this machine');
  await provideBinaries((line) => narrator.say(line));
  execFileSync(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });
  const started = performance.now();
  const cluster = await ControlPlane.start();
  narrator.good(`etcd, API server, controllers, scheduler and three kwok nodes run after ${seconds(started)} s`);
  try {
    await play(cluster, values.keep);
  } finally {
    await cluster.stop();
  }
}

async function play(cluster: ControlPlane, keep: boolean): Promise<void> {
  const rook = await showConflict(cluster);
  await showPlugin(cluster);
  const operator = await startOperator(cluster);
  try {
    await showSolution(cluster, rook, operator);
    await showReassertion(cluster, rook);
    await showHeldPort(cluster, rook);
    narrator.heading('Done');
    narrator.good('the conflict is solved and stays solved');
    if (keep) await leaveUp(cluster);
  } finally {
    await operator.stop();
  }
}

async function showConflict(cluster: ControlPlane): Promise<RookInstallation> {
  narrator.heading('The conflict: Rook 1.16.4, ROOK_ENFORCE_HOST_NETWORK and CSI_ENABLE_CSIADDONS on');
  narrator.say('The CSI workloads are written as Rook writes them; Rook itself does not run here.');
  const rook = await RookInstallation.install(cluster, { namespace: NAMESPACE });
  const reason = await provisionersPending(rook);
  await show(cluster, '-n', NAMESPACE, 'get', 'pods');
  narrator.bad(`all provisioners are Pending; the scheduler says: ${reason}`);
  return rook;
}

async function startOperator(cluster: ControlPlane): Promise<Operator> {
  narrator.heading('The operator, as its own ServiceAccount with the permissions of config/');
  for (const args of [
    ['apply', '-f', 'config/default/namespace.yaml'],
    ['apply', '-k', 'config/crd'],
    ['apply', '-k', 'config/rbac'],
  ]) {
    await show(cluster, ...args);
  }
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd/csiportassignments.csiports.io']);
  const kubeconfig = await cluster.serviceAccountKubeconfig(OPERATOR_NAMESPACE, OPERATOR_NAME);
  const operator = await Operator.start({ kubeconfig });
  await operator.waitUntilReady();
  narrator.good('running and ready: node dist/main.js');
  return operator;
}

async function showSolution(cluster: ControlPlane, rook: RookInstallation, operator: Operator): Promise<void> {
  narrator.heading('The assignment');
  const started = performance.now();
  await show(cluster, 'apply', '-f', SAMPLE);
  await new Assignment(cluster.api, NAMESPACE).waitUntilAssigned();
  const took = seconds(started);
  narrator.say('The log of the operator:');
  for (const { level, time, msg, ...fields } of operator.log.filter((line) => line.level !== 'debug')) {
    narrator.output(`${String(time)} ${level} ${msg} ${JSON.stringify(fields)}`);
  }
  await show(cluster, '-n', NAMESPACE, 'get', 'pods');
  await show(cluster, '-n', NAMESPACE, 'get', 'csiports');
  await show(cluster, '-n', NAMESPACE, 'get', 'configmap', 'rook-ceph-operator-config', '-o', KEYS);
  await requireDistinctPortsAndRunningPods(rook);
  await showPluginRun(new Plugin(cluster), 0, 'check');
  narrator.good(`all pods run, each sidecar on a port of its own, ${took} s after the assignment was made`);
}

const KEYS = `custom-columns=${SLOT_SPECS.map(({ configKey }) => `${configKey}:.data.${configKey}`).join()}`;

async function showReassertion(cluster: ControlPlane, rook: RookInstallation): Promise<void> {
  narrator.heading('Rook restarts and writes its workload anew, with port 9070');
  await rook.rewriteAs('rook', 'cephfsProvisioner');
  const started = performance.now();
  await waitFor(
    'the port to be back',
    async () => (await rook.ports('cephfsProvisioner')).argument === DEFAULT_PORTS.cephfsProvisioner,
    {
      everyMs: 1,
    },
  );
  narrator.good(
    `${nameOf('cephfsProvisioner')} is back on ${DEFAULT_PORTS.cephfsProvisioner}, ${Math.round(performance.now() - started)} ms later`,
  );
  await new Assignment(cluster.api, NAMESPACE).waitUntilAssigned();
  await requireDistinctPortsAndRunningPods(rook);
  // They are told together, a moment later.
  await waitFor('the events', async () => {
    const events = await cluster.api.list<{ reason: string }>(`/apis/events.k8s.io/v1/namespaces/${NAMESPACE}/events`);
    return events.some(({ reason }) => reason === 'Reasserted');
  });
  await show(cluster, '-n', NAMESPACE, 'get', 'events', '--field-selector', 'involvedObject.kind=CSIPortAssignment');
}

const HELD_PORT = 9075;

async function showHeldPort(cluster: ControlPlane, rook: RookInstallation): Promise<void> {
  narrator.heading(`A port of the spec that somebody else holds: ${HELD_PORT}`);
  const assignment = new Assignment(cluster.api, NAMESPACE);
  const holder = await Holder.start(cluster, { kind: 'DaemonSet', port: HELD_PORT });
  await show(cluster, 'get', 'pods', '-o', 'wide');
  const ask = JSON.stringify({ spec: { ports: { cephfsProvisioner: HELD_PORT } } });
  await show(cluster, '-n', NAMESPACE, 'patch', 'csiports', 'default', '--type=merge', '-p', ask);
  await assignment.waitForReason('Ready', 'PortInUse');
  await show(cluster, '-n', NAMESPACE, 'get', 'csiports', '-o', 'wide');
  narrator.good(`nothing is written, and no pod of ${holder.title} has to go; it moves when the port is free`);
  await show(cluster, 'delete', 'daemonset', 'node-agent', '--wait=false');
  await assignment.waitUntilAssigned();
  await show(cluster, '-n', NAMESPACE, 'get', 'csiports');
  await requireDistinctPortsAndRunningPods(rook);
  narrator.good(`${nameOf('cephfsProvisioner')} has taken ${HELD_PORT} by itself`);
}

async function leaveUp(cluster: ControlPlane): Promise<void> {
  narrator.heading('Kept up: try it from another terminal');
  narrator.output(
    [
      `export KUBECONFIG=${cluster.adminKubeconfig} PATH=${PLUGIN_FOLDER}:${cluster.kubectlPath.replace(/\/kubectl$/, '')}:${dirname(process.execPath)}:$PATH`,
      `kubectl -n ${NAMESPACE} edit csiports default          # e.g. spec: {ports: {rbdNodePlugin: 9070}}`,
      `kubectl -n ${NAMESPACE} edit deployment csi-cephfsplugin-provisioner   # e.g. --controller-port=9070`,
      `kubectl -n ${NAMESPACE} edit configmap rook-ceph-operator-config       # e.g. CSIADDONS_PORT: "9075"`,
      `kubectl -n ${NAMESPACE} get csiports,pods --watch`,
      'kubectl csiports status --watch',
    ].join('\n'),
  );
  narrator.say('Ctrl-C ends it and leaves nothing behind.');
  await once(process, 'SIGINT');
}

try {
  await main();
} catch (error) {
  narrator.bad(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
