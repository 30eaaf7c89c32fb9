import { describe, expect, test } from 'vitest';
import { FIELD_MANAGER } from '../../../../src/domain/rules/api.js';
import { isOther, keyWriter, otherWriters, portWriter } from '../../../../src/domain/rules/field-managers.js';
import type { RookConfig } from '../../../../src/domain/rules/rook-config.js';
import type { FieldManager, Manager } from '../../../../src/domain/rules/workload.js';
import { project, rawWorkload } from '../raw-workload.js';
import { rookConfig } from '../worlds.js';

const FOLDED = 'ancient-changes';

function at(name: string, hour: number): Manager {
  return { name, time: `2026-11-22T${String(hour).padStart(2, '0')}:00:00Z` };
}

function ownsPort(manager: Manager): FieldManager {
  return { ...manager, ownsPort: true };
}

test.each([
  ['rook', true],
  ['kubectl-edit', true],
  [`${FIELD_MANAGER}-2`, true],
  [FIELD_MANAGER, false],
  [FOLDED, false],
])('%s is somebody else: %s', (manager, expected) => expect(isOther(manager)).toBe(expected));

describe('the writer of a port', () => {
  test.each<[string, readonly FieldManager[], string | undefined]>([
    ['nobody', [], undefined],
    ['the operator alone', [ownsPort(at(FIELD_MANAGER, 9))], undefined],
    ['one that owns something else', [{ ...at('argocd', 9), ownsPort: false }], undefined],
    ['one whose name was folded away', [ownsPort(at(FOLDED, 9))], undefined],
    ['of several the last', [at('helm', 8), at('rook', 10), at('kubectl', 9)].map(ownsPort), 'rook'],
    ['beside the operator, who wrote later', [at('rook', 9), at(FIELD_MANAGER, 10)].map(ownsPort), 'rook'],
    ['at the same time the first', [at('rook', 9), at('helm', 9)].map(ownsPort), 'rook'],
    ['one with a time before one without', [{ name: 'helm' }, at('rook', 9)].map(ownsPort), 'rook'],
    ['one without a time', [ownsPort({ name: 'helm' })], 'helm'],
  ])('%s', (_, managers, writer) => {
    expect(portWriter(project(rawWorkload('rbdNodePlugin', { managers })))).toBe(writer);
  });
});

describe("the writer of a key of Rook's settings", () => {
  const config = (owners: readonly string[], managers: readonly Manager[]): RookConfig => ({
    ...rookConfig({ CSIADDONS_PORT: { value: '9070', managers: owners } }),
    managers,
  });

  test.each<[string, readonly string[], readonly Manager[], string | undefined]>([
    ['who owns it', ['helm'], [at('helm', 8), at('argocd', 9)], 'helm'],
    ['of several owners the last', ['helm', 'argocd'], [at('helm', 8), at('argocd', 9)], 'argocd'],
    ['not the operator', [FIELD_MANAGER, 'helm'], [at('helm', 8), at(FIELD_MANAGER, 9)], 'helm'],
    ['nobody where the operator alone owns it', [FIELD_MANAGER], [at(FIELD_MANAGER, 9), at('helm', 8)], undefined],
  ])('is %s', (_, owners, managers, writer) => {
    expect(keyWriter(config(owners, managers), 'CSIADDONS_PORT')).toBe(writer);
  });

  test('is nobody where the key is gone, and others are only candidates', () => {
    const found = config(
      ['helm'],
      [at('helm', 8), at(FIELD_MANAGER, 9), at('argocd', 9), at('helm', 10), at(FOLDED, 1)],
    );
    expect(keyWriter(found, 'CSIADDONS_RBD_PROVISIONER_PORT')).toBeUndefined();
    expect(otherWriters(found)).toEqual(['argocd', 'helm']);
  });
});
