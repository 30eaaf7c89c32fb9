/** The lasting remedy for each version of Rook: for the advice in the status, and for the sections of docs/admin/migrate.md. */
import type { Provider } from '../rules/api.js';
import { compareRookVersions, parseRookVersion, type RookVersion } from '../rules/rook-operator.js';
import { ROOK_CONFIG_NAME } from '../rules/rook-config.js';
import { SLOT_SPECS } from '../rules/slots.js';

type Release = `1.${number}.${number}`;

export interface CompatibilityRow {
  readonly id: string;
  /** `from` belongs to the row, `below` does not. */
  readonly versions: { readonly from?: Release; readonly below?: Release };
  /** Who renders the CSI workloads: Rook itself (its legacy mode) or ceph-csi-operator. */
  readonly provider: 'Rook' | 'CephCSIOperator';
  /** A setting that the row needs. Such a row applies in addition to the row of the version. */
  readonly onlyWith?: string;
  /** What ends the conflict permanently; a clause that can follow a colon or a semicolon. */
  readonly lastingRemedy: string;
  /** Whether a release of it was run, and not only read. */
  readonly isRun?: true;
}

type Row = Omit<CompatibilityRow, 'provider'>;

const KEYS = SLOT_SPECS.map(({ configKey }) => configKey).join(', ');
const HELM_VALUES = SLOT_SPECS.map(({ helmValue }) => helmValue).join(', ');

/** The page for admins, and its headings that messages lead to. */
const PAGE = 'docs/admin/migrate.md';
export const EACH_VERSION = `${PAGE}#rook-versions`;
export const LEFT_ON_1_20 = `${PAGE}#workloads-left-on-rook-120`;

const KEEP_THE_KEYS = `keep ${KEYS} in ${ROOK_CONFIG_NAME} equal to status.ports, as this operator does unless spec.rookConfig is Leave (Helm, to the same ports: ${HELM_VALUES}); never delete a key: Rook would use 9070 again from its next start`;
export const NO_PORT_REMEDY_NEEDED = 'the ports need no remedy';
/** Of the versions before it. */
export const REACHED_FROM_1_18_3 =
  'ROOK_ENFORCE_HOST_NETWORK does not reach the ctrlplugins here: if they need the host network, upgrade Rook to v1.18.3 or a later v1.18';
/** If the Drivers belong to the admin. */
export const SEPARATE_LIVENESS =
  'remove spec.liveness from the Drivers, or give each ctrlplugin its own liveness port by spec.controllerPlugin.containerExtraArgs: {"liveness-prometheus": ["--metricsport=9082"]}, with another number in each Driver, and RBD a spec.liveness.metricsPort other than 9080, which CephFS csi-addons takes';
const MIXED = `workloads of Rook and of ceph-csi-operator are there, as during a switch (${PAGE}#switch)`;

const ROOK: readonly Row[] = [
  {
    id: 'legacy-pod-network',
    versions: { below: '1.15.2' },
    lastingRemedy: `${NO_PORT_REMEDY_NEEDED}; before you set ROOK_ENFORCE_HOST_NETWORK, upgrade Rook to v1.16.5 or later, which has a port key for each sidecar`,
  },
  {
    id: 'legacy-one-key',
    versions: { from: '1.15.2', below: '1.16.5' },
    lastingRemedy: `upgrade Rook to v1.16.5 or later, which has a port key for each sidecar: the keys that this operator pins (${KEYS}) are then enough (Helm, to the same ports: ${HELM_VALUES})`,
    isRun: true,
  },
  {
    id: 'legacy-three-keys',
    versions: { from: '1.16.5', below: '1.18.0' },
    lastingRemedy: KEEP_THE_KEYS,
    isRun: true,
  },
  {
    id: 'legacy-opted-out',
    versions: { from: '1.18.0', below: '1.20.0' },
    lastingRemedy: `${KEEP_THE_KEYS}; v1.20 ends the legacy mode: migrate to ceph-csi-operator before that upgrade (${PAGE}#migrate-to-ceph-csi-operator)`,
    isRun: true,
  },
  {
    id: 'legacy-left-behind',
    versions: { from: '1.20.0', below: '1.21.0' },
    lastingRemedy: `this Rook renders no CSI workloads and reads no port keys: have ceph-csi-operator render them (${LEFT_ON_1_20}), and annotate or delete the CSIDriver objects that Rook left before you create the Drivers`,
    isRun: true,
  },
  {
    id: 'legacy-liveness',
    versions: { from: '1.15.2', below: '1.20.0' },
    onlyWith: 'CSI_ENABLE_LIVENESS "true"',
    lastingRemedy: `set CSI_ENABLE_LIVENESS to "false" in ${ROOK_CONFIG_NAME} (Helm: csi.enableLiveness: false)`,
  },
];

const CEPH_CSI_OPERATOR: readonly Row[] = [
  {
    id: 'csi-operator-pod-network',
    versions: { from: '1.15.0', below: '1.18.2' },
    lastingRemedy: `${NO_PORT_REMEDY_NEEDED}; ${REACHED_FROM_1_18_3}`,
  },
  {
    id: 'csi-operator-liveness',
    versions: { from: '1.18.2', below: '1.18.3' },
    lastingRemedy:
      'upgrade Rook to v1.18.3 or later, which sets no liveness ports (before v1.20 Rook overwrites an edited Driver)',
    isRun: true,
  },
  {
    id: 'csi-operator-host-network',
    versions: { from: '1.18.3', below: '1.19.1' },
    lastingRemedy: `${NO_PORT_REMEDY_NEEDED}, and this operator is not needed any more (${PAGE}#when-this-operator-is-not-needed); if the ctrlplugins need the host network, do not stay on v1.19.1 to v1.19.10`,
    isRun: true,
  },
  {
    id: 'csi-operator-lost-host-network',
    versions: { from: '1.19.1', below: '1.20.0' },
    lastingRemedy: `${NO_PORT_REMEDY_NEEDED}; if the ctrlplugins need the host network, upgrade Rook to v1.20 and set spec.controllerPlugin.hostNetwork: true in each Driver (before v1.20 Rook overwrites an edited Driver)`,
    isRun: true,
  },
  {
    id: 'csi-operator-by-admin',
    versions: { from: '1.20.0', below: '1.21.0' },
    lastingRemedy: `set spec.controllerPlugin.hostNetwork in the Drivers that need it; if both RBD and NVMe-oF do, keep their ctrlplugins on different nodes by spec.controllerPlugin.affinity; ${SEPARATE_LIVENESS}`,
    isRun: true,
  },
];

export const COMPATIBILITY: readonly CompatibilityRow[] = [
  ...ROOK.map((row) => ({ ...row, provider: 'Rook' as const })),
  ...CEPH_CSI_OPERATOR.map((row) => ({ ...row, provider: 'CephCSIOperator' as const })),
];

/**
 * The row of a version. If both providers are there, the row of ceph-csi-operator, to which Rook is switching. Undefined
 * if nothing is rendered, and for versions that are unknown or were not read yet.
 */
export function compatibilityOf(version: string | undefined, provider: Provider): CompatibilityRow | undefined {
  const rook = parseRookVersion(version);
  const renderer = provider === 'Mixed' ? 'CephCSIOperator' : provider;
  if (rook === undefined) return undefined;
  const ofRenderer = COMPATIBILITY.filter((row) => row.provider === renderer && row.onlyWith === undefined);
  return ofRenderer.find(({ versions }) => isWithin(versions, rook));
}

/** The lasting remedy, for the status; undefined if there are no CSI workloads. */
export function advice(version: string | undefined, provider: Provider): string | undefined {
  if (provider === 'None') return undefined;
  if (version === undefined || parseRookVersion(version) === undefined) return adviceWithoutVersion(provider);
  const row = compatibilityOf(version, provider);
  if (row === undefined)
    return `Rook ${version} is not in ${EACH_VERSION} yet: read in its upgrade guide what it changes`;
  const known = row.isRun === true ? '' : ' (from the sources, not run)';
  const mixed = provider === 'Mixed' ? `${MIXED}; ` : '';
  return `Rook ${version}: ${mixed}${row.lastingRemedy}${known}`;
}

function adviceWithoutVersion(provider: Exclude<Provider, 'None'>): string {
  const unknown = 'the version of Rook is not known';
  if (provider === 'Rook')
    return `${unknown}: if it is v1.16.5 or later, ${KEEP_THE_KEYS}; if it is earlier, upgrade to v1.16.5 or later`;
  const what = provider === 'Mixed' ? MIXED : 'ceph-csi-operator renders the CSI workloads';
  return `${unknown}; ${what}: the remedy of each version is in ${EACH_VERSION}`;
}

/** What ends a conflict of the liveness sidecars that Rook renders. */
export function livenessRemedy(): string {
  return COMPATIBILITY.find(({ id }) => id === 'legacy-liveness')?.lastingRemedy ?? '';
}

/** Whether this Rook renders all three ports from CSIADDONS_PORT. False if the version is unknown. */
export function readsOneKey(version: string | undefined): boolean {
  return compatibilityOf(version, 'Rook')?.id === 'legacy-one-key';
}

function isWithin({ from, below }: CompatibilityRow['versions'], version: RookVersion): boolean {
  return !isBefore(version, from) && (below === undefined || isBefore(version, below));
}

function isBefore(version: RookVersion, release: Release | undefined): boolean {
  const bound = parseRookVersion(release);
  return bound !== undefined && compareRookVersions(version, bound) < 0;
}
