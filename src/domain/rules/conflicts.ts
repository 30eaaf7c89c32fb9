/** Host ports that several containers take now: pods of both cannot run on one node. */
import type { PortConflict } from './api.js';
import {
  canMeet,
  claimsOn,
  holderKey,
  hostPorts,
  workloadsOf,
  type Claim,
  type Holder,
  type Neighbour,
  type Surroundings,
} from './claims.js';
import { isUpstreamWorkload } from './host-network-pods.js';
import { conflictOf } from './port-conflict.js';
import type { RookWorld } from './rook-world.js';
import { SIDECAR_CONTAINER } from './slots.js';
import { upstreamConflicts } from './upstream-conflicts.js';
import type { Workload } from './workload.js';

export interface Conflicts {
  /** With a csi-addons sidecar of Rook's in them: the operator ends these. */
  readonly sidecars: readonly PortConflict[];
  /** Among other containers of Rook's pods: the liveness sidecars, which only the admin can part. */
  readonly liveness: readonly PortConflict[];
  /** With pods of ceph-csi-operator, which only the admin can part. */
  readonly upstream: readonly PortConflict[];
}

interface OwnHolder {
  readonly workload: Workload;
  readonly container: string;
}

/** Lowest port first. What a Driver of ceph-csi-operator owns is upstream's. */
export function findConflicts(world: RookWorld, surroundings: Surroundings): Conflicts {
  const { pods } = surroundings;
  const shared = [...ownHolders(world)].sort(([a], [b]) => a - b);
  const found = shared.flatMap(([port, own]) => {
    const isSidecar = own.some(({ container }) => container === SIDECAR_CONTAINER);
    const strangers = strangersOn(port, own, world, surroundings).filter(({ holder }) => {
      // Of a liveness port these are upstream's conflict.
      return isSidecar || !isUpstreamWorkload(holder.name);
    });
    if (!isShared(own, strangers)) return [];
    const conflict = conflictOf(port, [...own.map(holderOf), ...strangers.map(({ holder }) => holder)], pods);
    return [{ conflict, isSidecar }];
  });
  return {
    sidecars: found.filter(({ isSidecar }) => isSidecar).map(({ conflict }) => conflict),
    liveness: found.filter(({ isSidecar }) => !isSidecar).map(({ conflict }) => conflict),
    upstream: pods === undefined ? [] : upstreamConflicts(world.namespace, pods),
  };
}

function ownHolders(world: RookWorld): Map<number, OwnHolder[]> {
  const byPort = new Map<number, OwnHolder[]>();
  for (const workload of workloadsOf(world).filter(({ driverOwned }) => !driverOwned)) {
    for (const { port, container } of hostPorts(workload)) {
      const holders = byPort.get(port);
      if (holders === undefined) byPort.set(port, [{ workload, container }]);
      else holders.push({ workload, container });
    }
  }
  return byPort;
}

/** Neighbours count by what they have now, whatever they are given. */
function strangersOn(
  port: number,
  own: readonly OwnHolder[],
  world: RookWorld,
  { pods, neighbours }: Surroundings,
): Claim[] {
  const asTheyAre = neighbours.map((neighbour): Neighbour => ({ ...neighbour, rank: 'Fixed' }));
  const known = new Set(own.map((holder) => holderKey(holderOf(holder))));
  return claimsOn(port, world, { pods, neighbours: asTheyAre }).filter((claim) => {
    // What Rook's settings announce is in the templates and the pods, where these can be seen.
    const isAnnounced = claim.nodes === undefined && claim.holder.namespace === world.namespace && pods !== undefined;
    return (
      !isAnnounced && !known.has(holderKey(claim.holder)) && own.some(({ workload }) => canMeet(claim, workload, pods))
    );
  });
}

/** Two pods of one workload never share a node; two containers of one pod always do, and only a sidecar can be moved. */
function isShared(own: readonly OwnHolder[], strangers: readonly Claim[]): boolean {
  const workloads = new Set(own.map(({ workload }) => workload)).size + strangers.length;
  return workloads > 1 || (own.length > 1 && own.some(({ container }) => container === SIDECAR_CONTAINER));
}

function holderOf({ workload: { namespace, kind, name }, container }: OwnHolder): Holder {
  return { namespace, kind, name, container };
}
