import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plan } from '../../../../src/domain/rules/plan.js';
import { STAND_IN_NODE } from '../../../../src/cli/sources/stand-in-pods.js';
import { readObjects, reasonsOf, rookIn } from './dumps.js';
import { assignment, foreignDaemonSet, manifest, podOf, rook, runningRook, stored, type Raw } from './raw-objects.js';

test('a Rook without an assignment is planned as with an empty one, and has no stored status', async () => {
  const survey = await readObjects(rook());
  const { isAssigned, plan: planned, status, ...others } = rookIn(survey);
  expect(isAssigned).toBe(false);
  expect(others).not.toHaveProperty('stored');
  expect(planned).toMatchObject({ mode: 'Enforce', rookConfigPolicy: 'Pin' });
  expect(status.ports).toEqual({ rbdProvisioner: 9070, cephfsProvisioner: 9071, rbdNodePlugin: 9072 });
});

test('an assignment that is being deleted counts as absent', async () => {
  const deleted = stored(assignment('rook-ceph', { mode: 'Paused' }));
  const metadata = { ...(deleted.metadata as Raw), deletionTimestamp: '2026-11-20T10:00:00Z' };
  const found = rookIn(await readObjects([...rook(), { ...deleted, metadata }]));
  expect(found).toMatchObject({ isAssigned: false, plan: { mode: 'Enforce' } });
});

const NAMES = ['rook-a', 'rook-b', 'rook-c'];
const ONE_EACH = { rbdProvisioner: 9070, cephfsProvisioner: 9070, rbdNodePlugin: 9070 };

test('of Rooks that share nodes no two plans without an assignment have a port in common', async () => {
  await fc.assert(
    fc.asyncProperty(fc.subarray(NAMES, { minLength: 1 }), fc.boolean(), async (namespaces, hasPods) => {
      const objects = namespaces.flatMap((namespace) => {
        return hasPods ? runningRook({ namespace, ports: ONE_EACH }) : rook({ namespace, ports: ONE_EACH });
      });
      const { rooks } = await readObjects(objects);
      const ports = rooks.flatMap(({ status }) => Object.values(status.ports));
      expect(ports).toHaveLength(3 * namespaces.length);
      expect(new Set(ports).size).toBe(ports.length);
    }),
    { numRuns: 10 },
  );
});

test('a Rook with an assignment is planned as the operator does: one without stays where it is', async () => {
  const objects = [
    ...runningRook({ namespace: 'rook-a' }),
    ...runningRook({ namespace: 'rook-b' }),
    stored(assignment('rook-b')),
  ];
  const survey = await readObjects(objects);
  const assigned = rookIn(survey, 'rook-b');
  expect(Object.values(assigned.status.ports)).not.toContain(9070);
  expect(assigned.plan).toEqual(plan(assigned.observed));
  expect(Object.values(rookIn(survey, 'rook-a').status.ports)).not.toContain(9070);
});

test('Rooks that share no node may have the same ports', async () => {
  const objects = [
    ...runningRook({ namespace: 'rook-a' }, ['node-1']),
    ...runningRook({ namespace: 'rook-b' }, ['node-2']),
  ];
  const { rooks } = await readObjects(objects);
  expect(rooks[0]!.status.ports).toEqual(rooks[1]!.status.ports);
});

test('what is left of a Rook, an assignment and a Driver have a survey of their own', async () => {
  const [, , provisioner] = rook({ namespace: 'left' });
  const objects = [
    provisioner!,
    assignment('assigned'),
    manifest(['csi.ceph.io/v1', 'Driver'], 'x.rbd.csi.ceph.com', 'driven'),
  ];
  const { rooks } = await readObjects([...objects, podOf(foreignDaemonSet(1), 'node-1')]);
  expect(rooks.map((found) => [found.namespace, found.status.provider, reasonsOf(found).Ready])).toEqual([
    ['assigned', 'None', 'NoRook'],
    ['driven', 'CephCSIOperator', 'NothingToAssign'],
    ['left', 'Rook', 'PortsAssigned'],
  ]);
});

test('the node of the stand-ins is in no plan and in no status', async () => {
  const spec = { ports: { rbdNodePlugin: 9072 } };
  const { rooks } = await readObjects([foreignDaemonSet(9072), ...rook(), assignment('rook-ceph', spec)]);
  for (const { plan: planned, status } of rooks) {
    expect(JSON.stringify([planned.conflicts, planned.workloads, status])).not.toContain(`"${STAND_IN_NODE}"`);
  }
  expect(reasonsOf(rooks[0]!).Ready).toBe('PortInUse');
});
