/** The pin: which keys of rook-ceph-operator-config the operator writes, so that Rook itself renders the assigned ports. */
import type { Ports } from './assignment.js';
import { parsePortKey, type ParsedPortKey, type RookConfig } from './rook-config.js';
import { SLOT_SPECS, isAssignable, type ConfigKey, type Slot, type SlotSpec } from './slots.js';

/** The keys to write, all in one patch (one pass of Rook); empty when the values are right. */
export type Pin = Readonly<Partial<Record<ConfigKey, string>>>;

/**
 * Keys of competing slots are kept equal to the assignment. A key of another slot is written only if its value is invalid, as
 * that would stop Rook for all slots, and then with the port the workload has now, so that it does not restart. A key is
 * never deleted: Rook 1.16.5 and later keep a deleted key's last value until they restart.
 */
export function planPin(
  config: RookConfig,
  ports: Ports,
  slots: { readonly competing: readonly Slot[]; readonly currentPorts: Readonly<Partial<Record<Slot, number>>> },
): Pin {
  const pin: Partial<Record<ConfigKey, string>> = {};
  for (const slotSpec of SLOT_SPECS) {
    const port = pinnedPort(slotSpec, parsePortKey(config.keys[slotSpec.configKey]?.value), ports, slots);
    if (port !== undefined) pin[slotSpec.configKey] = String(port);
  }
  return pin;
}

/** As `KEY=value, KEY=value`; empty for an empty pin. */
export function describePin(pin: Pin): string {
  return Object.entries(pin)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}

function pinnedPort(
  { slot }: SlotSpec,
  meaning: ParsedPortKey,
  ports: Ports,
  { competing, currentPorts }: Parameters<typeof planPin>[2],
): number | undefined {
  if (competing.includes(slot))
    return meaning.kind === 'Port' && meaning.port === ports[slot] ? undefined : ports[slot];
  if (meaning.kind !== 'Invalid' || !meaning.stopsRook) return undefined;
  const current = currentPorts[slot];
  return current !== undefined && isAssignable(current) ? current : ports[slot];
}
