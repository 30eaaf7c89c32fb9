import { expect, test } from 'vitest';
import { WATCH_TABLE, watchTarget } from '../../../src/watched/watch-table.js';
import { SLOT_SPECS, forEachSlot } from '../../../src/domain/rules/slots.js';
import type { WatchTarget } from '../../../src/kube/informer-state.js';

const { workloads, drivers, pods, ...others } = WATCH_TABLE;

const targets = (namespace?: string): WatchTarget<unknown>[] => [
  watchTarget(others.assignments, namespace),
  watchTarget(others.rookConfigs, namespace),
  watchTarget(others.rookOperators, namespace),
  ...Object.values(forEachSlot(({ slot }) => watchTarget(workloads[slot], namespace))),
];

test('each name is watched across all namespaces', () => {
  expect(targets().map(({ title, path }) => `${title}: ${path}`)).toEqual([
    'CSIPortAssignment default: /apis/csiports.io/v1alpha1/csiportassignments',
    'ConfigMap rook-ceph-operator-config: /api/v1/configmaps',
    'Deployment rook-ceph-operator: /apis/apps/v1/deployments',
    ...SLOT_SPECS.map(({ kind, workload }) => `${kind} ${workload}: /apis/apps/v1/${kind.toLowerCase()}s`),
  ]);
  for (const target of targets()) expect(target).not.toHaveProperty('namespace');
});

test('or in one', () => {
  expect(targets('rook').map(({ path }) => path)).toEqual([
    '/apis/csiports.io/v1alpha1/namespaces/rook/csiportassignments',
    '/api/v1/namespaces/rook/configmaps',
    '/apis/apps/v1/namespaces/rook/deployments',
    ...SLOT_SPECS.map(({ kind }) => `/apis/apps/v1/namespaces/rook/${kind.toLowerCase()}s`),
  ]);
  for (const target of targets('rook')) expect(target.namespace).toBe('rook');
});

test('each says the RBAC rule that it needs', () => {
  expect(targets().map(({ rule }) => Object.values(rule).join(' '))).toEqual([
    'csiports.io csiportassignments default',
    ' configmaps rook-ceph-operator-config',
    'apps deployments rook-ceph-operator',
    ...SLOT_SPECS.map(({ kind, workload }) => `apps ${kind.toLowerCase()}s ${workload}`),
  ]);
});

test('the Drivers of ceph-csi-operator are watched whatever their names, where there are such objects at all', () => {
  expect(watchTarget(drivers, undefined)).toMatchObject({
    rule: { group: 'csi.ceph.io', resource: 'drivers' },
    path: '/apis/csi.ceph.io/v1/drivers',
    optional: true,
  });
  expect(watchTarget(drivers, undefined)).not.toHaveProperty('namespace');
  expect(watchTarget(drivers, undefined).rule).not.toHaveProperty('name');
  expect(watchTarget(drivers, 'rook')).toMatchObject({
    namespace: 'rook',
    path: '/apis/csi.ceph.io/v1/namespaces/rook/drivers',
  });
  for (const target of targets()) expect(target).not.toHaveProperty('optional');
});

test('each change leads to the namespace of the object', () => {
  const rows = [...Object.values(others), ...Object.values(workloads), drivers];
  expect(rows).toHaveLength(SLOT_SPECS.length + 4);
  for (const { keysOf } of rows) expect(keysOf('rook')).toEqual(['rook']);
});

test('what Rook is made of concerns Rooks on the same nodes, and assignments without a Rook wait for it', () => {
  const { assignments, rookConfigs, rookOperators } = others;
  expect([assignments, rookConfigs].map(({ concernsOthers }) => concernsOthers)).toEqual(['Neighbours', 'Neighbours']);
  for (const row of [rookOperators, ...Object.values(workloads)]) expect(row.concernsOthers).toBe('Rook');
  for (const row of [drivers, pods]) expect(row).not.toHaveProperty('concernsOthers');
});

test('pods are watched by their host network; the folder with the right to do so is named', () => {
  expect(watchTarget(pods, undefined)).toEqual({
    title: 'Pods on the host network',
    rule: { group: '', resource: 'pods', folder: 'config/rbac/host-network-pods' },
    fieldSelector: 'spec.hostNetwork=true',
    path: '/api/v1/pods',
    optional: true,
    project: pods.project,
  });
  expect(watchTarget(pods, 'rook')).toMatchObject({ namespace: 'rook', path: '/api/v1/namespaces/rook/pods' });
});
