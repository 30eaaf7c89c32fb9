import fc from 'fast-check';
import { expect, test } from 'vitest';
import { statusPatch } from '../../../src/controller/status-patch.js';
import type { AssignmentStatus } from '../../../src/domain/rules/api.js';
import { CONFLICTING, DRIFTED, SETTLED, statusIn } from '../domain/worlds.js';

const SETTLED_STATUS = statusIn(SETTLED);

test('nothing is written where nothing differs, however the fields are ordered', () => {
  expect(statusPatch(SETTLED_STATUS, SETTLED_STATUS)).toBeUndefined();
  const reordered = Object.fromEntries(Object.entries(structuredClone(SETTLED_STATUS)).reverse());
  expect(statusPatch(reordered, SETTLED_STATUS)).toBeUndefined();
});

test('the first status is written whole', () => {
  expect(statusPatch(undefined, SETTLED_STATUS)).toEqual(SETTLED_STATUS);
  expect(statusPatch({}, SETTLED_STATUS)).toEqual(SETTLED_STATUS);
});

test('only the fields that differ are written, each as a whole', () => {
  const wanted = { ...SETTLED_STATUS, observedGeneration: 4 };
  expect(statusPatch(SETTLED_STATUS, wanted)).toEqual({ observedGeneration: 4 });
  expect(Object.keys(statusPatch(SETTLED_STATUS, statusIn(DRIFTED))!)).toEqual(['workloads', 'conditions']);
});

test('a field that is no longer wanted is taken out', () => {
  const stored: AssignmentStatus = { ...SETTLED_STATUS, rookVersion: 'v1.16.4' };
  expect(statusPatch(stored, SETTLED_STATUS)).toEqual({ rookVersion: null });
  expect(statusPatch({ ...SETTLED_STATUS, phase: 'Old' }, SETTLED_STATUS)).toEqual({ phase: null });
});

test('a field by the name of what every object inherits is taken out like any other', () => {
  const pinned = JSON.parse('{"__proto__":"1","constructor":"2"}') as Record<string, string>;
  const patch = statusPatch({ ...SETTLED_STATUS, pinned }, { ...SETTLED_STATUS, pinned: { CSIADDONS_PORT: '9070' } });
  expect(JSON.stringify(patch)).toBe('{"pinned":{"__proto__":null,"constructor":null,"CSIADDONS_PORT":"9070"}}');
});

test('applied as a merge patch it gives what is wanted, from any stored status', () => {
  const wanted = fc.constantFrom(SETTLED_STATUS, statusIn(CONFLICTING), statusIn(DRIFTED));
  const stored = fc.oneof(
    wanted.chain((status) => fc.subarray(Object.entries(status)).map((fields) => Object.fromEntries(fields) as object)),
    fc.record(
      { provider: fc.constantFrom('Rook', 'None'), rookVersion: fc.string(), phase: fc.string() },
      { requiredKeys: [] },
    ),
  );
  fc.assert(
    fc.property(stored, wanted, (before, after) => {
      const merged: Record<string, unknown> = { ...before };
      // Every changed field of a status is replaced: those that are objects never lose a key.
      for (const [field, value] of Object.entries(statusPatch(before, after) ?? {})) {
        if (value === null) Reflect.deleteProperty(merged, field);
        else merged[field] = value;
      }
      expect(merged).toEqual(after);
    }),
  );
});
