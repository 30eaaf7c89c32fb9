/**
 * The workloads that ceph-csi-operator renders. It writes them back within seconds of any other hand's change (a change
 * of their spec moves the generation that it watches), so they are only ever observed.
 */
import type { WorkloadKind } from './slots.js';

export interface UpstreamName {
  readonly kind: WorkloadKind;
  readonly name: string;
}

/** A Driver object, of which ceph-csi-operator makes the workloads. */
export interface Driver {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** The drivers whose pods carry a csi-addons sidecar (nvmeof since 0.6.0); the nfs driver's never do (0.2.0 to 1.0.4). */
const DRIVER_TYPES = ['rbd', 'cephfs', 'nvmeof'];
/** How ceph-csi-operator reads the type from a Driver's name; it rejects any other name. */
const DRIVER_NAME = new RegExp(`^(.+\\.)?(${DRIVER_TYPES.join('|')})\\.csi\\.ceph\\.com$`);

/** The names that Rook gives its Driver objects, and with them the drivers: its own namespace comes first (1.15 to 1.20). */
export function defaultDrivers(namespace: string): string[] {
  return DRIVER_TYPES.map((type) => `${namespace}.${type}.csi.ceph.com`);
}

/** Whether a Driver object of this name stands for workloads with a csi-addons sidecar. */
export function isObservedDriver(name: string): boolean {
  return DRIVER_NAME.test(name);
}

/**
 * What ceph-csi-operator renders for a driver: these names in all versions from 0.2.0 to 1.0.4, the node plugin's
 * csi-addons in a DaemonSet of its own since 0.4.0.
 */
export function upstreamWorkloads(driver: string): UpstreamName[] {
  return [
    { kind: 'Deployment', name: `${driver}-ctrlplugin` },
    { kind: 'DaemonSet', name: `${driver}-nodeplugin` },
    { kind: 'DaemonSet', name: `${driver}-nodeplugin-csi-addons` },
  ];
}
