import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Provider } from '../../../../src/domain/rules/api.js';
import {
  COMPATIBILITY,
  advice,
  compatibilityOf,
  livenessRemedy,
  readsOneKey,
} from '../../../../src/domain/report/compatibility.js';
import { compareRookVersions, parseRookVersion } from '../../../../src/domain/rules/rook-operator.js';
import { SLOT_SPECS } from '../../../../src/domain/rules/slots.js';
import { TEXTS } from '../../../../scripts/compatibility-page.js';

const PROVIDERS: readonly Provider[] = ['Rook', 'CephCSIOperator', 'Mixed', 'None'];

/** The releases that were run. */
const RUN = ['1.16.4', '1.17.9', '1.18.2', '1.18.11', '1.19.10', '1.20.6'];

/** Beyond every release that there is, so that a gap between two rows shows. */
const VERSIONS = Array.from({ length: 22 - 8 }, (_, index) => index + 8).flatMap((minor) =>
  Array.from({ length: 31 }, (_, patch) => `v1.${minor}.${patch}`),
);

function isBetween(version: string, from: string, below: string): boolean {
  const parsed = parseRookVersion(version)!;
  const [first, end] = [parseRookVersion(from)!, parseRookVersion(below)!];
  return compareRookVersions(parsed, first) >= 0 && compareRookVersions(parsed, end) < 0;
}

describe('the rows', () => {
  it('have bounds that are versions of Rook, in order, and ids of their own', () => {
    for (const { id, versions } of COMPATIBILITY) {
      for (const bound of Object.values(versions)) expect(parseRookVersion(bound), id).toBeDefined();
      const { from = '1.8.0', below = '1.99.0' } = versions;
      expect(compareRookVersions(parseRookVersion(from)!, parseRookVersion(below)!), id).toBeLessThan(0);
    }
    expect(new Set(COMPATIBILITY.map(({ id }) => id)).size).toBe(COMPATIBILITY.length);
  });

  it.each([
    ['Rook', '1.8.0', '1.21.0'],
    ['CephCSIOperator', '1.15.0', '1.21.0'],
  ] as const)('of %s are one for each version from %s, and none from %s on', (provider, from, below) => {
    for (const version of VERSIONS) {
      const rows = COMPATIBILITY.filter(
        ({ provider: renderer, onlyWith, versions: { from: first = '1.8.0', below: end = '1.99.0' } }) =>
          renderer === provider && onlyWith === undefined && isBetween(version, first, end),
      );
      expect(rows.length, version).toBe(isBetween(version, from, below) ? 1 : 0);
      expect(compatibilityOf(version, provider), version).toBe(rows[0]);
    }
  });

  it.each(COMPATIBILITY)('$id names its evidence, and tests that exist', ({ id, isRun }) => {
    const { evidence } = TEXTS[id]!;
    expect(evidence.length).toBeGreaterThan(0);
    for (const item of evidence) {
      if (item.kind === 'tested') expect(existsSync(item.file), item.file).toBe(true);
      if (item.kind === 'ran') expect(RUN).toContain(item.rook);
    }
    const kinds = evidence.map(({ kind }) => kind);
    expect(kinds.includes('ran')).toBe(!kinds.includes('not run, from source'));
    expect(kinds.includes('ran')).toBe(isRun === true);
  });

  it('that say a release was run are the rows of that release', () => {
    for (const row of COMPATIBILITY) {
      for (const item of TEXTS[row.id]!.evidence) {
        if (item.kind === 'ran') expect(compatibilityOf(item.rook, row.provider)).toBe(row);
      }
    }
  });
});

describe('compatibilityOf', () => {
  it.each([
    ['v1.13.0', 'Rook', 'legacy-pod-network'],
    ['v1.15.1', 'Rook', 'legacy-pod-network'],
    ['v1.15.2', 'Rook', 'legacy-one-key'],
    ['v1.15.9', 'Rook', 'legacy-one-key'],
    ['v1.16.4', 'Rook', 'legacy-one-key'],
    ['v1.16.4-mirror.2', 'Rook', 'legacy-one-key'],
    ['v1.16.5', 'Rook', 'legacy-three-keys'],
    ['v1.17.0-alpha.0', 'Rook', 'legacy-three-keys'],
    ['v1.17.9', 'Rook', 'legacy-three-keys'],
    ['v1.18.0', 'Rook', 'legacy-opted-out'],
    ['v1.19.10', 'Rook', 'legacy-opted-out'],
    ['v1.20.0', 'Rook', 'legacy-left-behind'],
    ['v1.15.0', 'CephCSIOperator', 'csi-operator-pod-network'],
    ['v1.18.1', 'CephCSIOperator', 'csi-operator-pod-network'],
    ['v1.18.2', 'CephCSIOperator', 'csi-operator-liveness'],
    ['v1.18.3', 'CephCSIOperator', 'csi-operator-host-network'],
    ['v1.19.0', 'CephCSIOperator', 'csi-operator-host-network'],
    ['v1.19.1', 'CephCSIOperator', 'csi-operator-lost-host-network'],
    ['v1.20.6', 'CephCSIOperator', 'csi-operator-by-admin'],
    ['v1.18.2', 'Mixed', 'csi-operator-liveness'],
    ['v1.14.0', 'CephCSIOperator', undefined],
    ['v1.21.0', 'Rook', undefined],
    ['v1.18.9', 'None', undefined],
    ['2024.11.3', 'Rook', undefined],
    [undefined, 'Rook', undefined],
  ] as const)('%s of %s: %s', (version, provider, id) => expect(compatibilityOf(version, provider)?.id).toBe(id));
});

describe('advice', () => {
  const all = [undefined, 'not a version', ...VERSIONS].flatMap((version) =>
    PROVIDERS.map((provider) => ({ version, provider, text: advice(version, provider) })),
  );

  it('is there wherever something is rendered, fits the status, and names the version', () => {
    for (const { version, provider, text } of all) {
      if (provider === 'None') expect(text).toBeUndefined();
      else
        expect(text?.length, `${version} ${provider}: ${text}`).toSatisfy(
          (length: number) => length > 0 && length < 600,
        );
      if (text !== undefined && parseRookVersion(version)) expect(text).toContain(`Rook ${version}`);
      expect(advice(version, provider)).toBe(text);
    }
  });

  it.each(['v1.16.4', 'v1.16.5', 'v1.17.9', 'v1.19.10', undefined])(
    'names each key and each Helm value in legacy mode: %s',
    (version) => {
      for (const { configKey, helmValue } of SLOT_SPECS) {
        expect(advice(version, 'Rook')).toContain(configKey);
        expect(advice(version, 'Rook')).toContain(helmValue);
      }
    },
  );

  it.each(['v1.14.12', 'v1.15.9', 'v1.16.4', undefined])('names the release to upgrade to: %s', (version) =>
    expect(advice(version, 'Rook')).toContain('v1.16.5'),
  );

  it('says where nothing was run', () => {
    for (const { version, provider, text } of all) {
      const row = compatibilityOf(version, provider);
      if (row !== undefined) expect(text!.endsWith('(from the sources, not run)')).toBe(row.isRun !== true);
    }
  });

  it('tells of a switch while both render, and of an unknown version', () => {
    expect(advice('v1.18.9', 'Mixed')).toContain('Rook and of ceph-csi-operator are there');
    expect(advice(undefined, 'Mixed')).toContain('not known');
    expect(advice(undefined, 'CephCSIOperator')).toContain('not known');
    expect(advice('v1.21.0', 'Rook')).toContain('is not in docs/admin/migrate.md#rook-versions yet');
  });
});

it.each([
  ['v1.15.1', false],
  ['v1.15.2', true],
  ['v1.16.4', true],
  ['v1.16.5', false],
  ['v1.20.1', false],
  [undefined, false],
])('Rook %s renders all ports from one key: %s', (version, expected) => expect(readsOneKey(version)).toBe(expected));

it('livenessRemedy names the key and the Helm value', () => {
  expect(livenessRemedy()).toContain('CSI_ENABLE_LIVENESS');
  expect(livenessRemedy()).toContain('csi.enableLiveness: false');
});
