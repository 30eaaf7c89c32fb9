/** Drivers of ceph-csi-operator, and the pods of their workloads, as the tests describe them. */
import type { Driver } from '../../../src/domain/rules/driver.js';
import type { HostNetworkPod, PodProgress } from '../../../src/domain/rules/host-network-pods.js';
import { podOn } from './pods.js';

/** Older than it needs to be. */
export function driver(type: string, { namespace = 'rook-ceph', created = '2026-11-01T00:00:00Z' } = {}): Driver {
  const name = `${namespace}.${type}.csi.ceph.com`;
  return { namespace, name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: created };
}

/** What the scheduler says of a pod for whose ports there is no node. */
export const NO_FREE_PORTS: PodProgress = {
  changedAt: 0,
  trouble: {
    reason: 'Unschedulable',
    message: "0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports.",
    lacksPort: true,
  },
};

export interface PluginPod {
  readonly type: 'rbd' | 'cephfs' | 'nvmeof';
  readonly part: 'ctrlplugin' | 'nodeplugin';
  readonly namespace?: string;
  /** Undefined while the scheduler finds none for want of free ports. */
  readonly node: string | undefined;
  readonly csiAddons?: number;
  readonly liveness?: number;
}

/** A pod on the host network. */
export function pluginPod({
  type,
  part,
  namespace = 'rook-ceph',
  node,
  csiAddons,
  liveness,
}: PluginPod): HostNetworkPod {
  const pod = podOn([], {
    namespace,
    kind: part === 'ctrlplugin' ? 'Deployment' : 'DaemonSet',
    name: `${namespace}.${type}.csi.ceph.com-${part}`,
    node,
    ...(node === undefined ? { progress: NO_FREE_PORTS } : { progress: { changedAt: 0 } }),
  });
  return {
    ...pod,
    ports: [
      ...(csiAddons === undefined ? [] : [{ container: 'csi-addons', port: csiAddons }]),
      ...(liveness === undefined ? [] : [{ container: 'liveness-prometheus', port: liveness }]),
    ],
  };
}
