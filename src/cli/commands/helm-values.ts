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

/** @param ports that the values are to keep */
export function helmValues(version: string | undefined, provider: Provider, ports: Ports): HelmValues {
  if (Object.keys(ports).length === 0) return { values: {} };
  switch (compatibilityOf(version, provider === 'Mixed' ? 'Rook' : provider)?.id) {
    case 'legacy-three-keys':
    case 'legacy-opted-out':
      return { values: valuesOf(ports, SLOT_SPECS) };
    case 'legacy-pod-network':
      return {
        values: valuesOf(
          ports,
          SLOT_SPECS.filter(({ slot }) => slot === 'rbdNodePlugin'),
        ),
      };
    case 'legacy-one-key':
      return {
        values: {},
        note: `the chart of Rook ${version ?? ''} has csi.csiAddonsPort alone, which moves all three sidecars to one port: upgrade Rook to v1.16.5 or later, which has a value for each`,
      };
    case 'legacy-left-behind':
      return {
        values: {},
        note: `Rook ${version ?? ''} renders no CSI workloads, and its chart has no value for their ports`,
      };
    default:
      return withoutRow(version, ports);
  }
}

function withoutRow(version: string | undefined, ports: Ports): HelmValues {
  if (parseRookVersion(version) !== undefined) {
    return { values: {}, note: `the values of the chart of Rook ${version ?? ''} are not known here` };
  }
  return {
    values: valuesOf(ports, SLOT_SPECS),
    note: 'the version of Rook is not known: the chart has these values from v1.16.5 on, below v1.20; up to v1.16.4 csi.csiAddonsPort moves all three sidecars to one port',
  };
}

function valuesOf(ports: Ports, specs: readonly SlotSpec[]): Record<string, number> {
  const entries = specs.flatMap(({ slot, helmValue }) => {
    const port = ports[slot];
    return port === undefined ? [] : [[helmValue, port] as const];
  });
  return Object.fromEntries(entries);
}
