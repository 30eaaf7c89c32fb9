/** The values of the rook-ceph chart that keep the ports, by the version of Rook: only those that it has and obeys. */
import { compatibilityOf } from '../../domain/report/compatibility.js';
import type { Provider } from '../../domain/rules/api.js';
import type { Ports } from '../../domain/rules/assignment.js';
import { parseRookVersion } from '../../domain/rules/rook-operator.js';
import { SLOT_SPECS, type SlotSpec } from '../../domain/rules/slots.js';

export interface HelmValues {
  /** By path, such as csi.csiAddonsPort; empty if no value keeps the ports. */
  readonly values: Readonly<Record<string, number>>;
  /** Absent if there is nothing to add. */
  readonly note?: string;
}

/** What the chart has, by the row of compatibility.ts. */
const ALL: readonly SlotSpec[] = SLOT_SPECS;
const NODE_PLUGIN = SLOT_SPECS.filter(({ slot }) => slot === 'rbdNodePlugin');
const OBEYED: Readonly<Record<string, readonly SlotSpec[]>> = {
  'legacy-pod-network': NODE_PLUGIN,
  'legacy-three-keys': ALL,
  'legacy-opted-out': ALL,
};

/** @param ports that the values are to keep */
export function helmValues(version: string | undefined, provider: Provider, ports: Ports): HelmValues {
  if (Object.keys(ports).length === 0) return { values: {} };
  const id = compatibilityOf(version, provider === 'Mixed' ? 'Rook' : provider)?.id ?? '';
  const note = parseRookVersion(version) === undefined ? UNKNOWN_VERSION : noteOf(id, version ?? '');
  const specs = parseRookVersion(version) === undefined ? ALL : (OBEYED[id] ?? []);
  return { values: valuesOf(ports, specs), ...(note === undefined ? {} : { note }) };
}

const UNKNOWN_VERSION =
  'the version of Rook is not known: the chart has these values from v1.16.5 on, below v1.20; up to v1.16.4 csi.csiAddonsPort moves all three sidecars to one port';

/** Why no value keeps the ports. */
function noteOf(id: string, version: string): string | undefined {
  if (id in OBEYED) return undefined;
  if (id === 'legacy-one-key') {
    return `the chart of Rook ${version} has csi.csiAddonsPort alone, which moves all three sidecars to one port: upgrade Rook to v1.16.5 or later, which has a value for each`;
  }
  return id === 'legacy-left-behind'
    ? `Rook ${version} renders no CSI workloads, and its chart has no value for their ports`
    : `the values of the chart of Rook ${version} are not known here`;
}

function valuesOf(ports: Ports, specs: readonly SlotSpec[]): Record<string, number> {
  const entries = specs.flatMap(({ slot, helmValue }) => {
    const port = ports[slot];
    return port === undefined ? [] : [[helmValue, port] as const];
  });
  return Object.fromEntries(entries);
}
