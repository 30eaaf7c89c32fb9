/** Which contested objects are not written for now. */
import type { UndoneObject } from './api.js';
import { heldForMs } from './contested.js';
import type { Plan, StoredStatus } from './plan.js';
import { SLOT_LAYOUTS } from './slots.js';

/**
 * Names of the objects to leave alone. Held back is only what was undone, that is, the ports that the status has: a port
 * that is new is the admin's word, and is written at once.
 */
export function heldObjects(
  { assignment }: Plan,
  previous: StoredStatus | undefined,
  recent: readonly UndoneObject[],
  nowMs: number,
): ReadonlySet<string> {
  const moved = SLOT_LAYOUTS.filter(({ slot }) => previous?.ports?.[slot] !== assignment.ports[slot]);
  const isNew = ({ kind, name }: UndoneObject): boolean =>
    moved.some(({ workload }) => kind === 'ConfigMap' || workload === name);
  const held = recent.filter((object) => heldForMs(object, nowMs) > 0 && !isNew(object));
  return new Set(held.map(({ name }) => name));
}
