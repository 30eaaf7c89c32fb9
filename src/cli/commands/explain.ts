/** explain: what a reason of a condition or of an event means, and what to do. */
import { UsageError } from '../exit-codes.js';
import { head, type DocumentHead } from './document.js';

export interface Explanation extends DocumentHead<'Explanation'> {
  readonly reasons: readonly { readonly reason: string }[];
}

/**
 * @param reason all of them if absent
 * @throws UsageError if there is no such reason; it names those that are near
 */
export function explain(reason?: string): Explanation {
  if (reason === '') throw new UsageError('');
  return { ...head('Explanation'), reasons: reason === undefined ? [] : [{ reason }] };
}
