/** What differs between two versions of a pod on the host network. Equal parts are mostly the same object, see kube/interned.ts. */
import type { HostNetworkPod, PodProgress, PodTrouble, WorkloadId } from './host-network-pods.js';
import type { HostPort } from './workload.js';

/** Whether two versions of a pod differ in nothing that is kept, but for the version itself. */
export function isSamePod(a: HostNetworkPod, b: HostNetworkPod): boolean {
  return hasSameClaims(a, b) && isSameProgress(a.progress, b.progress);
}

/** Whether they take the same ports, in the same place, for the same workload. */
export function hasSameClaims(a: HostNetworkPod, b: HostNetworkPod): boolean {
  if (a.node !== b.node || a.isScheduled !== b.isScheduled) return false;
  return isSameWorkload(a.workload, b.workload) && hasSamePorts(a.ports, b.ports);
}

function isSameWorkload(a: WorkloadId, b: WorkloadId): boolean {
  return a === b || (a.namespace === b.namespace && a.kind === b.kind && a.name === b.name);
}

function hasSamePorts(a: readonly HostPort[], b: readonly HostPort[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return a.every(({ container, port }, at) => b[at]?.container === container && b[at].port === port);
}

function isSameProgress(a: PodProgress | undefined, b: PodProgress | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.changedAt === b.changedAt && a.deletesAt === b.deletesAt && isSameTrouble(a.trouble, b.trouble);
}

function isSameTrouble(a: PodTrouble | undefined, b: PodTrouble | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.reason !== b.reason || a.message !== b.message || a.lacksPort !== b.lacksPort) return false;
  return a.container === b.container && a.runsSince === b.runsSince;
}
