/** The Driver objects of ceph-csi-operator. In a namespace with one, ceph-csi-operator renders CSI workloads of its own. */

import type { ObjectMeta } from './api.js';
import type { WorkloadId } from './host-network-pods.js';

export interface Driver extends ObjectMeta {
  /** RFC 3339. */
  readonly creationTimestamp: string;
}

/** The types whose pods carry a csi-addons sidecar: nvmeof since 0.6.0. The pods of an nfs driver never do (0.2.0 to 1.0.4). */
export type DriverType = 'rbd' | 'cephfs' | 'nvmeof';

/** ceph-csi-operator reads the type from the name of a Driver and rejects any other name. */
const WITH_SIDECAR = /^(?:.+\.)?(rbd|cephfs|nvmeof)\.csi\.ceph\.com$/;

/** Undefined for a Driver whose pods carry no csi-addons sidecar. */
export function driverType(driverName: string): DriverType | undefined {
  return WITH_SIDECAR.exec(driverName)?.[1] as DriverType | undefined;
}

/** Whether a Driver of this name stands for workloads with a csi-addons sidecar. */
export function hasSidecar(driverName: string): boolean {
  return driverType(driverName) !== undefined;
}

/** Which is on the host network if the Driver says so. */
export function controllerPluginOf({ namespace, name }: Pick<Driver, 'namespace' | 'name'>): WorkloadId {
  return { namespace, kind: 'Deployment', name: `${name}-ctrlplugin` };
}

/** Which is always on the host network. */
export function nodePluginOf({ namespace, name }: Pick<Driver, 'namespace' | 'name'>): WorkloadId {
  return { namespace, kind: 'DaemonSet', name: `${name}-nodeplugin` };
}

/** The Driver of a workload of ceph-csi-operator, by its name; undefined for any other workload. */
export function driverOfWorkload(workloadName: string): string | undefined {
  return /^(.+\.csi\.ceph\.com)-(?:ctrl|node)plugin(?:-csi-addons)?$/.exec(workloadName)?.[1];
}
