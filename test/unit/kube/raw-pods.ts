/** Pods on the host network as the API server sends them. */

export const CREATED = '2026-11-30T10:00:00Z';

export interface RawPodOptions {
  readonly name?: string;
  readonly namespace?: string;
  readonly metadata?: object;
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly spec?: object;
  readonly status?: object;
}

export const CSI_ADDONS = {
  name: 'csi-addons',
  image: 'quay.io/csiaddons/k8s-sidecar',
  args: ['--controller-port=9070'],
};
export const ON_NODE_1 = { nodeName: 'node-1' };

export function rawPod({
  name = 'pod-1',
  namespace = 'rook-ceph',
  owner,
  metadata,
  spec,
  status,
}: RawPodOptions): object {
  return {
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      resourceVersion: '7',
      creationTimestamp: CREATED,
      ...(owner === undefined ? {} : { ownerReferences: [{ apiVersion: 'apps/v1', controller: true, ...owner }] }),
      ...metadata,
    },
    spec: { hostNetwork: true, ...ON_NODE_1, containers: [CSI_ADDONS], ...spec },
    status: { phase: 'Running', ...status },
  };
}

/** A pod of the DaemonSet csi-rbdplugin. */
export function rawCsiPod(options: RawPodOptions = {}): object {
  return rawPod({ name: 'csi-rbdplugin-abcde', owner: { kind: 'DaemonSet', name: 'csi-rbdplugin' }, ...options });
}
