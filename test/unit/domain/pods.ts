/** Pods on the host network as the tests describe them. */
import type { HostNetworkPod, WorkloadId } from '../../../src/domain/rules/host-network-pods.js';
import { SLOT_SPECS, type Slot } from '../../../src/domain/rules/slots.js';

export interface PodOptions extends Partial<WorkloadId> {
  readonly container?: string;
  /** Undefined if no node is chosen yet. */
  readonly node?: string | undefined;
  readonly isScheduled?: boolean;
  readonly progress?: HostNetworkPod['progress'];
}

const NODE_AGENT = { namespace: 'default', kind: 'DaemonSet', name: 'node-agent', container: 'agent', node: 'node-1' };

/** A pod of DaemonSet default/node-agent unless the options say otherwise. */
export function podOn(ports: readonly number[], options: PodOptions = {}): HostNetworkPod {
  const { namespace, kind, name, container, node, progress } = { ...NODE_AGENT, ...options };
  return {
    namespace,
    name: `${name}-${node ?? 'pending'}`,
    uid: `uid-${namespace}-${name}-${node ?? 'pending'}`,
    resourceVersion: '1',
    workload: { namespace, kind, name },
    ...(node === undefined ? {} : { node }),
    isScheduled: options.isScheduled ?? node !== undefined,
    ports: ports.map((port) => ({ container, port })),
    ...(progress === undefined ? {} : { progress }),
  };
}

/** The pods of a slot, one on each of the nodes. */
export function podsOf(slot: Slot, nodes: readonly string[], port: number, namespace = 'rook-ceph'): HostNetworkPod[] {
  const { kind, workload: name } = SLOT_SPECS.find((slotSpec) => slotSpec.slot === slot)!;
  return nodes.map((node) => podOn([port], { namespace, kind, name, container: 'csi-addons', node }));
}

/** Pods of all three slots on each of the nodes. */
export function rookPods(namespace: string, nodes: readonly string[], port = 9070): HostNetworkPod[] {
  return SLOT_SPECS.flatMap(({ slot }) => podsOf(slot, nodes, port, namespace));
}
