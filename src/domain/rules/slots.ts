/**
 * Which workload fills which slot, its default port, and the key of rook-ceph-operator-config by which Rook renders it.
 *
 * These three are the only workloads of Rook that carry a csi-addons sidecar (Rook 1.13 to 1.19, CSI templates); the
 * csi-cephfsplugin DaemonSet and the nfs workloads never do.
 */
export type Slot = 'rbdProvisioner' | 'cephfsProvisioner' | 'rbdNodePlugin';
export type WorkloadKind = 'Deployment' | 'DaemonSet';
export type ConfigKey = 'CSIADDONS_RBD_PROVISIONER_PORT' | 'CSIADDONS_CEPHFS_PROVISIONER_PORT' | 'CSIADDONS_PORT';

export interface SlotSpec {
  readonly slot: Slot;
  readonly kind: WorkloadKind;
  readonly workload: string;
  readonly defaultPort: number;
  /** Rook 1.16.5 and later read all three keys; 1.15.2 to 1.16.4 read CSIADDONS_PORT alone, for all three workloads. */
  readonly configKey: ConfigKey;
  /** The value of the rook-ceph chart that sets the key (1.16.5 and later; up to 1.16.4 csi.csiAddonsPort alone). */
  readonly helmValue: string;
}

export const SLOT_SPECS: readonly SlotSpec[] = [
  {
    slot: 'rbdProvisioner',
    kind: 'Deployment',
    workload: 'csi-rbdplugin-provisioner',
    defaultPort: 9070,
    configKey: 'CSIADDONS_RBD_PROVISIONER_PORT',
    helmValue: 'csi.csiAddonsRBDProvisionerPort',
  },
  {
    slot: 'cephfsProvisioner',
    kind: 'Deployment',
    workload: 'csi-cephfsplugin-provisioner',
    defaultPort: 9071,
    configKey: 'CSIADDONS_CEPHFS_PROVISIONER_PORT',
    helmValue: 'csi.csiAddonsCephFSProvisionerPort',
  },
  {
    slot: 'rbdNodePlugin',
    kind: 'DaemonSet',
    workload: 'csi-rbdplugin',
    defaultPort: 9072,
    configKey: 'CSIADDONS_PORT',
    helmValue: 'csi.csiAddonsPort',
  },
];

/** Container of the csi-addons sidecar in each of the three workloads. */
export const SIDECAR_CONTAINER = 'csi-addons';

const MIN_PORT = 1024;
const MAX_PORT = 65535;
/** Rook's liveness sidecars bind these on the host network (CSI_ENABLE_LIVENESS, all versions). */
const LIVENESS_PORTS: readonly number[] = [9080, 9081];

/** Whether something can listen on `port`: 0 lets the kernel choose, and beyond the highest nothing listens. */
export function isListenable(port: number): boolean {
  return port > 0 && port <= MAX_PORT;
}

/** Whether a sidecar may be put on `port`: an integer, not privileged, not one of Rook's liveness ports. */
export function isAssignable(port: number): boolean {
  return Number.isInteger(port) && port >= MIN_PORT && port <= MAX_PORT && !LIVENESS_PORTS.includes(port);
}

/**
 * Where a slot goes that has neither a port of its own nor a free default: 9070 to 9099, which lie in the range that
 * OpenShift opens between nodes (9000 to 9999), and of which Rook's liveness sidecars take two.
 */
export const POOL: readonly number[] = Array.from({ length: 30 }, (_, offset) => 9070 + offset).filter(isAssignable);

/** A record with one value for every slot. */
export function forEachSlot<T>(value: (slotSpec: SlotSpec) => T): Record<Slot, T> {
  return Object.fromEntries(SLOT_SPECS.map((slotSpec) => [slotSpec.slot, value(slotSpec)])) as Record<Slot, T>;
}
