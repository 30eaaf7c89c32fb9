/** What Rook calls its objects, containers and settings in legacy mode (Rook itself renders the CSI workloads). */
import { forEachSlot, type Slot } from '../../../src/domain/rules/slots.js';

/** Rook 1.13 to 1.19, operator manifest and Helm chart: the operator's Deployment, its container and its settings. */
export const ROOK_OPERATOR_DEPLOYMENT = 'rook-ceph-operator';
export const ROOK_OPERATOR_CONFIG = 'rook-ceph-operator-config';

/** Rook 1.13 to 1.19, csi templates: all but the CephFS node plugin carry the csi-addons sidecar, so all others fill a slot. */
export type CsiAddonsWorkload = Slot;
export type CsiWorkload = CsiAddonsWorkload | 'cephfsNodePlugin';

export const CSI_WORKLOAD_NAMES: Readonly<Record<CsiWorkload, string>> = {
  ...forEachSlot(({ workload }) => workload),
  cephfsNodePlugin: 'csi-cephfsplugin',
};

/** Rook 1.16.4 and 1.17.9, csi templates: the sidecars that can bind a port. */
export const CSI_ADDONS_CONTAINER = 'csi-addons';
export const LIVENESS_CONTAINER = 'liveness-prometheus';

/** Rook 1.16.4 (one default for all) and 1.17.9 (a default for each, all the same number), csi defaults. */
export const DEFAULT_CSI_ADDONS_PORT = 9070;

/** Rook 1.16.4 and 1.17.9, csi defaults: node plugin and provisioner of a driver share the number. */
export const DEFAULT_LIVENESS_PORTS = { rbd: 9080, cephfs: 9081 } as const;

/** Rook up to 1.16.4, operator settings: the one key, which moves every csi-addons sidecar. */
export const CSI_ADDONS_PORT_KEY = 'CSIADDONS_PORT';
