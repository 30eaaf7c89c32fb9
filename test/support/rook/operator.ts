import type { ConfigMap, Container, Deployment } from './api-types.js';
import { ROOK_OPERATOR_CONFIG, ROOK_OPERATOR_DEPLOYMENT } from './names.js';

export interface RookOperatorOptions {
  readonly namespace: string;
  /** version: any Rook version, without the `v`; it need not be one that the workloads can be rendered for. */
  readonly version: string;
  /** image: instead of rook/ceph with the version's tag, such as a mirror's or one pinned by digest. */
  readonly image?: string;
  /** helm: whether the Helm chart of the version installed it, which labels the Deployment and its pods. */
  readonly helm?: boolean;
  /** replicas: default 1; the chart's scaleDownOperator and maintenance make it 0. */
  readonly replicas?: number;
}

/** The Rook operator's own Deployment as Rook's manifest (or chart) creates it. */
export function rookOperatorDeployment(options: RookOperatorOptions): Deployment {
  const { namespace, version, image = `rook/ceph:v${version}`, helm = false, replicas = 1 } = options;
  // A label value takes no `+`: the chart writes `_` for it.
  const chart = helm ? { 'helm.sh/chart': `rook-ceph-v${version}`.replace('+', '_') } : {};
  const app = { app: ROOK_OPERATOR_DEPLOYMENT };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: ROOK_OPERATOR_DEPLOYMENT,
      namespace,
      labels: { operator: 'rook', 'storage-backend': 'ceph', ...chart },
    },
    spec: {
      replicas,
      selector: { matchLabels: app },
      strategy: { type: 'Recreate' },
      template: {
        metadata: { labels: { ...app, ...chart } },
        spec: {
          serviceAccountName: 'rook-ceph-system',
          containers: [operatorContainer(image)],
          volumes: [
            { name: 'rook-config', emptyDir: {} },
            { name: 'default-config-dir', emptyDir: {} },
          ],
        },
      },
    },
  };
}

function operatorContainer(image: string): Container {
  return {
    name: ROOK_OPERATOR_DEPLOYMENT,
    image,
    args: ['ceph', 'operator'],
    env: [
      { name: 'ROOK_CURRENT_NAMESPACE_ONLY', value: 'false' },
      { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
    ],
    volumeMounts: [
      { name: 'rook-config', mountPath: '/var/lib/rook' },
      { name: 'default-config-dir', mountPath: '/etc/ceph' },
    ],
  };
}

/**
 * The settings of a cluster that has the port conflict: those of the operator manifest of Rook 1.16 and 1.17, with
 * ROOK_ENFORCE_HOST_NETWORK and CSI_ENABLE_CSIADDONS, shipped as "false", switched on. The manifest sets no port key.
 */
export const CONFLICT_CONFIG: Readonly<Record<string, string>> = {
  CSI_CEPHFS_ATTACH_REQUIRED: 'true',
  CSI_CEPHFS_FSGROUPPOLICY: 'File',
  CSI_ENABLE_CEPHFS_SNAPSHOTTER: 'true',
  CSI_ENABLE_CSIADDONS: 'true',
  CSI_ENABLE_ENCRYPTION: 'false',
  CSI_ENABLE_LIVENESS: 'false',
  CSI_ENABLE_NFS_SNAPSHOTTER: 'true',
  CSI_ENABLE_RBD_SNAPSHOTTER: 'true',
  CSI_ENABLE_TOPOLOGY: 'false',
  CSI_ENABLE_VOLUME_GROUP_SNAPSHOT: 'true',
  CSI_FORCE_CEPHFS_KERNEL_CLIENT: 'true',
  CSI_GRPC_TIMEOUT_SECONDS: '150',
  CSI_NFS_ATTACH_REQUIRED: 'true',
  CSI_NFS_FSGROUPPOLICY: 'File',
  CSI_PLUGIN_ENABLE_SELINUX_HOST_MOUNT: 'false',
  CSI_PLUGIN_PRIORITY_CLASSNAME: 'system-node-critical',
  CSI_PROVISIONER_PRIORITY_CLASSNAME: 'system-cluster-critical',
  CSI_PROVISIONER_REPLICAS: '2',
  CSI_RBD_ATTACH_REQUIRED: 'true',
  CSI_RBD_FSGROUPPOLICY: 'File',
  ROOK_CEPH_ALLOW_LOOP_DEVICES: 'false',
  ROOK_CEPH_COMMANDS_TIMEOUT_SECONDS: '15',
  ROOK_CSI_DISABLE_DRIVER: 'false',
  ROOK_CSI_ENABLE_CEPHFS: 'true',
  ROOK_CSI_ENABLE_NFS: 'false',
  ROOK_CSI_ENABLE_RBD: 'true',
  ROOK_DISABLE_DEVICE_HOTPLUG: 'false',
  ROOK_DISCOVER_DEVICES_INTERVAL: '60m',
  ROOK_ENABLE_DISCOVERY_DAEMON: 'false',
  ROOK_ENFORCE_HOST_NETWORK: 'true',
  ROOK_LOG_LEVEL: 'INFO',
  ROOK_OBC_WATCH_OPERATOR_NAMESPACE: 'true',
  ROOK_OPERATOR_METRICS_BIND_ADDRESS: '0',
  ROOK_USE_CSI_OPERATOR: 'false',
  ROOK_WATCH_FOR_NODE_FAILURE: 'true',
};

export interface RookOperatorConfigOptions {
  readonly namespace: string;
  /** data: settings over those of CONFLICT_CONFIG. */
  readonly data?: Readonly<Record<string, string>>;
}

/** The ConfigMap that Rook reads its settings from and that Rook itself never writes. */
export function rookOperatorConfig(options: RookOperatorConfigOptions): ConfigMap {
  const { namespace, data } = options;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: ROOK_OPERATOR_CONFIG, namespace },
    data: { ...CONFLICT_CONFIG, ...data },
  };
}
