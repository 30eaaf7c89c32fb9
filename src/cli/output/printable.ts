/** What came from a cluster or a file, made safe to print. */
import { sanitize } from '../../domain/report/sanitize.js';

/** Longer than any message of the operator. */
const MAX_TEXT = 65_536;

/** The same value with every text in it on one line, without escapes and marks that turn the direction; keys, too. */
export function printable<T>(value: T): T {
  return clean(value) as T;
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return sanitize(value, MAX_TEXT);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [sanitize(key, MAX_TEXT), clean(inner)]));
}
