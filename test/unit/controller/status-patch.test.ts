import fc from 'fast-check';
import { expect, test } from 'vitest';
import { statusPatch } from '../../../src/controller/status-patch.js';
import type { AssignmentStatus } from '../../../src/domain/rules/api.js';
import { mergePatch } from '../domain/merge-patch.js';
import { DEFAULT_PORTS } from '../../support/slots.js';

const READY = {
  type: 'Ready',
  status: 'True',
  reason: 'PortsAssigned',
  message: 'every csi-addons sidecar has its own host port',
  observedGeneration: 3,
  lastTransitionTime: '2026-11-22T10:00:00Z',
} as const;
const SETTLED: AssignmentStatus = {
  observedGeneration: 3,
  provider: 'Rook',
  ports: DEFAULT_PORTS,
  workloads: [],
  conditions: [READY],
};
const CONFLICTING: AssignmentStatus = {
  ...SETTLED,
  rookVersion: 'v1.17.9',
  ports: { ...SETTLED.ports, rbdNodePlugin: 9172 },
  conflicts: [{ port: 9070, holders: [{ namespace: 'n', kind: 'Pod', name: 'a', container: 'b' }] }],
  conditions: [{ ...READY, status: 'False', reason: 'PortsDiffer' }],
};

/** As of JSON, where such a name is a field like any other. */
const withField = (name: string): object => ({ ...SETTLED, ports: JSON.parse(`{"${name}":1}`) as unknown });

test('nothing is written if nothing differs, whatever the order of the fields', () => {
  expect(statusPatch(SETTLED, SETTLED)).toBeUndefined();
  const reordered = Object.fromEntries(Object.entries(structuredClone(SETTLED)).reverse());
  expect(statusPatch(reordered, SETTLED)).toBeUndefined();
});

test.each<[string, object | undefined, object]>([
  ['no status', undefined, SETTLED],
  ['an empty one', {}, SETTLED],
  ['another generation', { ...SETTLED, observedGeneration: 2 }, { observedGeneration: 3 }],
  ['a list, as a whole', { ...SETTLED, conditions: [READY, READY] }, { conditions: [READY] }],
  ['one port', { ...SETTLED, ports: { ...SETTLED.ports, rbdNodePlugin: 9172 } }, { ports: { rbdNodePlugin: 9072 } }],
  ['a field that is not wanted any more', { ...SETTLED, rookVersion: 'v1.16.4' }, { rookVersion: null }],
  ['a field that the API does not have', { ...SETTLED, phase: 'Old' }, { phase: null }],
  ['a field of another type', { ...SETTLED, ports: ['9070'] }, { ports: SETTLED.ports }],
])('the smallest patch from %s', (_, stored, patch) => {
  expect(statusPatch(stored, SETTLED)).toEqual(patch);
});

test.each(['__proto__', 'constructor', 'toString'])('a field by the name %s is taken out like any other', (name) => {
  const { ports } = SETTLED;
  const patch = statusPatch(withField(name), { ...SETTLED, ports });
  expect(JSON.stringify(patch)).toBe(
    JSON.stringify({ ports: { ...ports } }).replace('{"ports":{', `{"ports":{"${name}":null,`),
  );
});

test('applied as a merge patch it gives what is wanted, from any stored status', () => {
  const wanted = fc.constantFrom(SETTLED, CONFLICTING);
  const name = fc.constantFrom(...Object.keys(CONFLICTING), 'phase', '__proto__', 'constructor');
  const stored = fc.oneof(
    wanted,
    fc.dictionary(name, fc.jsonValue()),
    fc.tuple(wanted, fc.dictionary(name, fc.jsonValue())).map(([status, more]) => ({ ...status, ...more })),
  );
  fc.assert(
    fc.property(stored, wanted, (before, after) => {
      const patch = JSON.parse(JSON.stringify(statusPatch(before, after) ?? {})) as object;
      expect(mergePatch(before, patch)).toEqual(after);
    }),
  );
});
