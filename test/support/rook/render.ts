import type { DaemonSet, Deployment } from './api-types.js';
import { cephfsNodePlugin } from './cephfs-node-plugin.js';
import { cephfsProvisioner } from './cephfs-provisioner.js';
import type { RookSettings } from './csi-parameters.js';
import { readCsiParameters } from './csi-parameters.js';
import type { CsiWorkload } from './names.js';
import { rbdNodePlugin } from './rbd-node-plugin.js';
import { rbdProvisioner } from './rbd-provisioner.js';

/**
 * The CSI workloads, keyed in the order in which Rook writes them in every pass: csi-rbdplugin, csi-rbdplugin-provisioner,
 * csi-cephfsplugin, csi-cephfsplugin-provisioner. So Object.values() is one pass.
 */
export type RookWorkloads = Readonly<
  Record<Extract<CsiWorkload, `${string}NodePlugin`>, DaemonSet> &
    Record<Extract<CsiWorkload, `${string}Provisioner`>, Deployment>
>;

/**
 * Renders the CSI workloads as Rook in legacy mode sends them, as bodies for POST and PUT: whole, for what goes through an
 * API server. test/unit/domain/raw-workload.ts has the few fields that the domain reads, also in forms that no Rook writes.
 *
 * Rook writes them by POST and, where the object exists, by PUT without resourceVersion: a full replacement that
 * wipes what others changed, labels and annotations included. It sends all of them in each pass, changed or not.
 *
 * @throws RookConfigError on a setting that makes Rook fail its whole pass, before the first write.
 */
export function renderRook(settings: RookSettings): RookWorkloads {
  const parameters = readCsiParameters(settings);
  return {
    rbdNodePlugin: rbdNodePlugin(parameters),
    rbdProvisioner: rbdProvisioner(parameters),
    cephfsNodePlugin: cephfsNodePlugin(parameters),
    cephfsProvisioner: cephfsProvisioner(parameters),
  };
}

/** In the order of a pass. */
export const CSI_WORKLOADS = Object.keys(
  renderRook({ namespace: 'rook-ceph', version: '1.17.9', config: {} }),
) as readonly CsiWorkload[];
