/** Which namespaces a change of a pod on the host network concerns. */
import { hostPorts, workloadsOf } from '../domain/rules/claims.js';
import { isSlotWorkload, type HostNetworkPod } from '../domain/rules/host-network-pods.js';
import { hasSameClaims } from '../domain/rules/pod-changes.js';
import { userKeys } from '../domain/rules/rook-config.js';
import type { RookWorld } from '../domain/rules/rook-world.js';
import { POOL } from '../domain/rules/slots.js';
import { isWithoutPort } from '../domain/rules/upstream-conflicts.js';

/** Any Rook may be moved to one of these. */
const SHARED: ReadonlySet<number> = new Set(POOL);

/**
 * The pod's own namespace, if it has an assignment. Where the claims have changed, also each namespace with an assignment
 * that they touch: a port that it may be given, holds or is asked for, or a slot of another Rook, which may share its nodes.
 *
 * @param pods the pod before the change and after it
 */
export function keysOfPods(
  namespace: string,
  pods: readonly HostNetworkPod[],
  assigned: () => readonly RookWorld[],
): string[] {
  const worlds = assigned();
  const ports = claimsChanged(pods) ? pods.flatMap((pod) => pod.ports.map(({ port }) => port)) : undefined;
  const isOfSlot = pods.some(({ workload }) => isSlotWorkload(workload));
  const isForAll = ports !== undefined && (isOfSlot || ports.some((port) => SHARED.has(port)));
  const isConcerned = (world: RookWorld): boolean =>
    world.namespace === namespace || isForAll || (ports !== undefined && touches(ports, world));
  return worlds.filter(isConcerned).map((world) => world.namespace);
}

function claimsChanged([before, after]: readonly HostNetworkPod[]): boolean {
  if (before === undefined || after === undefined) return true;
  // What keeps a pod off is told of who holds the port, in another namespace, too.
  return !hasSameClaims(before, after) || isWithoutPort(before) !== isWithoutPort(after);
}

function touches(ports: readonly number[], world: RookWorld): boolean {
  const { assignment, rookConfig, rookOperator } = world;
  const wanted = [...Object.values(assignment?.spec.ports ?? {}), ...Object.values(userKeys(rookConfig, rookOperator))];
  if (wanted.some((port) => ports.includes(port))) return true;
  return workloadsOf(world).some((workload) => hostPorts(workload).some(({ port }) => ports.includes(port)));
}
