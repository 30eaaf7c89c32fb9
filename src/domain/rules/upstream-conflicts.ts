/**
 * Host ports that pods of ceph-csi-operator take or wait for, and others take, too. Read from the pods as they are now, so a
 * conflict ends when they run. The operator moves nothing here: only the admin can part these.
 */
import type { PortConflict } from './api.js';
import type { Holder } from './claims.js';
import {
  isCsiWorkload,
  isUpstreamWorkload,
  isWithoutPort,
  type HostNetworkPod,
  type HostNetworkPods,
} from './host-network-pods.js';
import { conflictOf } from './port-conflict.js';
import { LIVENESS_CONTAINER } from './workload.js';

/** A container of a pod that has the port. */
interface Taker {
  readonly pod: HostNetworkPod;
  readonly holder: Holder;
}

/**
 * Lowest port first. Of two namespaces' pods, also those of another namespace's Driver that the pods of this Rook, whoever
 * renders them, keep off.
 */
export function upstreamConflicts(namespace: string, pods: HostNetworkPods): PortConflict[] {
  const ports = new Set<number>();
  for (const pod of pods.csiPodsIn(namespace)) for (const { port } of pod.ports) ports.add(port);
  return [...ports]
    .sort((a, b) => a - b)
    .flatMap((port) => {
      const takers = [...pods.withPort(port)].flatMap((pod) => takersIn(pod, port));
      if (!takers.some(isUpstreams)) return [];
      const contenders = [...onOneNode(takers, namespace), ...keptOff(takers, namespace)];
      return contenders.length === 0
        ? []
        : [
            conflictOf(
              port,
              contenders.map(({ holder }) => holder),
              pods,
            ),
          ];
    });
}

function takersIn(pod: HostNetworkPod, port: number): Taker[] {
  const { namespace, kind, name } = pod.workload;
  const containers = pod.ports.filter((taken) => taken.port === port).map(({ container }) => container);
  return containers.map((container) => ({ pod, holder: { namespace, kind, name, container } }));
}

function isUpstreams({ holder: { name } }: Taker): boolean {
  return isUpstreamWorkload(name);
}

function isRooksIn(namespace: string, { holder }: Taker): boolean {
  return holder.namespace === namespace && isCsiWorkload(holder.name);
}

/** All takers of each node where there is more than one, of ceph-csi-operator one and of this Rook one, which may be the same. */
function onOneNode(takers: readonly Taker[], namespace: string): Taker[] {
  const byNode = new Map<string, Taker[]>();
  for (const taker of takers) {
    const { node, isScheduled } = taker.pod;
    if (node === undefined || !isScheduled) continue;
    const others = byNode.get(node);
    if (others === undefined) byNode.set(node, [taker]);
    else others.push(taker);
  }
  const isConflict = (onNode: readonly Taker[]): boolean =>
    onNode.length > 1 && onNode.some(isUpstreams) && onNode.some((taker) => isRooksIn(namespace, taker));
  return [...byNode.values()].filter(isConflict).flat();
}

/** Pods that are not scheduled for want of the port, with those that have it. A pod of the same workload is no rival. */
function keptOff(takers: readonly Taker[], namespace: string): Taker[] {
  const declared = takers.filter(isDeclared);
  const scheduled = declared.filter(({ pod }) => pod.isScheduled);
  return declared
    .filter((taker) => isUpstreams(taker) && isWithoutPort(taker.pod))
    .flatMap((taker) => {
      const isOwn = taker.holder.namespace === namespace;
      const rivals = scheduled.filter((rival) => isRival(taker, rival) && (isOwn || isRooksIn(namespace, rival)));
      return rivals.length === 0 ? [] : [taker, ...rivals];
    });
}

/** The scheduler looks at declared ports alone, and the port of a liveness container is not. */
function isDeclared({ holder: { container } }: Taker): boolean {
  return container !== LIVENESS_CONTAINER;
}

/** A pod of a DaemonSet is wanted on one node alone. */
function isRival({ pod, holder }: Taker, rival: Taker): boolean {
  const isSameWorkload =
    holder.namespace === rival.holder.namespace &&
    holder.kind === rival.holder.kind &&
    holder.name === rival.holder.name;
  return !isSameWorkload && (pod.node === undefined || pod.node === rival.pod.node);
}
