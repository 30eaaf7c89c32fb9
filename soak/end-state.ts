/** What the world is to look like when all is over: each object as its owner left it, but for its ports; the status, too. */
import { isDeepStrictEqual } from 'node:util';
import type { AssignmentStatus } from '../src/domain/rules/api.js';
import { SLOT_SPECS } from '../src/domain/rules/slots.js';
import type { AdminApi, KubeObject } from '../test/support/control-plane/admin-api.js';
import { waitFor } from '../test/support/control-plane/wait-for.js';
import type { DaemonSet, Deployment } from '../test/support/rook/api-types.js';
import { CONFLICT_CONFIG } from '../test/support/rook/operator.js';
import { CSI_ADDONS_CONTAINER } from '../test/support/rook/names.js';
import { CSI_WORKLOADS } from '../test/support/rook/render.js';
import { isRolledOut } from '../test/support/rook/installation.js';
import { SLOTS } from '../test/support/slots.js';
import type { RookSite } from './rook-site.js';

/** What the controllers write beside the owner. */
const OF_CONTROLLERS = ['deployment.kubernetes.io/revision', 'deprecated.daemonset.template.generation'];

/** @returns what differs, in words */
export async function alienChanges(api: AdminApi, { rook, settings }: RookSite): Promise<string[]> {
  const found: string[] = [];
  const rendered = rook.render();
  for (const name of CSI_WORKLOADS) {
    const path = rook.workloadPath(name);
    // With the defaults that the API server adds.
    const asRookHasIt = await api.replace<object>(`${path}?dryRun=All`, rendered[name]);
    const stored = await api.get(path);
    if (!isDeepStrictEqual(ownersPart(stored), ownersPart(asRookHasIt as Workload))) {
      found.push(`${rook.namespace}/${stored.metadata.name!} is not as Rook wrote it`);
    }
  }
  const keys = new Set<string>(SLOT_SPECS.map(({ configKey }) => configKey));
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

/**
 * Waits until the status says that all is well, or that a rollout goes on which does: on a busy machine pods may be long in
 * coming.
 *
 * @returns where it tells another story than the workloads, in words
 */
export async function statusDifferences(site: RookSite): Promise<string[]> {
  await site.assignment.waitForReason('Ready', 'PortsAssigned').catch(() => undefined);
  let found: string[] = [];
  // A rollout may end between the looks at the one and at the other.
  const agree = async (): Promise<boolean> => {
    const status = await site.assignment.status();
    found = [...(await readyDifferences(site, status)), ...(await portDifferences(site, status))];
    return found.length === 0;
  };
  await waitFor('the status to agree with the world', agree, { timeoutMs: 20_000, everyMs: 500 }).catch(
    () => undefined,
  );
  return found;
}

async function readyDifferences({ rook }: RookSite, { conditions, conflicts }: AssignmentStatus): Promise<string[]> {
  const workloads = await Promise.all(SLOTS.map((slot) => rook.workload(slot)));
  const isAtRest = workloads.every(isRolledOut);
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready?.reason === (isAtRest ? 'PortsAssigned' : 'RollingOut')) {
    return isAtRest && conflicts !== undefined ? [`${rook.namespace} tells of conflicts, and has none`] : [];
  }
  const world = workloads.map(({ metadata, status }) => [metadata!.name, metadata!.generation, status]);
  return [`${rook.namespace} says ${ready?.reason}: ${ready?.message}, but: ${JSON.stringify(world)}`];
}

async function portDifferences({ rook, ports }: RookSite, status: AssignmentStatus): Promise<string[]> {
  const found: string[] = [];
  for (const slot of SLOTS) {
    const row = status.workloads.find((one) => one.slot === slot);
    const { argument, containerPort } = await rook.ports(slot);
    const all = [status.ports[slot], row?.assignedPort, row?.currentPort, argument, containerPort];
    if (all.some((port) => port !== ports[slot])) {
      found.push(`${rook.namespace} ${slot}: wanted ${ports[slot]}; in status and workload it is ${all.join(', ')}`);
    }
  }
  return found;
}
