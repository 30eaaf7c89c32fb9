import { forEachSlot } from '../../../src/domain/rules/slots.js';
import type { CsiAddonsWorkload } from './names.js';
import { CSI_ADDONS_PORT_KEY } from './names.js';

export type RookVersion = '1.16.4' | '1.17.9' | '1.19.10';

/** Everything in which the rendering of one Rook release differs from that of another. */
export interface RookRelease {
  readonly images: Readonly<Record<CsiImage, string>>;
  /** csiAddonsPortKeys: the operator setting that a workload's csi-addons port is read from. */
  readonly csiAddonsPortKeys: Readonly<Record<CsiAddonsWorkload, string>>;
  /** keepsDeletedSettings: a deleted setting keeps its last value until the program restarts; docs/maintainer/rook.md, How it reads a key. */
  readonly keepsDeletedSettings: boolean;
  /** metadataByDefault: whether an absent CSI_ENABLE_METADATA means `--setmetadata=true`. */
  readonly metadataByDefault: boolean;
  /** namesCrossNamespaceGate: whether csi-provisioner is told the CrossNamespaceVolumeDataSource gate. */
  readonly namesCrossNamespaceGate: boolean;
}

/** From 1.16.5 on each workload has a key of its own. */
const KEY_EACH: RookRelease['csiAddonsPortKeys'] = forEachSlot(({ configKey }) => configKey);

type CsiImage = 'cephCsi' | 'registrar' | 'provisioner' | 'attacher' | 'snapshotter' | 'resizer' | 'csiAddons';

export const ROOK_RELEASES: Readonly<Record<RookVersion, RookRelease>> = {
  '1.16.4': {
    images: {
      cephCsi: 'quay.io/cephcsi/cephcsi:v3.13.0',
      registrar: 'registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.13.0',
      provisioner: 'registry.k8s.io/sig-storage/csi-provisioner:v5.1.0',
      attacher: 'registry.k8s.io/sig-storage/csi-attacher:v4.8.0',
      snapshotter: 'registry.k8s.io/sig-storage/csi-snapshotter:v8.2.0',
      resizer: 'registry.k8s.io/sig-storage/csi-resizer:v1.13.1',
      csiAddons: 'quay.io/csiaddons/k8s-sidecar:v0.11.0',
    },
    // Up to 1.16.4 one key moves all workloads, so no setting can part them.
    csiAddonsPortKeys: forEachSlot(() => CSI_ADDONS_PORT_KEY),
    keepsDeletedSettings: false,
    metadataByDefault: false,
    namesCrossNamespaceGate: false,
  },
  '1.17.9': {
    images: {
      cephCsi: 'quay.io/cephcsi/cephcsi:v3.14.2',
      registrar: 'registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.13.0',
      provisioner: 'registry.k8s.io/sig-storage/csi-provisioner:v5.2.0',
      attacher: 'registry.k8s.io/sig-storage/csi-attacher:v4.8.1',
      snapshotter: 'registry.k8s.io/sig-storage/csi-snapshotter:v8.2.1',
      resizer: 'registry.k8s.io/sig-storage/csi-resizer:v1.13.2',
      csiAddons: 'quay.io/csiaddons/k8s-sidecar:v0.12.0',
    },
    csiAddonsPortKeys: KEY_EACH,
    keepsDeletedSettings: true,
    metadataByDefault: true,
    namesCrossNamespaceGate: true,
  },
  '1.19.10': {
    // The sidecar is the one that 1.19.10 ran with. The others are those of 1.19.6, the nearest release whose list was
    // to be had; the arguments are taken to be those of 1.17.9.
    images: {
      cephCsi: 'quay.io/cephcsi/cephcsi:v3.16.2',
      registrar: 'registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.16.0',
      provisioner: 'registry.k8s.io/sig-storage/csi-provisioner:v6.1.1',
      attacher: 'registry.k8s.io/sig-storage/csi-attacher:v4.11.0',
      snapshotter: 'registry.k8s.io/sig-storage/csi-snapshotter:v8.5.0',
      resizer: 'registry.k8s.io/sig-storage/csi-resizer:v2.1.0',
      csiAddons: 'quay.io/csiaddons/k8s-sidecar:v0.14.0',
    },
    csiAddonsPortKeys: KEY_EACH,
    keepsDeletedSettings: true,
    metadataByDefault: true,
    namesCrossNamespaceGate: true,
  },
};
