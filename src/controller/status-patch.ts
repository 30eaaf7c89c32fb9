/** The smallest merge patch from the stored status to the wanted one. */
import { isDeepStrictEqual } from 'node:util';
import type { AssignmentStatus } from '../domain/api.js';
import type { StoredStatus } from '../domain/plan.js';
import type { StatusPatch } from '../kube/writer.js';

/** @returns undefined when nothing differs, and then nothing is written */
export function statusPatch(stored: StoredStatus | undefined, wanted: AssignmentStatus): StatusPatch | undefined {
  const before: Readonly<Record<string, unknown>> = stored ?? {};
  const after: Readonly<Record<string, unknown>> = { ...wanted };
  const patch: Record<string, unknown> = {};
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!isDeepStrictEqual(before[field], after[field])) patch[field] = after[field] ?? null;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}
