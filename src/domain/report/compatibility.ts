/** The lasting remedy for each version of Rook: for the advice in the status, and for the table of docs/admin/compatibility.md. */
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
  /** A side case: holds beside the row of the version, and only where this is so. */
  readonly onlyWith?: string;
  /** What ends it for good; a clause that can follow a colon or a semicolon. */
  readonly lastingRemedy: string;
  /** Whether a release of it was run, and not only read. */
  readonly isRun?: true;
}

type Row = Omit<CompatibilityRow, 'provider'>;

const KEYS = SLOT_SPECS.map(({ configKey }) => configKey).join(', ');
const HELM_VALUES = SLOT_SPECS.map(({ helmValue }) => helmValue).join(', ');

const KEEP_THE_KEYS = `keep ${KEYS} in ${ROOK_CONFIG_NAME} equal to status.ports, as this operator does unless spec.rookConfig is Leave (Helm, to the same ports: ${HELM_VALUES}); never delete a key, as from its next start Rook would put that sidecar on 9070 again`;
const NO_PORT_REMEDY_NEEDED = 'the ports need no remedy';
/** Of the versions before it. */
export const REACHED_FROM_1_18_3 =
  'ROOK_ENFORCE_HOST_NETWORK does not reach the ctrlplugins here: where they need the host network, upgrade Rook to v1.18.3 or a later v1.18';
const MIXED = 'workloads of Rook and of ceph-csi-operator are there, as in a switch (docs/admin/migrate.md)';
const EXTRA_ARGS = 'spec.controllerPlugin.containerExtraArgs';

const ROOK: readonly Row[] = [
  {
    id: 'legacy-pod-network',
    versions: { below: '1.15.2' },
    lastingRemedy: `${NO_PORT_REMEDY_NEEDED}; upgrade Rook to v1.16.5 or later before you set ROOK_ENFORCE_HOST_NETWORK: from there on each sidecar has a port key of its own`,
  },
  {
    id: 'legacy-one-key',
    versions: { from: '1.15.2', below: '1.16.5' },
    lastingRemedy: `upgrade Rook to v1.16.5 or later, which reads a port key for each sidecar: the keys that this operator pins (${KEYS}) then hold by themselves; with Helm set ${HELM_VALUES} to the same ports`,
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
    lastingRemedy: `${KEEP_THE_KEYS}; v1.20 ends the legacy mode, so move to ceph-csi-operator before it (docs/admin/migrate.md)`,
    isRun: true,
  },
  {
    id: 'legacy-left-behind',
    versions: { from: '1.20.0', below: '1.21.0' },
    lastingRemedy:
      'this version renders no CSI workloads and reads none of their keys, so these were left by an earlier one: have ceph-csi-operator render them, as docs/admin/migrate.md says in part 4; before you create the Drivers, annotate or delete the CSIDriver objects that Rook left, or nothing is rendered; switch before the upgrade to v1.20 where you still can',
    isRun: true,
  },
  {
    id: 'legacy-liveness',
    versions: { from: '1.15.2', below: '1.20.0' },
    onlyWith: 'CSI_ENABLE_LIVENESS "true"',
    lastingRemedy: `set CSI_ENABLE_LIVENESS to "false" in ${ROOK_CONFIG_NAME} (Helm: csi.enableLiveness: false); no version of Rook has a port for each of the two workloads`,
  },
];

const CEPH_CSI_OPERATOR: readonly Row[] = [
  {
    id: 'csi-operator-by-choice',
    versions: { from: '1.15.0', below: '1.18.0' },
    lastingRemedy: `${NO_PORT_REMEDY_NEEDED}; ${REACHED_FROM_1_18_3}`,
  },
  {
    id: 'csi-operator-pod-network',
    versions: { from: '1.18.0', below: '1.18.2' },
    lastingRemedy: `${NO_PORT_REMEDY_NEEDED}; ${REACHED_FROM_1_18_3}`,
  },
  {
    id: 'csi-operator-liveness',
    versions: { from: '1.18.2', below: '1.18.3' },
    lastingRemedy:
      'upgrade Rook to v1.18.3 or later, which no longer sets the liveness ports; editing the Driver does not last, as Rook overwrites its spec at every start and with every change of its settings',
    isRun: true,
  },
  {
    id: 'csi-operator-host-network',
    versions: { from: '1.18.3', below: '1.19.1' },
    lastingRemedy: `${NO_PORT_REMEDY_NEEDED}; this operator is not needed here any more (docs/admin/migrate.md), but do not stay on v1.19.1 to v1.19.10 where the ctrlplugins need the host network`,
    isRun: true,
  },
  {
    id: 'csi-operator-lost-host-network',
    versions: { from: '1.19.1', below: '1.20.0' },
    lastingRemedy: `${NO_PORT_REMEDY_NEEDED}; where the ctrlplugins need the host network, go on to v1.20 and set spec.controllerPlugin.hostNetwork: true in each Driver (v1.18.3 to v1.19.0 still set it; in between Rook overwrites an edited Driver with its next pass)`,
    isRun: true,
  },
  {
    id: 'csi-operator-by-admin',
    versions: { from: '1.20.0', below: '1.21.0' },
    lastingRemedy: `the Driver objects are yours: set spec.controllerPlugin.hostNetwork where you need it, but for RBD or for NVMe-oF, not for both, or keep the two off each other's nodes by spec.controllerPlugin.affinity; remove spec.liveness, or give each ctrlplugin a port of its own by ${EXTRA_ARGS}: {"liveness-prometheus": ["--metricsport=9082"]}, another number in each Driver, and RBD's spec.liveness another than 9080, which is csi-addons of CephFS`,
    isRun: true,
  },
];

export const COMPATIBILITY: readonly CompatibilityRow[] = [
  ...ROOK.map((row) => ({ ...row, provider: 'Rook' as const })),
  ...CEPH_CSI_OPERATOR.map((row) => ({ ...row, provider: 'CephCSIOperator' as const })),
];

/**
 * The row of a version; of two providers at once, the one of ceph-csi-operator, for which Rook is making way. Undefined
 * where nothing is rendered, and for versions that are unknown or were not read yet.
 */
export function compatibilityOf(version: string | undefined, provider: Provider): CompatibilityRow | undefined {
  const rook = parseRookVersion(version);
  const renderer = provider === 'Mixed' ? 'CephCSIOperator' : provider;
  if (rook === undefined) return undefined;
  const ofRenderer = COMPATIBILITY.filter((row) => row.provider === renderer && row.onlyWith === undefined);
  return ofRenderer.find(({ versions }) => isWithin(versions, rook));
}

/** What the admin does for good, for the status; undefined where there are no CSI workloads. */
export function advice(version: string | undefined, provider: Provider): string | undefined {
  if (provider === 'None') return undefined;
  if (version === undefined || parseRookVersion(version) === undefined) return adviceWithoutVersion(provider);
  const row = compatibilityOf(version, provider);
  if (row === undefined)
    return `Rook ${version} is not in the table of docs/admin/compatibility.md yet: look for what it changes`;
  const known = row.isRun === true ? '' : ' (from the sources, not run)';
  const mixed = provider === 'Mixed' ? `${MIXED}; ` : '';
  return `Rook ${version}: ${mixed}${row.lastingRemedy}${known}`;
}

function adviceWithoutVersion(provider: Exclude<Provider, 'None'>): string {
  const unknown = 'the version of Rook is not known';
  if (provider === 'Rook')
    return `${unknown}: if it is v1.16.5 or later, ${KEEP_THE_KEYS}; if earlier, upgrade it to that`;
  const what = provider === 'Mixed' ? MIXED : 'ceph-csi-operator renders the CSI workloads';
  return `${unknown}; ${what}: docs/admin/compatibility.md has a row for each version`;
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
