/** The settings of Rook that matter here. It reads each from its ConfigMap, else from the environment of its Deployment. */
import { SLOT_SPECS, type ConfigKey } from './slots.js';

/** Those that are no port key of a csi-addons sidecar. */
export const FURTHER_SETTINGS = [
  'CSI_ENABLE_LIVENESS',
  'CSI_RBD_LIVENESS_METRICS_PORT',
  'CSI_CEPHFS_LIVENESS_METRICS_PORT',
  'ROOK_ENFORCE_HOST_NETWORK',
  'ROOK_USE_CSI_OPERATOR',
] as const;
export type FurtherSetting = (typeof FURTHER_SETTINGS)[number];

export type RookSetting = ConfigKey | FurtherSetting;

export const ROOK_SETTINGS: readonly RookSetting[] = [
  ...SLOT_SPECS.map(({ configKey }) => configKey),
  ...FURTHER_SETTINGS,
];
