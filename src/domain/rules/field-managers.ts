/** Who wrote what the operator finds changed: the field managers that the API server records in managedFields. */
import { FIELD_MANAGER } from './api.js';
import type { RookConfig } from './rook-config.js';
import type { ConfigKey } from './slots.js';
import type { Workload } from './workload.js';

/** Rook's own: it names none, so the API server takes its program's name (1.16.4, 1.17.9 and 1.19.10, as run). */
export const ROOK_MANAGER = 'rook';

/** Beyond ten writers of an object the API server puts the oldest together under this name: who they were it does not tell. */
const FOLDED = 'ancient-changes';

/** A writer that can be named, and is not the operator itself. */
export function isSomebodyElse(manager: string): boolean {
  return manager !== FIELD_MANAGER && manager !== FOLDED;
}

interface Stamped {
  readonly name: string;
  /** RFC 3339; managedFields may lack it. */
  readonly time?: string;
}

/** Who last wrote the sidecar's arguments or declared ports, if not the operator itself. */
export function portWriter({ managers }: Workload): string | undefined {
  return latest(managers.filter(({ name, ownsPort }) => ownsPort && isSomebodyElse(name)))?.name;
}

/**
 * Who last wrote a key, if not the operator itself. A key that is gone is nobody's any more: whoever took it out left no
 * trace, also where only one other has ever written the object.
 */
export function keyWriter(config: RookConfig, key: ConfigKey): string | undefined {
  const owners = new Set(config.keys[key]?.managers.filter(isSomebodyElse));
  return latest(config.managers.filter(({ name }) => owners.has(name)))?.name;
}

/** Everybody but the operator that has written anything of the object, by name. */
export function otherWriters({ managers }: RookConfig): string[] {
  return [...new Set(managers.map(({ name }) => name))].filter(isSomebodyElse).sort();
}

/** Of several at the same time the first. */
function latest<T extends Stamped>(stamped: readonly T[]): T | undefined {
  let found: T | undefined;
  for (const one of stamped) if (found === undefined || millis(one) > millis(found)) found = one;
  return found;
}

function millis({ time }: Stamped): number {
  return time === undefined ? 0 : Date.parse(time);
}
