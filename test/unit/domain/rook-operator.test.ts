import { describe, expect, it } from 'vitest';
import { isRookAlive, rookVersion, type RookOperator } from '../../../src/domain/rook-operator.js';

const ROOK: RookOperator = {
  namespace: 'rook',
  name: 'rook-ceph-operator',
  uid: 'u',
  resourceVersion: '1',
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
    ['rook-ceph-', undefined],
  ];
  it.each(rows)('%s', (chart, expected) => {
    expect(version(undefined, chart)).toBe(expected);
    expect(version('mirror.example.org/ceph:stable', chart)).toBe(expected);
  });

  it('counts only where the image says nothing', () => {
    expect(version('rook/ceph:v1.16.4', 'rook-ceph-v1.17.9')).toBe('v1.16.4');
  });
});

it('is unknown without a rook-ceph-operator, image or chart', () => {
  expect(rookVersion(undefined)).toBeUndefined();
  expect(version()).toBeUndefined();
});

it('takes Rook for alive where a replica is ready', () => {
  expect([undefined, { ...ROOK, readyReplicas: 0 }, ROOK].map(isRookAlive)).toEqual([false, false, true]);
});
