/** Who wrote what the operator finds changed: the field managers that the API server records in managedFields. */
import { FIELD_MANAGER } from './api.js';
import type { RookConfig } from './rook-config.js';
import type { ConfigKey } from './slots.js';
import type { Manager, Workload } from './workload.js';

/** Rook names none, so the API server takes the name of its program (1.16.4, 1.17.9 and 1.19.10, as run). */
export const ROOK_MANAGER = 'rook';

/** Beyond ten writers of an object the API server puts the oldest together under this name. */
const FOLDED = 'ancient-changes';

/** A writer that can be named, and is not the operator itself. */
export function isOther(manager: string): boolean {
  return manager !== FIELD_MANAGER && manager !== FOLDED;
}

/** Who last wrote the sidecar's arguments or declared ports, if not the operator itself. */
export function portWriter({ managers }: Workload): string | undefined {
  return latest(managers.filter(({ name, ownsPort }) => ownsPort && isOther(name)))?.name;
}

/**
 * Who last wrote a key, if not the operator itself. A key that is gone has no writer: to remove it leaves no trace, even if
 * only one other has ever written the object.
 */
export function keyWriter(config: RookConfig, key: ConfigKey): string | undefined {
  const owners = new Set(config.keys[key]?.managers.filter(isOther));
  return latest(config.managers.filter(({ name }) => owners.has(name)))?.name;
}

/** The names of all writers of the object but the operator. */
export function otherWriters({ managers }: RookConfig): string[] {
  return [...new Set(managers.map(({ name }) => name))].filter(isOther).sort();
}

/** The first of several at the same time. */
function latest<T extends Manager>(stamped: readonly T[]): T | undefined {
  let found: T | undefined;
  for (const one of stamped) if (found === undefined || millis(one) > millis(found)) found = one;
  return found;
}

function millis({ time }: Manager): number {
  return time === undefined ? 0 : Date.parse(time);
}
