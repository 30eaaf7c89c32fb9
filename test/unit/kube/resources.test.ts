import { expect, test } from 'vitest';
import { SLOT_SPECS } from '../../../src/domain/rules/slots.js';
import {
  assignmentTarget,
  assignmentStatusPath,
  driverTarget,
  rookConfigPath,
  rookConfigTarget,
  rookOperatorTarget,
  workloadPath,
  workloadTarget,
} from '../../../src/kube/resources.js';

const sources = (namespace?: string): { title: string; path: string; rule: object; namespace?: string }[] => [
  assignmentTarget(namespace),
  rookConfigTarget(namespace),
  rookOperatorTarget(namespace),
  ...SLOT_SPECS.map((layout) => workloadTarget(layout, namespace)),
];

test('six names are watched across all namespaces', () => {
  expect(sources().map(({ title, path }) => `${title}: ${path}`)).toEqual([
    'CSIPortAssignment default: /apis/csiports.io/v1alpha1/csiportassignments',
    'ConfigMap rook-ceph-operator-config: /api/v1/configmaps',
    'Deployment rook-ceph-operator: /apis/apps/v1/deployments',
    'Deployment csi-rbdplugin-provisioner: /apis/apps/v1/deployments',
    'Deployment csi-cephfsplugin-provisioner: /apis/apps/v1/deployments',
    'DaemonSet csi-rbdplugin: /apis/apps/v1/daemonsets',
  ]);
  for (const source of sources()) expect(source).not.toHaveProperty('namespace');
});

test('or in one', () => {
  expect(sources('rook').map(({ path }) => path)).toEqual([
    '/apis/csiports.io/v1alpha1/namespaces/rook/csiportassignments',
    '/api/v1/namespaces/rook/configmaps',
    '/apis/apps/v1/namespaces/rook/deployments',
    '/apis/apps/v1/namespaces/rook/deployments',
    '/apis/apps/v1/namespaces/rook/deployments',
    '/apis/apps/v1/namespaces/rook/daemonsets',
  ]);
  for (const source of sources('rook')) expect(source.namespace).toBe('rook');
});

test('each says the RBAC rule that it needs', () => {
  expect(sources().map(({ rule }) => Object.values(rule as Record<string, string>).join(' '))).toEqual([
    'csiports.io csiportassignments default',
    ' configmaps rook-ceph-operator-config',
    'apps deployments rook-ceph-operator',
    'apps deployments csi-rbdplugin-provisioner',
    'apps deployments csi-cephfsplugin-provisioner',
    'apps daemonsets csi-rbdplugin',
  ]);
});

test('the Drivers of ceph-csi-operator are watched whatever their names, where there are such objects at all', () => {
  expect(driverTarget()).toMatchObject({
    rule: { group: 'csi.ceph.io', resource: 'drivers' },
    path: '/apis/csi.ceph.io/v1/drivers',
    optional: true,
  });
  expect(driverTarget()).not.toHaveProperty('namespace');
  expect(driverTarget().rule).not.toHaveProperty('name');
  expect(driverTarget('rook')).toMatchObject({
    namespace: 'rook',
    path: '/apis/csi.ceph.io/v1/namespaces/rook/drivers',
  });
  for (const source of sources()) expect(source).not.toHaveProperty('optional');
});

test('what is written has its path', () => {
  expect(SLOT_SPECS.map((layout) => workloadPath(layout, 'rook'))).toEqual([
    '/apis/apps/v1/namespaces/rook/deployments/csi-rbdplugin-provisioner',
    '/apis/apps/v1/namespaces/rook/deployments/csi-cephfsplugin-provisioner',
    '/apis/apps/v1/namespaces/rook/daemonsets/csi-rbdplugin',
  ]);
  expect(rookConfigPath('rook')).toBe('/api/v1/namespaces/rook/configmaps/rook-ceph-operator-config');
  expect(assignmentStatusPath('rook')).toBe(
    '/apis/csiports.io/v1alpha1/namespaces/rook/csiportassignments/default/status',
  );
});
