/** Events that are there twice: what happens again counts up the first one, and what was sent again is rejected. */
import type { RecordedEvent } from '../cluster.js';

/** @returns each event of which there is another with its reason, its object and its note, as `reason of KIND NAME: note` */
export function repeatedAmong(events: readonly RecordedEvent[]): string[] {
  const told = events.map(({ reason, regarding: { kind, name }, note }) => `${reason} of ${kind} ${name}: ${note}`);
  return [...new Set(told.filter((event, index) => told.indexOf(event) !== index))];
}
