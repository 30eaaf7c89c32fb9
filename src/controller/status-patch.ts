/** The smallest merge patch (RFC 7396) from the stored status to the wanted one. */
import { isDeepStrictEqual } from 'node:util';
import type { AssignmentStatus } from '../domain/rules/api.js';
import { isRecord } from '../kube/validate.js';
import type { StatusPatch } from '../kube/writer.js';

/** @returns undefined when nothing differs, and then nothing is written */
export function statusPatch(stored: object | undefined, wanted: AssignmentStatus): StatusPatch | undefined {
  return mergePatch({ ...stored }, { ...wanted });
}

type Fields = Readonly<Record<string, unknown>>;

/** What a merge patch does not name it leaves, at every depth: a field to be gone is set to null. Lists are replaced. */
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

/** The status is anybody's to write who has the right: a field may have the name of one that every object inherits. */
function ownValue(fields: Fields, field: string): unknown {
  return Object.hasOwn(fields, field) ? fields[field] : undefined;
}
