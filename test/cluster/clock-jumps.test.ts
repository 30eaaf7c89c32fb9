/** Wall clocks that jump by hours under replicas that run: the Lease goes on, one writes, and nothing waits for hours. */
import { expect, test } from 'vitest';
import type { Assignment } from '../support/assignment.js';
import { useCluster } from '../support/cluster.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import type { Mark } from '../support/control-plane/audit-log.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { MovableClock } from '../support/movable-clock/movable-clock.js';
import { portsRight } from '../support/recovery.js';
import { startReplica, writesByReplica, writesWithoutTheLease, type Replica } from '../support/replicas.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { OPERATOR_NAMESPACE } from '../support/operator-account.js';

const cluster = useCluster({ nodes: 0 });
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases/csi-port-operator`;
const WITHIN_SECONDS = 30;
/** A contested object is left alone for 30 s. */
const CONTESTED_WITHIN_SECONDS = 60;
const PATCH = 'patch daemonsets';

interface Lease extends KubeObject {
  spec: { holderIdentity: string; leaseTransitions: number };
}

interface Clocked extends Replica {
  readonly clock: MovableClock;
}

interface Pair {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly mark: Mark;
  readonly leader: Clocked;
  readonly standby: Clocked;
}

async function startClocked(name: string): Promise<Clocked> {
  const clock = await MovableClock.create(cluster().controlPlane.directory, name);
  return { ...(await startReplica(cluster(), name, clock.options)), clock };
}

async function leaderAndStandby(): Promise<Pair> {
  const mark = await cluster().controlPlane.audit.mark();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const leader = await startClocked('leader');
  await leader.operator.waitForMessage('Leading');
  await assignment.waitForReason('Ready', 'RollingOut');
  const standby = await startClocked('standby');
  await standby.operator.waitForMessage('Standing by');
  await standby.operator.waitForMessage('Informers synced');
  return { rook, assignment, mark, leader, standby };
}

async function holder(): Promise<Lease['spec']> {
  const { spec } = await cluster().controlPlane.api.get<Lease>(LEASE);
  return { holderIdentity: spec.holderIdentity, leaseTransitions: spec.leaseTransitions };
}

async function writesSince(mark: Mark, { leader, standby }: Pair): Promise<string[]> {
  return writesByReplica(cluster(), mark, [leader, standby]);
}

/** By which a replica that took the clock for a deadline would have given up, or taken, the Lease. */
async function waitForRenewals(pair: Pair, count: number): Promise<void> {
  const mark = await cluster().controlPlane.audit.mark();
  await waitFor(`${count} renewals`, async () => {
    const renewals = (await writesSince(mark, pair)).filter((write) => write === 'leader lease');
    return renewals.length >= count;
  });
}

/** One revert, which is repaired by one patch of the leader's. */
async function expectOneRepair(pair: Pair, fault: string): Promise<void> {
  const mark = await cluster().controlPlane.audit.mark();
  await pair.rook.rewrite('rbdNodePlugin');
  await portsRight(pair.rook, { fault, since: performance.now(), withinSeconds: WITHIN_SECONDS });
  await pair.assignment.waitUntilSettled();
  const patches = (await writesSince(mark, pair)).filter((write) => write.endsWith(PATCH));
  expect(patches).toEqual([`leader ${PATCH}`]);
}

test('clocks that jump apart, forward and back, move neither the Lease nor a repair', async () => {
  const pair = await leaderAndStandby();
  const { leader, standby, mark } = pair;
  const before = await holder();
  const jumps = [
    { leaderHours: 3, standbyHours: 0 },
    { leaderHours: -5, standbyHours: 0 },
    { leaderHours: 0, standbyHours: 4 },
    { leaderHours: 6, standbyHours: -6 },
  ];
  for (const { leaderHours, standbyHours } of jumps) {
    await leader.clock.set(leaderHours);
    await standby.clock.set(standbyHours);
    const fault = `clocks off: leader ${leaderHours} h, standby ${standbyHours} h`;
    await expectOneRepair(pair, fault);
    await waitForRenewals(pair, 3);
    expect(await holder()).toEqual(before);
  }
  const { time } = leader.operator.log.at(-1)!;
  expect(Math.round((Date.parse(String(time)) - Date.now()) / 3_600_000)).toBe(6);
  expect(await leader.operator.reverts()).toBe(jumps.length);
  for (const { operator } of [leader, standby]) {
    expect(operator.warnings).toEqual([]);
    expect((await operator.probe('/readyz')).status).toBe(200);
    expect((await operator.probe('/healthz')).status).toBe(200);
  }
  expect(writesWithoutTheLease(await writesSince(mark, pair))).toEqual([]);
});

test('a contest that began by a clock three hours ahead holds nobody up when the clock is right again', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const clock = await MovableClock.create(cluster().controlPlane.directory, 'alone');
  await clock.set(3);
  const mark = await cluster().controlPlane.audit.mark();
  const operator = await cluster().startOperator(clock.options);
  await assignment.waitForReason('Ready', 'RollingOut');
  // With the first, that makes five writes.
  for (let time = 1; time <= 4; time += 1) {
    await rook.rewrite('rbdNodePlugin');
    await waitFor('the repair', async () => (await rook.ports('rbdNodePlugin')).argument === 9072, { everyMs: 10 });
  }
  await rook.rewrite('rbdNodePlugin');
  await assignment.waitForReason('Progressing', 'BackingOff');
  const [, lastWrite = ''] = /the last write at (\S+Z)/.exec((await assignment.condition('Degraded')).message)!;
  expect(Math.round((Date.parse(lastWrite) - Date.now()) / 3_600_000)).toBe(3);
  await clock.set(0);
  const fault = 'contested, then a clock set back by 3 h';
  await portsRight(rook, { fault, since: performance.now(), withinSeconds: CONTESTED_WITHIN_SECONDS });
  await assignment.waitUntilSettled();
  const patches = (await cluster().writesSince(mark)).filter((write) => write === `${PATCH} csi-rbdplugin`);
  expect(patches).toHaveLength(1 + 4 + 1);
  expect(operator.isRunning).toBe(true);
});
