/** Which ports the pods of a workload take on their nodes, and which are taken by more than one workload. */
import { heldPorts } from './sidecar-port.js';
import { SIDECAR_CONTAINER } from './slots.js';
import type { HostPort, Workload } from './workload.js';

/** A port that pods of different workloads want on the same node. */
export interface SharedPort {
  readonly port: number;
  /** Two workloads or more, in the order given; a workload once for each container of it that takes the port. */
  readonly holders: readonly PortHolder[];
}

export interface PortHolder {
  readonly workload: Workload;
  readonly container: string;
}

const HIGHEST_PORT = 65535;

/** What a workload takes on each of its nodes: the sidecar's ports and the other containers'; on the pod network none. */
export function hostPorts({ hostNetwork, sidecar, otherPorts }: Workload): HostPort[] {
  if (!hostNetwork) return [];
  const held = sidecar === undefined ? [] : [...heldPorts(sidecar)];
  const own = held.map((port) => ({ container: SIDECAR_CONTAINER, port }));
  // 0 lets the kernel choose, and beyond the highest nothing listens.
  return [...own, ...otherPorts].filter(({ port }) => port > 0 && port <= HIGHEST_PORT);
}

/** The ports that two or more of these workloads take, lowest first. Two pods of one workload never share a node. */
export function sharedPorts(workloads: readonly Workload[]): SharedPort[] {
  const holders = new Map<number, PortHolder[]>();
  for (const workload of workloads) {
    for (const { port, container } of hostPorts(workload)) {
      const found = holders.get(port);
      if (found === undefined) holders.set(port, [{ workload, container }]);
      else found.push({ workload, container });
    }
  }
  return [...holders]
    .map(([port, found]) => ({ port, holders: found }))
    .filter(({ holders: found }) => workloadCount(found) > 1)
    .sort((a, b) => a.port - b.port);
}

/** A workload may hold a port with two of its containers; that is no affair between workloads. */
export function workloadCount(holders: readonly PortHolder[]): number {
  return new Set(holders.map(({ workload }) => workload)).size;
}
