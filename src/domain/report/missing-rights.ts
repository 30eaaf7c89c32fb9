/** What a namespace lacks if a write is rejected for want of a right, and the event that names it. */
import type { EventSpec } from './events.js';

/** A write of a reconcile: of an object, or of the status. */
export interface Attempted {
  readonly missingRight?: string;
}

/** In the order of the writes; also of writes that are held back since. */
export function missingRights(writes: readonly Attempted[]): string[] {
  return writes.flatMap(({ missingRight }) => missingRight ?? []);
}

/** One for all of them, so that a namespace without the Role has one series. */
export function missingRightsEvent(namespace: string, rights: readonly string[]): EventSpec {
  const remedy = `apply config/rbac/rook-namespace with namespace: ${namespace}, or add ${namespace} to the Helm value rookNamespaces`;
  const note = `missing: ${rights.join(', ')} in namespace ${namespace}; ${remedy}`;
  return { type: 'Warning', reason: 'Forbidden', action: 'Write', note };
}
