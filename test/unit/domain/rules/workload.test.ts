import { expect, it } from 'vitest';
import { isCompeting } from '../../../../src/domain/rules/workload.js';
import { project, rawWorkload, type RawOptions } from '../raw-workload.js';

const rows: [string, RawOptions, boolean][] = [
  ['a sidecar on the host network', {}, true],
  ['the same, on its way out', { deleting: true }, true],
  ['on the pod network', { hostNetwork: false }, false],
  ['without a sidecar', { sidecar: 'none' }, false],
  ['owned by a Driver of ceph-csi-operator', { driverOwned: true }, false],
];

it.each(rows)('competes: %s', (_name, options, expected) => {
  expect(isCompeting(project(rawWorkload('rbdNodePlugin', options)))).toBe(expected);
});

it('competes: not where there is no workload', () => expect(isCompeting(undefined)).toBe(false));
