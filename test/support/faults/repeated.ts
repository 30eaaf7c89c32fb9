/** Events that are there too often: what happens again counts up the first one, and what was sent again is rejected. */
import type { RecordedEvent } from '../cluster.js';

/**
 * @param processes how many have run: each counts what it has told itself
 * @returns each event of which there are more than that with its reason, its object and its note, as `reason of KIND NAME: note`
 */
export function repeatedAmong(events: readonly RecordedEvent[], processes: number): string[] {
  const told = events.map(({ reason, regarding: { kind, name }, note }) => `${reason} of ${kind} ${name}: ${note}`);
  return [...new Set(told.filter((event) => told.filter((other) => other === event).length > processes))];
}
