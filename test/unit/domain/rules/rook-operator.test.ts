import { describe, expect, it } from 'vitest';
import {
  compareRookVersions,
  isRookAlive,
  parseRookVersion,
  rookVersion,
  type RookOperator,
} from '../../../../src/domain/rules/rook-operator.js';

const ROOK: RookOperator = {
  namespace: 'rook',
  name: 'rook-ceph-operator',
  uid: 'u',
  resourceVersion: '1',
  env: {},
  readyReplicas: 1,
};

function version(image?: string, chart?: string): string | undefined {
  return rookVersion({ ...ROOK, ...(image === undefined ? {} : { image }), ...(chart === undefined ? {} : { chart }) });
}

describe('rookVersion by image', () => {
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  const rows: [string, string | undefined][] = [
    ['rook/ceph:v1.16.4', 'v1.16.4'],
    ['docker.io/rook/ceph:v1.17.9', 'v1.17.9'],
    ['rook/ceph:1.16.4', 'v1.16.4'],
    ['registry.example.org:5000/mirror/rook/ceph:v1.19.10', 'v1.19.10'],
    ['registry.example.org:5000/mirror/rook/ceph', undefined],
    ['[fd00::1]:5000/rook/ceph:v1.16.4', 'v1.16.4'],
    ['rook/ceph', undefined],
    [`rook/ceph@${digest}`, undefined],
    [`rook/ceph:v1.16.4@${digest}`, 'v1.16.4'],
    [`registry.example.org:5000/rook/ceph@${digest}`, undefined],
    [`registry.example.org:5000/rook/ceph:v1.16.4@${digest}`, 'v1.16.4'],
    ['rook/ceph:v1.20.0-alpha.0', 'v1.20.0-alpha.0'],
    ['rook/ceph:v1.17.0-beta.1.27.g0123abc', 'v1.17.0-beta.1.27.g0123abc'],
    ['rook/ceph:master', undefined],
    ['rook/ceph:latest', undefined],
    ['rook/ceph:v1.16', undefined],
    ['rook/ceph:release-1.16.4', undefined],
    ['registry.local:5000/rook/ceph:v1.16.4', 'v1.16.4'],
    ['mirror.example.org/ceph:v1.16.4-mirror.2', 'v1.16.4-mirror.2'],
    ['mirror.example.org/ceph:v1.16.4-3', 'v1.16.4-3'],
    ['mirror.example.org/ceph:1.16.4-3', 'v1.16.4-3'],
    ['mirror.example.org/ceph:v1.16.4.2', 'v1.16.4.2'],
    ['mirror.example.org/ceph:v1.16.4_build.5', 'v1.16.4+build.5'],
    ['rook/ceph:v1.17.0-rc.1', 'v1.17.0-rc.1'],
    ['mirror.example.org/ceph:2024.11.3', undefined],
    ['mirror.example.org/ceph:1.2024.11', undefined],
    ['mirror.example.org/ceph:1.16.20241103', undefined],
    ['mirror.example.org/ceph:1.0.0', undefined],
    ['mirror.example.org/ceph:v1.7.11', undefined],
    ['mirror.example.org/ceph:v1.016.4', undefined],
    ['mirror.example.org/ceph:v2.0.0', undefined],
    ['quay.io/ceph/ceph:17.2.6', undefined],
    ['quay.io/ceph/ceph:v19.2.3', undefined],
    ['rook/ceph:v1.16.4rc1', undefined],
    ['rook/ceph:vv1.16.4', undefined],
    ['rook/ceph:v1.8.3', 'v1.8.3'],
    ['', undefined],
  ];
  it.each(rows)('%s', (image, expected) => expect(version(image)).toBe(expected));
});

describe('rookVersion by chart', () => {
  const rows: [string, string | undefined][] = [
    ['rook-ceph-v1.17.9', 'v1.17.9'],
    ['rook-ceph-1.17.9', 'v1.17.9'],
    ['rook-ceph-v1.17.9_build.5', 'v1.17.9+build.5'],
    ['rook-ceph-v1.18.0-alpha.0', 'v1.18.0-alpha.0'],
    ['rook-ceph-cluster-v1.17.9', undefined],
    ['my-rook-1.0.0', undefined],
    ['my-rook-1.17.9', undefined],
    ['v1.17.9', undefined],
    ['rook-ceph-2024.11.3', undefined],
    ['rook-ceph-v1.16.4-mirror.2', 'v1.16.4-mirror.2'],
    ['rook-ceph-', undefined],
  ];
  it.each(rows)('%s', (chart, expected) => {
    expect(version(undefined, chart)).toBe(expected);
    expect(version('mirror.example.org/ceph:stable', chart)).toBe(expected);
  });

  it('counts only where the image says nothing', () => {
    expect(version('rook/ceph:v1.16.4', 'rook-ceph-v1.17.9')).toBe('v1.16.4');
  });

  it.each([
    `rook/ceph@sha256:${'0'.repeat(64)}`,
    `mirror.example.org:5000/ceph:2024.11.3@sha256:${'0'.repeat(64)}`,
    'mirror.example.org:5000/ceph',
    'mirror.example.org/ceph:latest',
    'mirror.example.org/ceph:master',
    'mirror.example.org/ceph:17.2.6',
    'mirror.example.org/ceph:1.0.0',
  ])('decides for %s', (image) => expect(version(image, 'rook-ceph-v1.17.9')).toBe('v1.17.9'));
});

describe('parseRookVersion', () => {
  it.each([
    ['v1.16.4', [1, 16, 4]],
    ['1.16.4', [1, 16, 4]],
    ['v1.19.10', [1, 19, 10]],
    ['v1.16.4-3', [1, 16, 4]],
    ['v1.16.4-mirror.2', [1, 16, 4]],
    ['v1.17.9+build.5', [1, 17, 9]],
    ['v1.17.0-alpha.0', [1, 17, 0]],
    ['v1.17.0-rc.1', [1, 17, 0]],
  ] as const)('%s', (text, [major, minor, patch]) => expect(parseRookVersion(text)).toEqual([major, minor, patch]));

  it.each([undefined, '', 'v17.2.6', '2024.11.3', 'v1.16', 'latest', 'v1.16.x'])('%s is none', (text) =>
    expect(parseRookVersion(text)).toBeUndefined(),
  );
});

it('compares versions by their numbers, not by their text', () => {
  const texts = ['v1.19.10', 'v1.9.0', 'v1.20.0-alpha.0', 'v1.16.5', 'v1.19.9-3', 'v1.16.4'];
  const sorted = texts.toSorted((a, b) => compareRookVersions(parseRookVersion(a)!, parseRookVersion(b)!));
  expect(sorted).toEqual(['v1.9.0', 'v1.16.4', 'v1.16.5', 'v1.19.9-3', 'v1.19.10', 'v1.20.0-alpha.0']);
  expect(compareRookVersions(parseRookVersion('v1.16.4-3')!, parseRookVersion('1.16.4')!)).toBe(0);
});

it('is unknown without a rook-ceph-operator, image or chart', () => {
  expect(rookVersion(undefined)).toBeUndefined();
  expect(version()).toBeUndefined();
});

it('takes Rook for alive where a replica is ready', () => {
  expect([undefined, { ...ROOK, readyReplicas: 0 }, ROOK].map(isRookAlive)).toEqual([false, false, true]);
});
