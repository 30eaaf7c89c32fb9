/** The Rooks on the same nodes. Of two, the one with the older assignment keeps its ports, and the younger one makes way. */
import { assignPorts, type Assignment } from './assignment.js';
import type { Neighbour, Surroundings } from './claims.js';
import type { HostNetworkPods } from './host-network-pods.js';
import { byAge, isEnforced, type RookWorld } from './rook-world.js';

/**
 * The same for every namespace and in any order of them: ports are assigned from the oldest Rook to the youngest, each by
 * what the older ones are given.
 *
 * @param others of which some may share nodes with others alone: what these are given depends on them
 * @param pods where they cannot be listed, all of the others are taken to be on the same nodes
 */
export function surroundingsOf(
  world: RookWorld,
  others: readonly RookWorld[],
  pods: HostNetworkPods | undefined,
): Surroundings {
  const given = new Map<string, Assignment>();
  const all = [world, ...others].sort(byNamespace);
  const among = (one: RookWorld): Surroundings => {
    const shared = pods && new Set(pods.neighboursOf(one.namespace));
    const near = all.filter((other) => other !== one && (shared === undefined || shared.has(other.namespace)));
    return { pods, neighbours: near.map((other) => ({ ...other, ...standing(other, one, given) })) };
  };
  const older = others.filter((other) => isEnforced(other) && byAge(other, world) < 0).sort(byAge);
  for (const one of older) given.set(one.namespace, assignPorts(one, among(one)));
  return among(world);
}

/** Holders are reported in this order. */
function byNamespace(a: RookWorld, b: RookWorld): number {
  return a.namespace < b.namespace ? -1 : 1;
}

function standing(
  other: RookWorld,
  one: RookWorld,
  given: ReadonlyMap<string, Assignment>,
): Pick<Neighbour, 'rank' | 'ports' | 'staying'> {
  if (!isEnforced(other)) return { rank: 'Fixed', ports: {}, staying: {} };
  if (byAge(other, one) > 0) return { rank: 'Younger', ports: {}, staying: {} };
  const { ports = {}, staying = {} } = given.get(other.namespace) ?? {};
  return { rank: 'Older', ports, staying };
}
