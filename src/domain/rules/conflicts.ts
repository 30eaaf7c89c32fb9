/** Host ports that two of Rook's workloads take: pods of both cannot run on one node. */
import type { PortConflict } from './api.js';
import { heldPorts } from './sidecar-port.js';
import { SIDECAR_CONTAINER } from './slots.js';
import type { HostPort, Workload } from './workload.js';

export interface Conflicts {
  /** Among csi-addons sidecars alone: the operator ends these. */
  readonly sidecars: readonly PortConflict[];
  /** Those with another container in them: the liveness sidecars, which only the admin can part. */
  readonly liveness: readonly PortConflict[];
}

interface PortHolder {
  readonly workload: Workload;
  readonly container: string;
}

const MAX_PORT = 65535;
/** The schema's limit. */
const MAX_HOLDERS = 64;
/** As long as the API server lets one be. */
const MAX_CONTAINER_NAME = 63;

/** Lowest port first. What a Driver of ceph-csi-operator owns is left out. */
export function findConflicts(workloads: readonly Workload[]): Conflicts {
  const shared = [...holdersByPort(workloads.filter(({ driverOwned }) => !driverOwned))].sort(([a], [b]) => a - b);
  const conflicts = (choose: (holders: readonly PortHolder[]) => readonly PortHolder[]): PortConflict[] =>
    shared.flatMap(([port, holders]) => {
      const chosen = choose(holders);
      return workloadCount(chosen) < 2 ? [] : [{ port, holders: chosen.slice(0, MAX_HOLDERS).map(describeHolder) }];
    });
  return {
    sidecars: conflicts((holders) => holders.filter(isSidecar)),
    liveness: conflicts((holders) => (holders.every(isSidecar) ? [] : holders)),
  };
}

/** What a workload takes on each of its nodes: the sidecar's ports and those of the other containers. */
export function hostPorts({ hostNetwork, sidecar, otherPorts }: Workload): HostPort[] {
  if (!hostNetwork) return [];
  const held = sidecar === undefined ? [] : [...heldPorts(sidecar)];
  const own = held.map((port) => ({ container: SIDECAR_CONTAINER, port }));
  // 0 lets the kernel choose, and beyond the highest nothing listens.
  return [...own, ...otherPorts].filter(({ port }) => port > 0 && port <= MAX_PORT);
}

function holdersByPort(workloads: readonly Workload[]): Map<number, PortHolder[]> {
  const byPort = new Map<number, PortHolder[]>();
  for (const workload of workloads) {
    for (const { port, container } of hostPorts(workload)) {
      const holders = byPort.get(port);
      if (holders === undefined) byPort.set(port, [{ workload, container }]);
      else holders.push({ workload, container });
    }
  }
  return byPort;
}

/** Two pods of one workload never share a node, and two containers of one pod are no affair between workloads. */
function workloadCount(holders: readonly PortHolder[]): number {
  return new Set(holders.map(({ workload }) => workload)).size;
}

function isSidecar({ container }: PortHolder): boolean {
  return container === SIDECAR_CONTAINER;
}

function describeHolder({ workload: { kind, name }, container }: PortHolder): string {
  const note = container === SIDECAR_CONTAINER ? '' : ` (${container.slice(0, MAX_CONTAINER_NAME)})`;
  return `${kind} ${name}${note}`;
}
