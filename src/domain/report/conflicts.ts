/** A port that several containers take, in words: which port, who, and on which nodes. */
import type { PortConflict } from '../rules/api.js';
import { describeHolder, describeNodes } from './held-ports.js';

/** How many conflicts, and holders of each, a message names: the remedy that follows must not be cut off. */
const MAX_NAMED = 8;

/** Empty if there are none. The status lists them all. */
export function describeConflicts(conflicts: readonly PortConflict[], namespace: string): string {
  const named = conflicts.slice(0, MAX_NAMED).map(({ port, holders, ...where }) => {
    const names = holders.slice(0, MAX_NAMED).map((holder) => describeHolder(holder, namespace));
    return `host port ${port} is shared by ${names.join(', ')}${andMore(holders)}${describeNodes(where)}`;
  });
  return `${named.join('; ')}${andMore(conflicts)}`;
}

/** Conflicts with the same remedy are told together, and the remedy behind them once. */
export function describeWithRemedies(
  conflicts: readonly PortConflict[],
  namespace: string,
  remedyOf: (conflict: PortConflict) => string,
): string {
  const byRemedy = new Map<string, PortConflict[]>();
  for (const conflict of conflicts) {
    const remedy = remedyOf(conflict);
    byRemedy.set(remedy, [...(byRemedy.get(remedy) ?? []), conflict]);
  }
  const parts = [...byRemedy].map(([remedy, alike]) => `${describeConflicts(alike, namespace)}; ${remedy}`);
  return parts.join('; ');
}

/** As "a, b and 3 more". */
export function listed(names: readonly string[]): string {
  return `${names.slice(0, MAX_NAMED).join(', ')}${andMore(names)}`;
}

function andMore({ length }: readonly unknown[]): string {
  return length <= MAX_NAMED ? '' : ` and ${length - MAX_NAMED} more`;
}
