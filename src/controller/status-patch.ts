/** The smallest merge patch (RFC 7396) from the stored status to the wanted one. */
import { isDeepStrictEqual } from 'node:util';
import type { AssignmentStatus } from '../domain/rules/api.js';
import { isRecord } from '../kube/validate.js';
import type { StatusPatch } from '../kube/writer.js';

/** @returns undefined if nothing differs: then nothing is written */
export function statusPatch(stored: object | undefined, wanted: AssignmentStatus): StatusPatch | undefined {
  return mergePatch({ ...stored }, { ...wanted });
}

type Fields = Readonly<Record<string, unknown>>;

/** A merge patch leaves what it does not name: a field that is to go is set to null. Lists are replaced. */
function mergePatch(before: Fields, after: Fields): Fields | undefined {
  const patch = new Map<string, unknown>();
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [ownValue(before, field), ownValue(after, field)];
    if (isDeepStrictEqual(was, is)) continue;
    patch.set(field, isRecord(was) && isRecord(is) ? mergePatch(was, is) : (is ?? null));
  }
  // By entries: a field that is set by the name __proto__ would be none.
  return patch.size === 0 ? undefined : Object.fromEntries(patch);
}

/** Not an inherited one: whoever has the right may store a field of any name. */
function ownValue(fields: Fields, field: string): unknown {
  return Object.hasOwn(fields, field) ? fields[field] : undefined;
}
