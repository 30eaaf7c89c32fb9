/** Ports for slots that are held off the port of the spec. */
import { assignPorts, type Assignment, type Ports } from './assignment.js';
import type { Surroundings } from './claims.js';
import type { Observed } from './observed.js';
import { isAssignable, type Slot } from './slots.js';

/** Where they would go if the spec did not name it. */
export function freePorts(observed: Observed, surroundings: Surroundings, { held, ports }: Assignment): Ports {
  const slots = Object.keys(held) as Slot[];
  if (slots.length === 0) return {};
  const { assignment } = observed;
  const isOther = ([slot]: [string, number]): boolean => !slots.includes(slot as Slot);
  // The other slots stay where they are put now.
  const others = { ...ports, ...assignment.spec.ports };
  const spec = { ...assignment.spec, ports: Object.fromEntries(Object.entries(others).filter(isOther)) };
  const free = assignPorts({ ...observed, assignment: { ...assignment, spec } }, surroundings).ports;
  return Object.fromEntries(slots.flatMap((slot) => pairOf(slot, free[slot])));
}

/** What the spec would not accept is no offer. */
function pairOf(slot: Slot, port: number | undefined): [Slot, number][] {
  return port !== undefined && isAssignable(port) ? [[slot, port]] : [];
}
