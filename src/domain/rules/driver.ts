/** The Driver objects of ceph-csi-operator. In a namespace with one, ceph-csi-operator renders CSI workloads of its own. */

import type { ObjectMeta } from './api.js';

export type Driver = ObjectMeta;

/**
 * The types whose pods carry a csi-addons sidecar: rbd, cephfs, and nvmeof since 0.6.0. The pods of an nfs driver never do
 * (0.2.0 to 1.0.4). ceph-csi-operator reads the type from the name of a Driver and rejects any other name.
 */
const WITH_SIDECAR = /^(.+\.)?(rbd|cephfs|nvmeof)\.csi\.ceph\.com$/;

/** Whether a Driver of this name stands for workloads with a csi-addons sidecar. */
export function hasSidecar(driverName: string): boolean {
  return WITH_SIDECAR.test(driverName);
}
