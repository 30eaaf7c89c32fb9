import { expect, test } from 'vitest';
import { isObservedDriver } from '../../../../src/domain/rules/upstream.js';

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
