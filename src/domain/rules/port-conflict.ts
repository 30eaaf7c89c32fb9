/** One host port that several containers take: who they are, and on which nodes. */
import type { PortConflict, PortHolder } from './api.js';
import { holderKey, type Holder } from './claims.js';
import type { HostNetworkPods } from './host-network-pods.js';

/** The schema's limit. */
const MAX_HOLDERS = 64;
/** How many nodes of a conflict are named. */
const MAX_NODES = 3;
/** As long as the API server lets them be; those of an owner reference it does not limit. */
const MAX_LABEL = 63;
const MAX_OBJECT_NAME = 253;

/** @param holders of whom any may be there twice */
export function conflictOf(port: number, holders: readonly Holder[], pods: HostNetworkPods | undefined): PortConflict {
  const byKey = new Map(holders.map((holder) => [holderKey(holder), holder]));
  const nodes = new Set<string>();
  for (const { node, isScheduled, workload, ports } of pods?.withPort(port) ?? []) {
    if (node === undefined || !isScheduled) continue;
    if (ports.some(({ container }) => byKey.has(holderKey({ ...workload, container })))) nodes.add(node);
  }
  return {
    port,
    holders: [...byKey.values()].slice(0, MAX_HOLDERS).map(bounded),
    ...(nodes.size === 0 ? {} : { nodes: [...nodes].sort().slice(0, MAX_NODES), nodeCount: nodes.size }),
  };
}

function bounded({ namespace, kind, name, container }: Holder): PortHolder {
  return {
    namespace,
    kind: kind.slice(0, MAX_LABEL),
    name: name.slice(0, MAX_OBJECT_NAME),
    container: container.slice(0, MAX_LABEL),
  };
}
