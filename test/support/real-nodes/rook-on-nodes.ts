/** A Rook whose CSI pods run for real: containers with upstream's names, the csi-addons sidecar its own. */
import { RookInstallation } from '../rook/installation.js';
import type { RookVersion } from '../rook/release.js';
import type { RealCluster } from './real-cluster.js';
import { installRookPrerequisites } from './rook-prerequisites.js';

export const ROOK_VERSION: RookVersion = '1.17.9';
export const ROOK_NAMESPACE = 'rook-ceph';

/** With the conflict, and a rook-ceph-operator that is alive and does nothing. */
export async function installRook({ controlPlane }: RealCluster): Promise<RookInstallation> {
  await installRookPrerequisites(controlPlane, ROOK_NAMESPACE);
  return RookInstallation.install(controlPlane, { namespace: ROOK_NAMESPACE, version: ROOK_VERSION, alive: true });
}
