import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultDrivers, isObservedDriver, upstreamWorkloads } from '../../../src/domain/rules/upstream.js';

test.each([
  ['rook-ceph.rbd.csi.ceph.com', true],
  ['rook-ceph.cephfs.csi.ceph.com', true],
  ['rook-ceph.nvmeof.csi.ceph.com', true],
  ['rbd.csi.ceph.com', true],
  ['my.own.cephfs.csi.ceph.com', true],
  ['rook-ceph.nfs.csi.ceph.com', false],
  ['xrbd.csi.ceph.com', false],
  ['.rbd.csi.ceph.com', false],
  ['rook-ceph.rbd.csi.ceph.com.example', false],
  ['rook-ceph.rbdXcsi.ceph.com', false],
  ['', false],
])('the Driver %j is observed: %s', (name, expected) => expect(isObservedDriver(name)).toBe(expected));

test('Rook names its drivers by its namespace', () => {
  expect(defaultDrivers('rook-ceph')).toEqual([
    'rook-ceph.rbd.csi.ceph.com',
    'rook-ceph.cephfs.csi.ceph.com',
    'rook-ceph.nvmeof.csi.ceph.com',
  ]);
});

test('a driver has three workloads', () => {
  expect(upstreamWorkloads('rbd.csi.ceph.com').map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'Deployment rbd.csi.ceph.com-ctrlplugin',
    'DaemonSet rbd.csi.ceph.com-nodeplugin',
    'DaemonSet rbd.csi.ceph.com-nodeplugin-csi-addons',
  ]);
});

test('in every namespace the default drivers are observed ones, and no two of their workloads share a name', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/), (namespace) => {
      const drivers = defaultDrivers(namespace);
      expect(drivers.every(isObservedDriver)).toBe(true);
      expect(new Set(drivers.flatMap(upstreamWorkloads).map(({ name }) => name)).size).toBe(9);
    }),
  );
});
