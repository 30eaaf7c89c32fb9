import type { DaemonSet, Deployment } from './api-types.js';
import { cephfsNodePlugin } from './cephfs-node-plugin.js';
import { cephfsProvisioner } from './cephfs-provisioner.js';
import type { RookSettings } from './csi-parameters.js';
import { readCsiParameters } from './csi-parameters.js';
import { rbdNodePlugin } from './rbd-node-plugin.js';
import { rbdProvisioner } from './rbd-provisioner.js';

/**
 * The four CSI workloads, keyed in the order in which Rook writes them in every pass: csi-rbdplugin,
 * csi-rbdplugin-provisioner, csi-cephfsplugin, csi-cephfsplugin-provisioner. So Object.values() is one pass.
 */
export type RookWorkloads = Readonly<
  Record<'rbdNodePlugin' | 'cephfsNodePlugin', DaemonSet> & Record<'rbdProvisioner' | 'cephfsProvisioner', Deployment>
>;

/**
 * Renders the CSI workloads as Rook in legacy mode sends them, as bodies for POST and PUT.
 *
 * Rook writes them by POST and, where the object exists, by PUT without resourceVersion: a full replacement that
 * wipes what others changed, labels and annotations included. It sends all four in each pass, changed or not.
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
