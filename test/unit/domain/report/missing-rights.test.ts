import { expect, test } from 'vitest';
import { missingRights, missingRightsEvent } from '../../../../src/domain/report/missing-rights.js';

const STATUS = 'patch csiportassignments/status';
const WORKLOAD = 'patch daemonsets.apps/csi-rbdplugin';

test('the rights that the writes lacked, in their order', () => {
  expect(missingRights([{}, { missingRight: WORKLOAD }, {}, { missingRight: STATUS }])).toEqual([WORKLOAD, STATUS]);
  expect(missingRights([{}])).toEqual([]);
});

test('one event names all of them, where they are missing, and what to apply', () => {
  expect(missingRightsEvent('rook-two', [WORKLOAD, STATUS])).toEqual({
    type: 'Warning',
    reason: 'Forbidden',
    action: 'Write',
    note: `missing: ${WORKLOAD}, ${STATUS} in namespace rook-two; apply config/rbac/rook-namespace with namespace: rook-two, or add rook-two to the Helm value rookNamespaces`,
  });
});
