/** Replicas beside each other: one writes, and another takes its place when it is gone. */
import { expect, test } from 'vitest';
import { waitUntilForbidden } from '../support/access.js';
import { useCluster } from '../support/cluster.js';
import type { Assignment } from '../support/assignment.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import type { Mark } from '../support/control-plane/audit-log.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { startReplica, writesByReplica, writesWithoutTheLease, type Replica } from '../support/replicas.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { layoutOf } from '../support/slots.js';
import { OPERATOR_NAMESPACE, OPERATOR_USER, TO_LEAD } from '../support/operator-account.js';

const cluster = useCluster({ nodes: 0, withholdsRights: true });
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases/csi-port-operator`;

const ROLE = `/apis/rbac.authorization.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/roles/csi-port-operator-leader-election`;
const RULE = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: ['csi-port-operator'] };

interface Lease extends KubeObject {
  spec: { holderIdentity: string; leaseDurationSeconds: number; leaseTransitions: number; renewTime: string };
}

interface Pair {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly mark: Mark;
  readonly leader: Replica;
  readonly standby: Replica;
}

function lease(): Promise<Lease> {
  return cluster().controlPlane.api.get<Lease>(LEASE);
}

/** A replica that leads and has solved the conflict, and another that stands by. */
async function leaderAndStandby(nodeArgs: { leader?: string[]; standby?: string[] } = {}): Promise<Pair> {
  const mark = await cluster().controlPlane.audit.mark();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const leader = await startReplica(cluster(), 'leader', { nodeArgs: nodeArgs.leader ?? [] });
  // The Lease of an earlier test's killed leader has to expire first.
  await leader.operator.waitForMessage('Leading');
  await assignment.waitForReason('Ready', 'RollingOut');
  const standby = await startReplica(cluster(), 'standby', { nodeArgs: nodeArgs.standby ?? [] });
  await standby.operator.waitForMessage('Standing by');
  await standby.operator.waitForMessage('Informers synced');
  return { rook, assignment, mark, leader, standby };
}

/** A revert, and its repair. */
async function expectRepair({ rook, assignment }: Pair): Promise<void> {
  await rook.rewrite('rbdNodePlugin');
  await waitFor('the repair', async () => (await rook.layout()).join() === layoutOf().join());
  await assignment.waitUntilSettled();
}

async function expectOneWriterAtATime({ mark, leader, standby }: Pair, ...names: string[]): Promise<void> {
  const writes = await writesByReplica(cluster(), mark, [leader, standby]);
  expect(writesWithoutTheLease(writes)).toEqual([]);
  const writers = new Set(writes.filter((write) => !write.endsWith(' lease')).map((write) => write.split(' ')[0]));
  expect([...writers]).toEqual(names);
}

/** Since SIGTERM, SIGKILL or the end of an outage. */
async function measureTakeover(what: string, { standby }: Pair, begun: number, timeoutMs?: number): Promise<void> {
  await standby.operator.waitForMessage('Leading', timeoutMs);
  console.log(`measured | takeover after ${what} | ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}

test('one replica writes; the other is ready, knows everything, and writes nothing', async () => {
  const pair = await leaderAndStandby();
  const { leader, standby } = pair;
  for (const { operator } of [leader, standby]) await operator.waitUntilReady();
  expect((await standby.operator.probe('/readyz')).body).toContain('[+] leader election ok\n');
  const { spec } = await lease();
  expect(spec).toMatchObject({ leaseDurationSeconds: 15 });
  expect(spec.holderIdentity).toMatch(/^leader_[0-9a-f-]{36}$/);
  expect(standby.operator.log.find(({ msg }) => msg === 'Standing by')).toMatchObject({ holder: spec.holderIdentity });
  await expectRepair(pair);
  await expectOneWriterAtATime(pair, 'leader');
  const [led, stoodBy] = [await leader.operator.scrape(), await standby.operator.scrape()];
  const ofBoth = (name: string): number[] => [led.sum(name), stoodBy.sum(name)];
  expect(ofBoth('leader_election_master_status')).toEqual([1, 0]);
  expect(stoodBy.sum('controller_runtime_reconcile_total')).toBe(0);
  expect(led.series('csiports_ready')).toHaveLength(1);
  expect(stoodBy.series('csiports_ready')).toEqual([]);
  const opened = new Set(
    standby.operator.log.filter(({ msg }) => msg === 'Informer synced').map(({ informer }) => informer),
  );
  expect(opened).toContain('DaemonSet csi-rbdplugin');
});

test('SIGTERM: the lease is given back after the work in hand, and the other replica need not wait for it to expire', async () => {
  const pair = await leaderAndStandby();
  const { leader, standby, rook, assignment } = pair;
  await rook.rewrite('cephfsProvisioner');
  await waitFor('the repair', async () => (await rook.ports('cephfsProvisioner')).argument === 9071);
  const begun = performance.now();
  expect(await leader.operator.stop()).toBe(0);
  expect(leader.operator.messages.slice(-3)).toEqual(['Stopping', 'Lease released', 'Stopped']);
  const writes = await writesByReplica(cluster(), pair.mark, [leader, standby]);
  const byLeader = writes.filter((write) => write.startsWith('leader '));
  expect(byLeader.slice(-2)).toEqual(['leader patch deployments', 'leader lease']);
  const takenOver = await cluster().controlPlane.audit.mark();
  // It was renewed in the last seconds before the signal, and would last for 15 s from then.
  await measureTakeover('SIGTERM', pair, begun, 12_000 - (performance.now() - begun));
  const afterwards = await cluster().writesUntilSettled(takenOver, assignment);
  expect(afterwards.filter((write) => !write.startsWith('patch leases'))).toEqual([]);
  expect((await lease()).spec.holderIdentity).toMatch(/^standby_/);
  await expectRepair(pair);
  await expectOneWriterAtATime(pair, 'leader', 'standby');
});

test('kill -9: what is reverted while nobody leads is put right by the other replica when the lease has expired', async () => {
  const pair = await leaderAndStandby();
  const begun = performance.now();
  await pair.leader.operator.kill();
  const repaired = expectRepair(pair);
  await measureTakeover('SIGKILL', pair, begun);
  await repaired;
  await expectOneWriterAtATime(pair, 'leader', 'standby');
});

test('a leader that stands still until another leads writes nothing when it goes on, and ends', async () => {
  const pair = await leaderAndStandby();
  const { leader, standby, rook } = pair;
  process.kill(leader.operator.pid, 'SIGSTOP');
  const begun = performance.now();
  await measureTakeover('SIGSTOP', pair, begun);
  await standby.operator.stop();
  // The Lease is free again, and there is something to do, which the frozen process sees as soon as it goes on.
  const successor = await startReplica(cluster(), 'successor');
  await successor.operator.waitForMessage('Leading');
  await rook.rewrite('cephfsProvisioner');
  process.kill(leader.operator.pid, 'SIGCONT');
  expect(await leader.operator.ended()).toBe(1);
  expect(leader.operator.messages).toContain('Lease lost');
  await waitFor('the repair', async () => (await rook.layout()).join() === '9070,9071,9072');
  await expectRepair(pair);
  const writes = await writesByReplica(cluster(), pair.mark, [leader, standby, successor]);
  expect(writesWithoutTheLease(writes)).toEqual([]);
});

test('an API server that is away for longer than the renew deadline: the leader ends, and somebody leads afterwards', async () => {
  const pair = await leaderAndStandby();
  const { leader, standby } = pair;
  const { controlPlane } = cluster();
  await controlPlane.killApiServer();
  expect(await leader.operator.ended()).toBe(1);
  expect(leader.operator.messages.slice(-2)).toEqual(['Lease lost', 'Stopped']);
  expect(standby.operator.isRunning).toBe(true);
  await controlPlane.startApiServer();
  await measureTakeover('an outage', pair, performance.now());
  await expectRepair(pair);
  await expectOneWriterAtATime(pair, 'leader', 'standby');
});

test.each([10, -10])(
  'a standby whose clock is %i minutes off neither takes a lease that is renewed nor misses one that is not',
  async (minutes) => {
    const shift = `const RealDate = Date; const off = ${minutes} * 60_000; globalThis.Date = class extends RealDate { constructor(...a) { if (a.length === 0) super(RealDate.now() + off); else super(...a); } static now() { return RealDate.now() + off; } };`;
    const pair = await leaderAndStandby({ standby: ['--import', `data:text/javascript,${encodeURIComponent(shift)}`] });
    const { leader, standby } = pair;
    const loggedAt = Date.parse(String(standby.operator.log[0]!.time));
    const startedAt = performance.timeOrigin + standby.operator.startedAt;
    expect(Math.round((loggedAt - startedAt) / 60_000)).toBe(minutes);
    const { spec: before } = await lease();
    await waitFor('twenty seconds of renewals', async () => {
      const { renewTime } = (await lease()).spec;
      return Date.parse(renewTime) - Date.parse(before.renewTime) > 20_000;
    });
    expect((await lease()).spec).toMatchObject({
      holderIdentity: before.holderIdentity,
      leaseTransitions: before.leaseTransitions,
    });
    const begun = performance.now();
    await leader.operator.kill();
    await measureTakeover(`SIGKILL with a clock ${minutes} min off`, pair, begun);
    await expectRepair(pair);
    await expectOneWriterAtATime(pair, 'leader', 'standby');
  },
);

test('without the right to the Lease nobody leads, and one line names the rule that is missing', async () => {
  const { controlPlane } = cluster();
  const { api } = controlPlane;
  await api.patch(ROLE, { rules: [] });
  await waitUntilForbidden(api, OPERATOR_USER, TO_LEAD);
  const { assignment } = await cluster().installRookWithAssignment();
  const { operator } = await startReplica(cluster(), 'alone');
  await operator.waitForMessage('Lease failed');
  const [warning, ...others] = operator.warnings;
  expect(others).toEqual([]);
  expect(warning!.remedy).toBe(
    'allow verbs get, create and patch on leases.coordination.k8s.io named csi-port-operator in a Role in namespace csi-port-operator-system',
  );
  expect((await assignment.get()).status).toBeUndefined();

  // The right to create is asked for within the patch that makes the Lease.
  await api.delete(LEASE);
  await api.patch(ROLE, { rules: [{ ...RULE, verbs: ['get', 'patch'] }] });
  await operator.waitForLine('the rejection of the patch', ({ level, error }) => {
    return level === 'warn' && String(error).includes('cannot create resource');
  });
  await controlPlane.kubectl(['apply', '-k', 'config/rbac/leader-election']);
  await operator.waitForMessage('Leading');
  await assignment.waitForReason('Ready', 'RollingOut');
});
