/** What Rook calls its objects, containers and settings in legacy mode (Rook itself renders the CSI workloads). */

/** Rook 1.13 to 1.19, operator manifest and Helm chart: the operator's Deployment, its container and its settings. */
export const ROOK_OPERATOR_DEPLOYMENT = 'rook-ceph-operator';
export const ROOK_OPERATOR_CONFIG = 'rook-ceph-operator-config';

/**
 * Rook 1.13 to 1.19, csi templates: the four CSI workloads, listed in the order Rook writes them
 * (each pass of a running 1.16.4 and 1.17.9 sent them so, one after the other).
 */
export const CSI_WORKLOAD_NAMES = {
  rbdNodePlugin: 'csi-rbdplugin',
  rbdProvisioner: 'csi-rbdplugin-provisioner',
  cephfsNodePlugin: 'csi-cephfsplugin',
  cephfsProvisioner: 'csi-cephfsplugin-provisioner',
} as const;

export type CsiWorkload = keyof typeof CSI_WORKLOAD_NAMES;

/** Rook 1.13 to 1.19, csi templates: all but the CephFS node plugin carry the csi-addons sidecar. */
export type CsiAddonsWorkload = Exclude<CsiWorkload, 'cephfsNodePlugin'>;

/** Rook 1.16.4 and 1.17.9, csi templates: the sidecars that can bind a port. */
export const CSI_ADDONS_CONTAINER = 'csi-addons';
export const LIVENESS_CONTAINER = 'liveness-prometheus';

/** Rook 1.16.4 (one default for all) and 1.17.9 (three defaults, all the same number), csi defaults. */
export const DEFAULT_CSI_ADDONS_PORT = 9070;

/** Rook 1.16.4 and 1.17.9, csi defaults: node plugin and provisioner of a driver share the number. */
export const DEFAULT_LIVENESS_PORTS = { rbd: 9080, cephfs: 9081 } as const;

/** Rook 1.16.4 and 1.17.9, operator settings; the two provisioner keys exist from 1.16.5 on. */
export const CSI_ADDONS_PORT_KEY = 'CSIADDONS_PORT';
export const RBD_PROVISIONER_PORT_KEY = 'CSIADDONS_RBD_PROVISIONER_PORT';
export const CEPHFS_PROVISIONER_PORT_KEY = 'CSIADDONS_CEPHFS_PROVISIONER_PORT';
