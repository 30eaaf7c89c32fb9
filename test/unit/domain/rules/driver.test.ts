import { expect, test } from 'vitest';
import { hasSidecar } from '../../../../src/domain/rules/driver.js';

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
])('the Driver %j stands for workloads with a sidecar: %s', (name, expected) =>
  expect(hasSidecar(name)).toBe(expected),
);
