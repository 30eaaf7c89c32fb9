/**
 * Validates JSON of the API server, which validates an object when it stores it, but not again when it reads it: it may be
 * of an earlier version of a definition. All of these but isRecord throw a TypeError that names the field.
 */

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new TypeError(`${field} is not a string`);
  return value;
}

export function optionalText(value: unknown, field: string): string | undefined {
  return value === undefined || value === null ? undefined : text(value, field);
}

/** The JSON leaves out a number that is zero. */
export function count(value: unknown, field: string): number {
  const found = value === undefined || value === null ? 0 : integer(value, field);
  if (found < 0) throw new TypeError(`${field} is negative`);
  return found;
}

export function integer(value: unknown, field: string): number {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${field} is not an integer`);
  return value as number;
}

export function record<T extends object>(value: T, field: string): T {
  if (!isRecord(value)) throw new TypeError(`${field} is not an object`);
  return value;
}

/** An absent list is an empty one. */
export function list<T>(value: readonly T[] | null | undefined, field: string): readonly T[] {
  const found: readonly T[] = value ?? [];
  const isList: boolean = Array.isArray(found);
  if (!isList) throw new TypeError(`${field} is not a list`);
  return found;
}

export function optionalTexts(
  value: readonly string[] | null | undefined,
  field: string,
): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  for (const element of list(value, field)) text(element, field);
  return value;
}

/** Milliseconds since 1970. */
export function timeOf(value: unknown, field: string): number {
  const time = Date.parse(text(value, field));
  if (Number.isNaN(time)) throw new TypeError(`${field} is not a time`);
  return time;
}
