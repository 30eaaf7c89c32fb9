/**
 * How long the operator takes from its start to the last patch, and from a revert to its repair, and what memory it
 * holds, on a control plane of its own. The numbers are this machine's: compare within one run only.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Assignment } from '../test/support/assignment.js';
import { ControlPlane } from '../test/support/control-plane/control-plane.js';
import { Operator } from '../test/support/operator.js';
import { RookInstallation } from '../test/support/rook/installation.js';
import { PortWatch } from './port-watch.js';

const NAMESPACE = 'rook-ceph';
const CEPHFS = { slot: 'cephfsProvisioner', name: 'csi-cephfsplugin-provisioner', port: 9071 } as const;
const NODE_PLUGIN = { slot: 'rbdNodePlugin', name: 'csi-rbdplugin', port: 9072 } as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { starts: { type: 'string', default: '10' }, reverts: { type: 'string', default: '200' } },
  });
  execFileSync(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });
  const cluster = await ControlPlane.start();
  try {
    await measure(cluster, Number(values.starts), Number(values.reverts));
  } finally {
    await cluster.stop();
  }
}

async function measure(cluster: ControlPlane, starts: number, reverts: number): Promise<void> {
  const rook = await RookInstallation.install(cluster, { namespace: NAMESPACE });
  await cluster.kubectl(['apply', '-f', 'config/default/namespace.yaml']);
  await cluster.kubectl(['apply', '-k', 'config/crd']);
  await cluster.kubectl(['apply', '-k', 'config/rbac']);
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd/csiportassignments.csiports.io']);
  const assignment = new Assignment(cluster.api, NAMESPACE);
  await assignment.create();
  const kubeconfig = await cluster.serviceAccountKubeconfig('csi-port-operator-system', 'csi-port-operator');
  const watch = await PortWatch.open(cluster, NAMESPACE);

  const startTimes: number[] = [];
  let operator: Operator | undefined;
  for (let round = 0; round < starts; round += 1) {
    await operator?.stop();
    await rook.writePass();
    const patched = Promise.all([CEPHFS, NODE_PLUGIN].map(({ name, port }) => watch.next(name, port)));
    operator = await Operator.start({ kubeconfig, args: ['--log-level=info', '--contested-after=0'] });
    startTimes.push(Math.max(...(await patched)) - operator.startedAt);
    await assignment.waitUntilAssigned();
  }

  const repairTimes: number[] = [];
  for (let round = 0; round < reverts; round += 1) {
    const { slot, name, port } = round % 2 === 0 ? CEPHFS : NODE_PLUGIN;
    const repaired = watch.next(name, port);
    await rook.rewrite(slot);
    const undone = performance.now();
    repairTimes.push((await repaired) - undone);
  }
  report('start of the process to the last patch', startTimes);
  report('answer to the revert to its repair', repairTimes);
  console.log(`resident memory after that: ${residentMiB(operator!.pid).toFixed(1)} MiB`);
  console.log(`(${cpus().length} cores, Node ${process.version}, started with a kubeconfig)`);
  watch.close();
  await operator?.stop();
}

function report(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1);
  console.log(`${what}: median ${at(0.5)} ms, p99 ${at(0.99)} ms, ${at(0)} to ${at(1)} ms, n = ${times.length}`);
}

function residentMiB(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kib) / 1024;
}

await main();
