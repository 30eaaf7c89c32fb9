import { expect, test } from 'vitest';
import { assignmentPath, rookConfigPath, workloadPath } from '../../../src/kube/resources.js';
import { specOf } from '../../support/slots.js';

test('what is written has its path', () => {
  const apps = '/apis/apps/v1/namespaces/rook';
  expect(workloadPath(specOf('cephfsProvisioner'), 'rook')).toBe(`${apps}/deployments/csi-cephfsplugin-provisioner`);
  expect(workloadPath(specOf('rbdNodePlugin'), 'rook')).toBe(`${apps}/daemonsets/csi-rbdplugin`);
  expect(rookConfigPath('rook')).toBe('/api/v1/namespaces/rook/configmaps/rook-ceph-operator-config');
  expect(assignmentPath('rook')).toBe('/apis/csiports.io/v1alpha1/namespaces/rook/csiportassignments/default');
});
