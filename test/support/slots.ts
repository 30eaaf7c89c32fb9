/**
 * The slots and their ports, as tests, benchmark and soak speak of them. What is meant of every slot is made here from
 * SLOT_SPECS, whose content test/unit/domain/rules/slots.test.ts holds; a slot's name is written out where that one slot is meant.
 */
import { forEachSlot, SLOT_SPECS, type Slot, type SlotSpec } from '../../src/domain/rules/slots.js';

export type Ports = Readonly<Record<Slot, number>>;

export const SLOTS: readonly Slot[] = SLOT_SPECS.map(({ slot }) => slot);
/** Those of the Deployments: up to 1.16.4 Rook puts them on the node plugin's port in each pass. */
export const PROVISIONERS: readonly Slot[] = SLOT_SPECS.flatMap(({ slot, kind }) =>
  kind === 'Deployment' ? [slot] : [],
);

/** Where Rook puts every sidecar by default. */
export const CONFLICT_PORT = 9070;

export const DEFAULT_PORTS: Ports = forEachSlot(({ defaultPort }) => defaultPort);
/** The slots that leave CONFLICT_PORT by default. */
export const MOVED: readonly Slot[] = SLOTS.filter((slot) => DEFAULT_PORTS[slot] !== CONFLICT_PORT);

/** One port after the other: 9170, 9171, 9172. */
export function portsFrom(first: number): Ports {
  return forEachSlot(({ slot }) => first + SLOTS.indexOf(slot));
}

/** None of them is a default. */
export const OTHER_PORTS: Ports = portsFrom(9170);

/** The same of every slot. */
export function each<T>(value: T): Readonly<Record<Slot, T>> {
  return forEachSlot(() => value);
}

/** The values in the order of SLOT_SPECS. */
export function inOrder<T>(values: Readonly<Record<Slot, T>>): T[] {
  return SLOTS.map((slot) => values[slot]);
}

/** As RookInstallation.layout() has them: the default ports, but for those that are given. */
export function layoutOf(ports: Readonly<Partial<Ports>> = {}): number[] {
  return inOrder({ ...DEFAULT_PORTS, ...ports });
}

/** The layout that Rook leaves by default. */
export const CONFLICT_LAYOUT: readonly number[] = inOrder(each(CONFLICT_PORT));

/** Those of these slots alone. */
export function portsOf(slots: readonly Slot[], ports: Ports = DEFAULT_PORTS): Partial<Ports> {
  return Object.fromEntries(slots.map((slot) => [slot, ports[slot]]));
}

/** Rook's settings that name these ports, of a Rook with a key for each slot. */
export function keysOf(ports: Readonly<Partial<Ports>>): Record<string, string> {
  const pairs = SLOT_SPECS.flatMap(({ slot, configKey }) => {
    const port = ports[slot];
    return port === undefined ? [] : [[configKey, String(port)] as const];
  });
  return Object.fromEntries(pairs);
}

export function specOf(slot: Slot): SlotSpec {
  return SLOT_SPECS.find((slotSpec) => slotSpec.slot === slot)!;
}

/** Its workload as messages name it: Deployment csi-rbdplugin-provisioner. */
export function nameOf(slot: Slot): string {
  const { kind, workload } = specOf(slot);
  return `${kind} ${workload}`;
}

/** The operator's write of its workload as tests tell of it: patch deployments csi-rbdplugin-provisioner. */
export function patchOf(slot: Slot): string {
  const { kind, workload } = specOf(slot);
  return `patch ${kind.toLowerCase()}s ${workload}`;
}
