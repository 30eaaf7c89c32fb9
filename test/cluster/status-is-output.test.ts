/** The status is output: whatever becomes of it, the operator decides and writes as ever, and puts the status back. */
import { describe, expect, test } from 'vitest';
import type { AssignmentStatus } from '../../src/domain/rules/api.js';
import type { Assignment } from '../support/assignment.js';
import { STATUS_WRITE, useCluster } from '../support/cluster.js';
import { Contest, CONTEST_PORTS } from '../support/contest.js';
import type { Mark } from '../support/control-plane/audit-log.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { InProcessOperator, SteppedClock } from '../support/in-process-operator.js';
import type { Operator } from '../support/operator.js';
import type { RookInstallation } from '../support/rook/installation.js';

const cluster = useCluster({ nodes: 0 });

const PATCH = 'patch deployments csi-cephfsplugin-provisioner';
const PIN = 'patch configmaps rook-ceph-operator-config';
const LONG_AGO = '1999-12-31T23:59:59Z';

interface Damage {
  readonly what: string;
  readonly done: (before: AssignmentStatus) => object | null;
}

const condition = { observedGeneration: 0, message: 'nonsense', lastTransitionTime: LONG_AGO };

const NOBODY = { namespace: 'nowhere', kind: 'DaemonSet', name: 'nobody', container: 'none' };

/** All of it passes the schema. */
const DAMAGES: readonly Damage[] = [
  { what: 'removed', done: () => null },
  {
    what: 'overwritten with another story',
    done: ({ workloads }) => ({
      observedGeneration: 99,
      provider: 'CephCSIOperator',
      rookVersion: 'v9.9.9',
      ports: { rbdProvisioner: 5000, cephfsProvisioner: 5000, rbdNodePlugin: 5000 },
      workloads: workloads.map((row) => ({ ...row, assignedPort: 5000, currentPort: 5000, state: 'Ready' })),
      conflicts: [{ port: 5000, holders: [NOBODY], nodes: ['nowhere'], nodeCount: 7 }],
      advice: 'delete everything',
      conditions: [
        { ...condition, type: 'Ready', status: 'True', reason: 'PortsAssigned' },
        { ...condition, type: 'Progressing', status: 'Unknown', reason: 'WaitingForRook' },
        { ...condition, type: 'Degraded', status: 'True', reason: 'Contested' },
      ],
    }),
  },
  { what: 'emptied of its lists', done: () => ({ conditions: [], workloads: [], conflicts: [] }) },
  {
    what: 'said to be rejected and in conflict',
    done: ({ workloads }) => ({
      workloads: workloads.map((row) => ({ ...row, hostNetwork: false, state: 'Rejected' })),
      conflicts: [{ port: 9070, holders: [] }],
      conditions: [{ ...condition, type: 'Degraded', status: 'True', reason: 'PortConflict' }],
    }),
  },
];

/** When a condition flipped is all that a status keeps of the one before it. */
function withoutTimes({ conditions, ...rest }: AssignmentStatus): object {
  const timeless = conditions.map((found) => ({ ...found, lastTransitionTime: '' }));
  return { ...rest, conditions: timeless.sort((a, b) => a.type.localeCompare(b.type)) };
}

async function damage(assignment: Assignment, { done }: Damage): Promise<void> {
  await assignment.patchStatus(done(await assignment.status()));
}

async function waitUntilBack(assignment: Assignment, before: AssignmentStatus): Promise<void> {
  const wanted = JSON.stringify(sorted(withoutTimes(before)));
  await waitFor(
    'the status to be as it was',
    async () => JSON.stringify(sorted(withoutTimes(await assignment.status()))) === wanted,
    { lastSeen: () => assignment.get() },
  );
  for (const { lastTransitionTime } of (await assignment.status()).conditions) {
    // A flip that somebody has made up is none; one that is put right is one, of now.
    expect(Date.parse(lastTransitionTime)).not.toBeNaN();
  }
}

/** Objects by their fields in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => a.localeCompare(b));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

interface Settled {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly operator: Operator;
}

async function settled(): Promise<Settled> {
  const installed = await cluster().installRookWithAssignment({}, { ports: CONTEST_PORTS });
  const operator = await cluster().startOperator({ watchNamespaces: [installed.rook.namespace] });
  await installed.assignment.waitForReason('Ready', 'RollingOut');
  await installed.assignment.waitUntilSettled();
  return { ...installed, operator };
}

function mark(): Promise<Mark> {
  return cluster().controlPlane.audit.mark();
}

/** Status writes beside those with which the test waits. */
async function expectNothingButStatus(begun: Mark, assignment: Assignment): Promise<void> {
  expect(await cluster().storedUntilRestored(begun, assignment)).toEqual([]);
  const writes = await cluster().writesSince(begun);
  expect(new Set(writes)).toEqual(new Set([STATUS_WRITE]));
}

describe.each(DAMAGES)('a status that is $what', (how) => {
  test('comes back, and brings no other write and no event, while the operator is up', async () => {
    const { rook, assignment, operator } = await settled();
    const before = await assignment.status();
    const begun = await mark();
    await damage(assignment, how);
    await waitUntilBack(assignment, before);
    await expectNothingButStatus(begun, assignment);
    expect(await operator.reverts()).toBe(0);
    const reasons = (await cluster().eventsAfterStop(operator, rook.namespace)).map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(
      new Set(['ConflictDetected', 'RookConfigPinned', 'PortAssigned', 'ConflictResolved']),
    );
  });

  test('comes back, and brings no other write and no event, after the start of an operator', async () => {
    const { rook, assignment, operator } = await settled();
    const before = await assignment.status();
    const events = await cluster().eventsAfterStop(operator, rook.namespace);
    await damage(assignment, how);
    const begun = await mark();
    const successor = await cluster().startOperator({ watchNamespaces: [rook.namespace] });
    await waitUntilBack(assignment, before);
    await expectNothingButStatus(begun, assignment);
    expect(await cluster().eventsAfterStop(successor, rook.namespace)).toEqual(events);
  });

  test('keeps nothing from being moved that drifts meanwhile', async () => {
    const { rook, assignment, operator } = await settled();
    const before = await assignment.status();
    const begun = await mark();
    await Promise.all([damage(assignment, how), rook.rewrite('cephfsProvisioner')]);
    await waitFor('the move', async () => (await rook.ports('cephfsProvisioner')).argument === 9171);
    await waitUntilBack(assignment, before);
    expect(await cluster().storedUntilRestored(begun, assignment)).toEqual([PATCH]);
    expect(await operator.reverts()).toBe(1);

    await operator.stop();
    await damage(assignment, how);
    await rook.rewrite('cephfsProvisioner');
    const later = await mark();
    await cluster().startOperator({ watchNamespaces: [rook.namespace] });
    await waitFor('the move', async () => (await rook.ports('cephfsProvisioner')).argument === 9171);
    await waitUntilBack(assignment, before);
    expect(await cluster().storedUntilRestored(later, assignment)).toEqual([PATCH]);
  });

  test('ends no contest, and prolongs none', async () => {
    const contest = await Contest.cephfs(cluster());
    const { assignment } = contest;
    const before = await assignment.status();
    const begun = await mark();
    await damage(assignment, how);
    await waitUntilBack(assignment, before);
    await expectNothingButStatus(begun, assignment);
    contest.clock.step(29);
    await damage(assignment, how);
    await waitUntilBack(assignment, before);
    await expectNothingButStatus(begun, assignment);
    expect(await contest.port('cephfsProvisioner')).toBe(9070);
    contest.clock.step(1);
    await damage(assignment, how);
    await contest.waitForPort('cephfsProvisioner', 9171);
    // The status comes after the patch.
    await assignment.waitForReason('Degraded', 'Contested');
    expect(await cluster().storedUntilRestored(begun, assignment)).toEqual([PATCH]);
  });

  test('ends no wait for Rook, and prolongs none', async () => {
    const { rook, assignment } = await cluster().installRookWithAssignment({}, { ports: CONTEST_PORTS });
    const { api } = cluster().controlPlane;
    await api.patch(`${rook.operatorPath}/status`, { status: { replicas: 1, readyReplicas: 1 } });
    const begun = await mark();
    const clock = new SteppedClock();
    await InProcessOperator.start(cluster(), clock, [rook.namespace]);
    const before = await assignment.waitForReason('Ready', 'WaitingForRook');
    clock.step(2);
    await damage(assignment, how);
    await waitUntilBack(assignment, before);
    expect(await cluster().storedUntilRestored(begun, assignment)).toEqual([PIN]);
    expect(await rook.layout()).toEqual([9070, 9070, 9070]);
    clock.step(1);
    await damage(assignment, how);
    await assignment.waitForReason('Ready', 'RollingOut');
    expect(await rook.layout()).toEqual([9170, 9171, 9172]);
    const writes = await cluster().storedUntilRestored(begun, assignment);
    expect(writes.sort()).toEqual([
      PIN,
      'patch daemonsets csi-rbdplugin',
      PATCH,
      'patch deployments csi-rbdplugin-provisioner',
    ]);
  });
});
