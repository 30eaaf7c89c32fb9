/** The pin: which keys of rook-ceph-operator-config the operator writes, so that Rook itself renders the ports in force. */
import type { Ports } from './assignment.js';
import { parsePortKey, type ParsedPortKey, type RookConfig } from './rook-config.js';
import type { RookOperator } from './rook-operator.js';
import { SLOT_SPECS, isAssignable, type ConfigKey, type Slot, type SlotSpec } from './slots.js';

/** The keys to write, all in one patch (one pass of Rook); empty when the values are right. */
export type Pin = Readonly<Partial<Record<ConfigKey, string>>>;

type Keys = Pick<RookConfig, 'keys'>;

/** What Rook renders for a key that is absent or blank (1.13 to 1.19). */
const ROOK_DEFAULT = 9070;

export interface PinnedSlots {
  /** The ports in force of the slots whose keys may be written. */
  readonly ports: Ports;
  /** Of every workload that is there. */
  readonly currentPorts: Ports;
  readonly rookOperator: RookOperator | undefined;
}

/**
 * Nothing is pinned while Rook renders the ports in force by its keys as they are. Otherwise the keys of all slots are, so
 * that the set is explicit. A key of another slot is written only if its value is invalid, as that would stop Rook for all
 * slots, and then with the port the workload has now, so that it does not restart. A key is never deleted: Rook 1.16.5 and
 * later keep a deleted key's last value until they restart.
 */
export function planPin(config: Keys, slots: PinnedSlots): Pin {
  const meanings = SLOT_SPECS.map((slotSpec) => ({ slotSpec, meaning: meaningOf(slotSpec, config) }));
  const differs = SLOT_SPECS.some((slotSpec) => {
    const port = slots.ports[slotSpec.slot];
    return port !== undefined && renderedPort(slotSpec, config, slots.rookOperator) !== port;
  });
  const pin: Partial<Record<ConfigKey, string>> = {};
  for (const { slotSpec, meaning } of meanings) {
    const port = pinnedPort(slotSpec.slot, meaning, slots, differs);
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

function meaningOf({ configKey }: SlotSpec, config: Keys): ParsedPortKey {
  return parsePortKey(config.keys[configKey]?.value);
}

/** Undefined if Rook cannot render anything. A blank key hides the environment. */
function renderedPort(
  { configKey }: SlotSpec,
  { keys }: Keys,
  rookOperator: RookOperator | undefined,
): number | undefined {
  const meaning = parsePortKey(keys[configKey]?.value ?? rookOperator?.env[configKey]);
  return meaning.kind === 'Unset' ? ROOK_DEFAULT : meaning.port;
}

function pinnedPort(
  slot: Slot,
  meaning: ParsedPortKey,
  { ports, currentPorts }: PinnedSlots,
  differs: boolean,
): number | undefined {
  const port = ports[slot];
  if (port !== undefined) return differs && explicitPort(meaning) !== port ? port : undefined;
  if (meaning.kind !== 'Invalid' || !meaning.stopsRook) return undefined;
  const current = currentPorts[slot];
  return current !== undefined && isAssignable(current) ? current : ROOK_DEFAULT;
}

function explicitPort(meaning: ParsedPortKey): number | undefined {
  return meaning.kind === 'Unset' ? undefined : meaning.port;
}
