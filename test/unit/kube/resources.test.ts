import { expect, test } from 'vitest';
import { SLOT_SPECS } from '../../../src/domain/rules/slots.js';
import { assignmentPath, rookConfigPath, workloadPath } from '../../../src/kube/resources.js';

test('what is written has its path', () => {
  expect(SLOT_SPECS.map((layout) => workloadPath(layout, 'rook'))).toEqual([
    '/apis/apps/v1/namespaces/rook/deployments/csi-rbdplugin-provisioner',
    '/apis/apps/v1/namespaces/rook/deployments/csi-cephfsplugin-provisioner',
    '/apis/apps/v1/namespaces/rook/daemonsets/csi-rbdplugin',
  ]);
  expect(rookConfigPath('rook')).toBe('/api/v1/namespaces/rook/configmaps/rook-ceph-operator-config');
  expect(assignmentPath('rook')).toBe('/apis/csiports.io/v1alpha1/namespaces/rook/csiportassignments/default');
});
