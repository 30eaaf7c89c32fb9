/** The states of a cluster that the commands of the pages need, one after the other on the same control plane. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntilAllowed } from '../access.js';
import { overlay } from '../as-admin.js';
import type { Cluster } from '../cluster.js';
import { waitFor } from '../control-plane/wait-for.js';
import { isWithoutPort, podsOf } from '../csi-pods.js';
import { Operator } from '../operator.js';
import { RookInstallation } from '../rook/installation.js';
import { PROVISIONERS } from '../slots.js';
import { createDrivers, installCephCsiOperator, installDriverCrd } from './migration.js';
import { createObject, serveKind } from './others.js';
import { OPERATOR_NAMESPACE, OPERATOR_USER, TO_LEAD, toWriteTheStatus } from '../operator-account.js';

const NAMESPACE = 'rook-ceph';

export interface Site {
  readonly cluster: Cluster;
  /** Where the admin's shell is. */
  readonly folder: string;
  rook?: RookInstallation;
  operator?: Operator;
}

const asItIs = (): Promise<void> => Promise.resolve();

/** In the order in which they follow each other. */
export const STATES = {
  conflict: installConflict,
  nothingInstalled: asItIs,
  singleNamespace: installInSingleNamespace,
  operatorRemoved: asItIs,
  operatorRuns: startOperator,
  dryRun: waitForDryRun,
  portReverted: revertPort,
  monitoring: servePrometheusOperator,
  cephCsiOperatorInstalled: ({ cluster }: Site) => installCephCsiOperator(cluster, NAMESPACE),
  driversCreated: ({ cluster }: Site) => createDrivers(cluster, NAMESPACE),
  noLongerNeeded: stopOperator,
} satisfies Record<string, (site: Site) => Promise<void>>;

export type StateName = keyof typeof STATES;

/** All pods of the provisioners are Pending for want of their port, and dumps of that are in the folder. */
async function installConflict(site: Site): Promise<void> {
  const { controlPlane } = site.cluster;
  const rook = await RookInstallation.install(controlPlane, { namespace: NAMESPACE, version: '1.17.9' });
  for (const slot of PROVISIONERS) {
    await waitFor(`the pods of ${slot} to wait for their port`, async () => {
      const pods = await podsOf(rook, slot);
      return pods.length > 0 && pods.every(isWithoutPort);
    });
  }
  site.rook = rook;
  await installDriverCrd(site.cluster);
  const dump = (kinds: string): Promise<string> => controlPlane.kubectl(['get', kinds, '-A', '-o', 'yaml']);
  await mkdir(join(site.folder, 'must-gather'), { recursive: true });
  await writeFile(join(site.folder, 'must-gather/objects.yaml'), await dump('deployments,daemonsets,configmaps'));
  await writeFile(join(site.folder, 'pods.yaml'), await dump('pods'));
}

/** With what a cluster admin may have added, and the Lease of a process that has ended. */
async function installInSingleNamespace({ cluster: { controlPlane } }: Site): Promise<void> {
  const folder = await overlay(controlPlane, 'single-namespace', (path) => {
    return `namespace: ${NAMESPACE}\nresources: [${path}/config/single-namespace]\n`;
  });
  for (const path of [folder, 'config/rbac/metrics-auth', 'config/rbac/aggregated']) {
    await controlPlane.kubectl(['apply', '-k', path]);
  }
  const metadata = { name: 'csi-port-operator', namespace: NAMESPACE };
  await createObject(controlPlane, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: {} });
}

/** The pods of the Deployment run in name only. */
async function startOperator(site: Site): Promise<void> {
  const { controlPlane } = site.cluster;
  for (const right of [TO_LEAD, toWriteTheStatus(NAMESPACE)]) {
    await waitUntilAllowed(controlPlane.api, OPERATOR_USER, right);
  }
  const args = ['--leader-elect', `--leader-elect-namespace=${OPERATOR_NAMESPACE}`];
  site.operator = await Operator.start({ kubeconfig: await site.cluster.operatorKubeconfig(), args });
  await site.operator.waitUntilReady();
}

async function waitForDryRun({ cluster }: Site): Promise<void> {
  await cluster.assignment(NAMESPACE).waitForReason('Ready', 'DryRun');
}

/** Something else has written a port, and the operator has reverted that. */
async function revertPort({ cluster, rook }: Site): Promise<void> {
  await cluster.waitUntilAtRest(rook!);
  await rook!.rewriteAs('helm', 'cephfsProvisioner');
  await waitFor('the event of the revert', async () => {
    return (await cluster.events(NAMESPACE)).some(({ reason }) => reason === 'Reasserted');
  });
  await cluster.waitUntilAtRest(rook!);
}

async function servePrometheusOperator({ cluster: { controlPlane } }: Site): Promise<void> {
  for (const kind of ['PodMonitor', 'PrometheusRule'] as const) await serveKind(controlPlane, kind);
}

async function stopOperator({ operator }: Site): Promise<void> {
  await operator!.stop();
}
