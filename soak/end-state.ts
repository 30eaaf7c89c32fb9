/** What the world is to look like when all is over: each object as its owner left it, but for its ports; the status, too. */
import { isDeepStrictEqual } from 'node:util';
import { SLOT_LAYOUTS, type Slot } from '../src/domain/slots.js';
import type { AdminApi, KubeObject } from '../test/support/control-plane/admin-api.js';
import type { DaemonSet, Deployment } from '../test/support/rook/api-types.js';
import { CONFLICT_CONFIG } from '../test/support/rook/operator.js';
import { CSI_ADDONS_CONTAINER, type CsiWorkload } from '../test/support/rook/names.js';
import { SLOTS, type RookSite } from './rook-site.js';

const WORKLOADS = [
  'rbdNodePlugin',
  'rbdProvisioner',
  'cephfsNodePlugin',
  'cephfsProvisioner',
] as const satisfies CsiWorkload[];
/** What the controllers write beside the owner. */
const OF_CONTROLLERS = ['deployment.kubernetes.io/revision', 'deprecated.daemonset.template.generation'];

/** @returns what differs, in words */
export async function alienChanges(api: AdminApi, { rook, settings }: RookSite): Promise<string[]> {
  const found: string[] = [];
  const rendered = rook.render();
  for (const name of WORKLOADS) {
    const path = rook.workloadPath(name);
    // With the defaults that the API server adds.
    const asRookHasIt = await api.replace<object>(`${path}?dryRun=All`, rendered[name]);
    const stored = await api.get(path);
    if (!isDeepStrictEqual(ownersPart(stored), ownersPart(asRookHasIt as Workload))) {
      found.push(`${rook.namespace}/${stored.metadata.name!} is not as Rook wrote it`);
    }
  }
  const keys = new Set<string>(SLOT_LAYOUTS.map(({ configKey }) => configKey));
  const kept = Object.entries(await rook.config()).filter(([key]) => !keys.has(key));
  if (!isDeepStrictEqual(Object.fromEntries(kept), { ...CONFLICT_CONFIG, ...settings })) {
    found.push(`${rook.namespace}/rook-ceph-operator-config has other settings than were written`);
  }
  return found;
}

type Workload = (Deployment | DaemonSet) & KubeObject;

/** Without the ports of the sidecar. */
function ownersPart({ metadata, spec }: Workload): object {
  const { labels, annotations = {}, ownerReferences, finalizers } = metadata as KubeObject['metadata'];
  const template = structuredClone(spec!.template);
  for (const container of template.spec!.containers) {
    if (container.name !== CSI_ADDONS_CONTAINER) continue;
    container.args = container.args?.map((arg) => arg.replace(/^(--controller-port=)\d+$/, '$1PORT')) ?? [];
    container.ports = container.ports?.map((port) => ({ ...port, containerPort: 0, hostPort: 0 })) ?? [];
  }
  const owners = Object.entries(annotations).filter(([name]) => !OF_CONTROLLERS.includes(name));
  return { labels, annotations: Object.fromEntries(owners), ownerReferences, finalizers, spec: { ...spec, template } };
}

/** Waits until the status says that all is well. @returns where it tells another story than the workloads, in words */
export async function statusDifferences(site: RookSite): Promise<string[]> {
  const { rook, assignment, ports } = site;
  const { namespace } = rook;
  const found: string[] = [];
  const status = await assignment.waitForReason('Ready', 'PortsAssigned').catch(() => undefined);
  if (status === undefined) return [`${namespace} is not Ready: ${JSON.stringify(await whyNotReady(site))}`];
  if (!isDeepStrictEqual(status.ports, ports))
    found.push(`${namespace}: status.ports is ${JSON.stringify(status.ports)}`);
  if (status.conflicts !== undefined) found.push(`${namespace}: status.conflicts is there`);
  for (const slot of SLOTS) {
    const told = status.workloads.find((row) => row.slot === (slot satisfies Slot))?.currentPort;
    const { argument, containerPort } = await rook.ports(slot);
    if (told !== argument || argument !== containerPort || argument !== ports[slot]) {
      found.push(`${namespace} ${slot}: the status says ${told}, the workload ${argument} and ${containerPort}`);
    }
  }
  return found;
}

/** What the status says, and what the workloads' own say. */
async function whyNotReady({ rook, assignment }: RookSite): Promise<object> {
  const { conditions } = await assignment.status();
  const told = conditions.map(({ type, status, reason, message }) => ({ type, status, reason, message }));
  const workloads = await Promise.all(SLOTS.map((slot) => rook.workload(slot)));
  return { told, world: workloads.map(({ metadata, status }) => [metadata!.name, metadata!.generation, status]) };
}
