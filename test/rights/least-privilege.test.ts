/**
 * What config/ grants the operator against what it asked for in all cluster tests: each right was used, and nothing was
 * ever forbidden. Runs after them, in `npm test`.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { recordedRights, type RightsRecord } from '../support/rights-record.js';
import { rightsOf, type Role } from '../support/rights.js';

const ROLES = [
  'cluster-reader/cluster_role',
  'host-network-pods/cluster_role',
  'rook-namespace/role',
  'single-namespace/role',
  'leader-election/role',
  'metrics-auth/auth_role',
];

/** Asked for within the patch that makes the Lease, so that no request shows it: see test/cluster/leader-election.test.ts. */
const WITHIN_A_PATCH = ['create coordination.k8s.io/leases csi-port-operator'];

const record = await recordedRights();
if (record === undefined) console.log('skipped: no cluster tests ran before in this run (RIGHTS_RECORD is not set)');

describe.skipIf(record === undefined)('in all cluster tests together', () => {
  let rights: RightsRecord;
  beforeAll(() => {
    rights = record!;
  });

  test('nothing that the operator asked for was forbidden', () => {
    expect(rights.forbidden).toEqual([]);
  });

  test.each(ROLES)('each right of config/rbac/%s.yaml was used', (role) => {
    const { rules } = parse(readFileSync(`config/rbac/${role}.yaml`, 'utf8')) as Role;
    const used = [...rights.used, ...WITHIN_A_PATCH];
    expect(rightsOf(rules).filter((right) => !used.includes(right))).toEqual([]);
  });

  test('and no right was used that is not in one of them', () => {
    const granted = ROLES.flatMap((role) =>
      rightsOf((parse(readFileSync(`config/rbac/${role}.yaml`, 'utf8')) as Role).rules),
    );
    expect(rights.used.filter((right) => !granted.includes(right))).toEqual([]);
  });
});
