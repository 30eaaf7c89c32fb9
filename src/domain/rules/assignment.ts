/**
 * Which port each slot gets. Per slot, the first of these that applies:
 *   1. `spec.ports.<slot>`;
 *   2. the user's own key in rook-ceph-operator-config; of keys that clash, the first in the order of slots.ts counts
 *      (setting all of them aside would not be stable: pinning one of them would make the other count again);
 *   3. the slot's default port;
 *   4. if 1 or 2 gave that to another slot, the lowest free one of the default ports.
 * The result is distinct for every input, and depends on nothing else.
 */
import { SLOT_SPECS, isAssignable, type Slot } from './slots.js';

export type Ports = Readonly<Record<Slot, number>>;

export interface Assignment {
  readonly ports: Ports;
  /** Slots whose key was set aside: it clashes with a port of `spec.ports` or with another key. */
  readonly ignoredKeys: readonly Slot[];
}

/**
 * @param wanted  `spec.ports`; the API server accepts only assignable, distinct ones.
 * @param keys    the user's valid keys, see rook-config.ts.
 */
export function assignPorts(
  wanted: Readonly<Partial<Record<Slot, number>>>,
  keys: Readonly<Partial<Record<Slot, number>>>,
): Assignment {
  const ports = new Map<Slot, number>();
  const claim = (slot: Slot, port: number | undefined): void => {
    if (port !== undefined && isAssignable(port) && !ports.has(slot) && !isTaken(ports, port)) ports.set(slot, port);
  };

  for (const { slot } of SLOT_SPECS) claim(slot, wanted[slot]);

  const keyed = SLOT_SPECS.map(({ slot }) => slot).filter((slot) => !ports.has(slot) && keys[slot] !== undefined);
  for (const slot of keyed) claim(slot, keys[slot]);
  const ignoredKeys = keyed.filter((slot) => !ports.has(slot));

  for (const { slot, defaultPort } of SLOT_SPECS) claim(slot, defaultPort);

  // Never empty: a slot without a port leaves one of as many default ports.
  const pool = SLOT_SPECS.map(({ defaultPort }) => defaultPort).sort((a, b) => a - b);
  const lowestFree = (): number | undefined => pool.find((port) => !isTaken(ports, port));
  for (const { slot } of SLOT_SPECS) claim(slot, lowestFree());
  return { ports: Object.fromEntries(ports) as Record<Slot, number>, ignoredKeys };
}

function isTaken(ports: ReadonlyMap<Slot, number>, port: number): boolean {
  return [...ports.values()].includes(port);
}
