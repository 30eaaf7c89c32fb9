/** Which namespaces a change of a pod on the host network concerns. */
import { hostPorts, workloadsOf } from '../domain/rules/claims.js';
import {
  isSlotWorkload,
  isWithoutPort,
  type HostNetworkPod,
  type HostNetworkPods,
} from '../domain/rules/host-network-pods.js';
import { hasSameClaims } from '../domain/rules/pod-changes.js';
import { userKeys } from '../domain/rules/rook-config.js';
import type { RookWorld } from '../domain/rules/rook-world.js';
import { POOL } from '../domain/rules/slots.js';

/** What is known while a pod changes. */
export interface Known {
  readonly pods: HostNetworkPods;
  /** Of each namespace with an assignment. */
  assigned(): readonly RookWorld[];
  isAssigned(namespace: string): boolean;
  /** The namespace, those whose Rooks share nodes with it, and those that share nodes with these in turn. */
  near(namespace: string): readonly string[];
}

/** Any Rook may be moved to one of these. */
const SHARED: ReadonlySet<number> = new Set(POOL);

/**
 * Of the namespaces with an assignment the pod's own and, where the claims have changed, also those that they touch. A pod of a slot: Rooks on its nodes.
 * Any other pod: each Rook that may be given its port, holds it or is asked for it.
 *
 * @param changed the pod before the change and after it
 */
export function keysOfPods(namespace: string, changed: readonly HostNetworkPod[], known: Known): string[] {
  const concerned = haveClaimsChanged(changed) ? concernedByClaims(changed, known) : [];
  return [...new Set([namespace, ...concerned])].filter((one) => known.isAssigned(one));
}

function concernedByClaims(changed: readonly HostNetworkPod[], known: Known): string[] {
  const ports = changed.flatMap((pod) => pod.ports.map(({ port }) => port));
  const isOfSlot = changed.some(({ workload }) => isSlotWorkload(workload));
  if (isOfSlot) return concernedBySlot(changed, ports, known);
  const worlds = known.assigned();
  const isForAll = ports.some((port) => SHARED.has(port));
  const touched = isForAll ? worlds : worlds.filter((world) => touches(ports, world));
  return [...touched.map(({ namespace }) => namespace), ...known.pods.upstreamNamespacesWith(ports)];
}

function haveClaimsChanged([before, after]: readonly HostNetworkPod[]): boolean {
  if (before === undefined || after === undefined) return true;
  // What keeps a pod off is told of who holds the port, in another namespace, too.
  return !hasSameClaims(before, after) || isWithoutPort(before) !== isWithoutPort(after);
}

function concernedBySlot(changed: readonly HostNetworkPod[], ports: readonly number[], known: Known): string[] {
  const beside = changed.flatMap((pod) => known.pods.namespacesBeside(pod));
  const near = [...new Set(beside)].flatMap((one) => known.near(one));
  return [...beside, ...near, ...known.pods.upstreamNamespacesWith(ports)];
}

function touches(ports: readonly number[], world: RookWorld): boolean {
  const { assignment, rookConfig, rookOperator } = world;
  const wanted = [...Object.values(assignment?.spec.ports ?? {}), ...Object.values(userKeys(rookConfig, rookOperator))];
  if (wanted.some((port) => ports.includes(port))) return true;
  return workloadsOf(world).some((workload) => hostPorts(workload).some(({ port }) => ports.includes(port)));
}
