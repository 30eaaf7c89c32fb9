import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  keyManagers,
  managersOf,
  workloadManagers,
  type ManagedFieldsEntry,
} from '../../../src/kube/managed-fields.js';

const SIDECAR = 'k:{"name":"csi-addons"}';
const TIME = '2026-11-22T10:00:00Z';

function entry(manager: string, containers: object, more: object = {}): object {
  return {
    manager,
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { 'f:template': { 'f:spec': { 'f:containers': containers } } } },
    ...more,
  };
}

test.each([
  ['its arguments', { [SIDECAR]: { '.': {}, 'f:args': {} } }, true],
  ['its command', { [SIDECAR]: { 'f:command': {} } }, true],
  ['a declared port', { [SIDECAR]: { 'f:ports': { 'k:{"containerPort":9070,"protocol":"TCP"}': {} } } }, true],
  ['its image', { [SIDECAR]: { 'f:image': {}, 'f:resources': {} } }, false],
  ['the arguments of another container', { 'k:{"name":"csi-rbdplugin"}': { 'f:args': {} } }, false],
  ['nothing', {}, false],
])('a manager of %s of the sidecar owns its port: %s', (_, containers, ownsPort) => {
  expect(workloadManagers([entry('rook', containers, { time: TIME })])).toEqual([
    { name: 'rook', time: TIME, ownsPort },
  ]);
});

test('those who write the status alone are left out, and those without a name', () => {
  const owned = { [SIDECAR]: { 'f:args': {} } };
  const entries = [
    entry('kube-controller-manager', {}, { subresource: 'status' }),
    entry('kubectl', owned, { subresource: '' }),
    { fieldsV1: {} },
    entry('helm', owned, { operation: 'Apply' }),
    entry('helm', {}, { operation: 'Update' }),
  ];
  expect(workloadManagers(entries).map(({ name, ownsPort }) => `${name} ${ownsPort}`)).toEqual([
    'kubectl true',
    'helm true',
    'helm false',
  ]);
  expect(managersOf(entries)).toHaveLength(4);
});

test('whatever the entries look like, nothing is thrown', () => {
  const paths = fc.constantFrom(
    'f:spec',
    'f:template',
    'f:containers',
    'f:data',
    'f:KEY',
    SIDECAR,
    'f:args',
    'toString',
  );
  const fields = fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 6 }, fc.jsonValue(), fc.dictionary(paths, tie('node'), { maxKeys: 3 })),
  })).node;
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.record({ manager: fc.oneof(fc.string(), fc.jsonValue()), time: fc.jsonValue(), fieldsV1: fields }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.array(odd), fc.jsonValue(), fc.constant(undefined)), (found) => {
      const entries = found as readonly ManagedFieldsEntry[] | undefined;
      for (const { name, time, ownsPort } of workloadManagers(entries)) {
        expect([typeof name, typeof ownsPort]).toEqual(['string', 'boolean']);
        expect(['string', 'undefined']).toContain(typeof time);
      }
      expect(Array.isArray(keyManagers(entries, 'KEY')) && Array.isArray(managersOf(entries))).toBe(true);
    }),
  );
});
