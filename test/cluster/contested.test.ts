/** Somebody reverts what the operator writes, again and again. The clock is the test's: nobody waits ten minutes. */
import { expect, test } from 'vitest';
import type { AssignmentSpec, AssignmentStatus, Condition } from '../../src/domain/rules/api.js';
import type { Assignment } from '../support/assignment.js';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { InProcessOperator, SteppedClock } from '../support/in-process-operator.js';
import { CONFLICT_CONFIG } from '../support/rook/operator.js';
import { replaceFromGit } from '../support/rook/config-writers.js';
import type { RookInstallation } from '../support/rook/installation.js';
import type { CsiAddonsWorkload } from '../support/rook/names.js';

const cluster = useCluster({ nodes: 0 });

const PORTS = { rbdProvisioner: 9170, cephfsProvisioner: 9171, rbdNodePlugin: 9172 };
const KEY = 'CSIADDONS_CEPHFS_PROVISIONER_PORT';

interface Contest {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly clock: SteppedClock;
  operator: InProcessOperator;
}

async function begin(spec: AssignmentSpec = { ports: PORTS }): Promise<Contest> {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, spec);
  const clock = new SteppedClock();
  const operator = await InProcessOperator.start(cluster(), clock, [rook.namespace]);
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  return { rook, assignment, clock, operator };
}

/** A full PUT, as Rook writes, under any field manager's name. */
async function revert({ rook }: Contest, name: CsiAddonsWorkload, manager = 'rook'): Promise<void> {
  await rook.rewriteAs(manager, name);
}

async function argument({ rook }: Contest, name: CsiAddonsWorkload): Promise<number> {
  return (await rook.ports(name)).argument;
}

async function revertAndWait(contest: Contest, name: CsiAddonsWorkload, manager?: string): Promise<void> {
  const { count } = (await contest.assignment.status()).reverts;
  await revert(contest, name, manager);
  await waitForPort(contest, name, PORTS[name]);
  expect((await contest.assignment.waitUntilSettled()).reverts.count).toBe(count + 1);
}

async function waitForPort(contest: Contest, name: CsiAddonsWorkload, port: number): Promise<void> {
  await waitFor(`${name} on ${port}`, async () => (await argument(contest, name)) === port);
}

/** Something that changes nothing makes the operator look at its clock again. */
async function step({ rook, clock }: Contest, seconds: number): Promise<void> {
  clock.step(seconds);
  const path = `/apis/csiports.io/v1alpha1/namespaces/${rook.namespace}/csiportassignments/default`;
  await cluster().controlPlane.api.patch(path, { metadata: { annotations: { now: clock.now().toISOString() } } });
}

async function degraded({ assignment }: Contest): Promise<Condition> {
  return assignment.condition('Degraded');
}

async function contestCephfs(manager?: string): Promise<Contest> {
  const contest = await begin();
  for (const seconds of [0, 60, 60, 60]) {
    contest.clock.step(seconds);
    await revertAndWait(contest, 'cephfsProvisioner', manager);
  }
  expect((await degraded(contest)).reason).not.toBe('Contested');
  await revert(contest, 'cephfsProvisioner', manager);
  await contest.assignment.waitForReason('Degraded', 'Contested');
  return contest;
}

function recent({ reverts }: AssignmentStatus): unknown[] {
  return (reverts.recent ?? []).map(({ name, manager, backoffSeconds }) => [name, manager, backoffSeconds]);
}

test('five reverts in ten minutes: the fifth is left for 30 s, the writer and the remedy are named', async () => {
  const contest = await contestCephfs();
  const { assignment, rook } = contest;
  const status = await assignment.waitUntilSettled();
  expect(recent(status)).toEqual([['csi-cephfsplugin-provisioner', 'rook', 30]]);
  expect(status.reverts).toMatchObject({ count: 5 });
  expect(await argument(contest, 'cephfsProvisioner')).toBe(9070);
  const { message } = await degraded(contest);
  expect(message).toContain('Deployment csi-cephfsplugin-provisioner is changed back again and again by rook');
  expect(message).toContain(`${KEY}=9171 (Helm csi.csiAddonsCephFSProvisionerPort)`);
  expect(message).toContain('CSIADDONS_RBD_PROVISIONER_PORT=9170 (Helm csi.csiAddonsRBDProvisionerPort)');
  expect(message).toContain('CSIADDONS_PORT=9172 (Helm csi.csiAddonsPort)');
  expect(await assignment.condition('Ready')).toMatchObject({ status: 'False', reason: 'PortsDiffer' });
  expect(await assignment.condition('Progressing')).toMatchObject({
    reason: 'BackingOff',
    message: 'Deployment csi-cephfsplugin-provisioner is written again at 2026-11-22T10:03:30Z',
  });
  const told = await waitFor('the event', async () => {
    const events = (await cluster().events(rook.namespace)).filter(({ reason }) => reason === 'Contested');
    return events.length === 2 && events;
  });
  expect(told.map(({ type, regarding }) => `${type} ${regarding.kind}`).sort()).toEqual([
    'Warning CSIPortAssignment',
    'Warning Deployment',
  ]);
});

test('what else is reverted meanwhile is put back at once', async () => {
  const contest = await contestCephfs();
  await revertAndWait(contest, 'rbdNodePlugin', 'kubectl-edit');
  expect(recent(await contest.assignment.status())).toEqual([
    ['csi-rbdplugin', 'kubectl-edit', undefined],
    ['csi-cephfsplugin-provisioner', 'rook', 30],
  ]);
  expect(await argument(contest, 'cephfsProvisioner')).toBe(9070);
});

test('a restart of the operator forgets nothing: the object is left alone until its time', async () => {
  const contest = await contestCephfs();
  await contest.operator.stop();
  contest.clock.step(29);
  const mark = await cluster().controlPlane.audit.mark();
  await InProcessOperator.start(cluster(), contest.clock, [contest.rook.namespace]);
  const writes = await cluster().writesUntilSettled(mark, contest.assignment);
  expect(writes).toEqual([]);
  expect(await argument(contest, 'cephfsProvisioner')).toBe(9070);
  await step(contest, 1);
  await waitForPort(contest, 'cephfsProvisioner', 9171);
});

test('each further revert doubles the wait; ten quiet minutes end it, and then it is put back at once again', async () => {
  const contest = await contestCephfs();
  const { assignment } = contest;
  for (const [wait, next] of [
    [30, 60],
    [60, 120],
    [120, 240],
    [240, 300],
    [300, 300],
  ] as const) {
    await step(contest, wait - 1);
    await assignment.waitUntilSettled();
    expect(await argument(contest, 'cephfsProvisioner')).toBe(9070);
    await step(contest, 1);
    await waitForPort(contest, 'cephfsProvisioner', 9171);
    await waitFor('the status to say so', async () => {
      return (await assignment.condition('Progressing')).reason === 'RollingOut';
    });
    await revert(contest, 'cephfsProvisioner');
    await waitFor(`a wait of ${next} s`, async () => {
      const [object] = (await assignment.status()).reverts.recent!;
      return object!.backoffSeconds === next && (await assignment.condition('Progressing')).reason === 'BackingOff';
    });
  }
  await step(contest, 300);
  await waitForPort(contest, 'cephfsProvisioner', 9171);
  await step(contest, 299);
  await assignment.waitUntilSettled();
  expect((await degraded(contest)).reason).toBe('Contested');
  await step(contest, 1);
  await waitFor('the contest to be over', async () => (await degraded(contest)).reason !== 'Contested');
  const { reverts } = await assignment.status();
  expect(reverts).toMatchObject({ count: 10 });
  expect(reverts).not.toHaveProperty('recent');
  await revertAndWait(contest, 'cephfsProvisioner');
  expect((await degraded(contest)).reason).not.toBe('Contested');
});

test('a new spec is carried out at once, contested or not', async () => {
  const contest = await contestCephfs('kubectl-edit');
  const remedy =
    'stop kubectl-edit from writing the port, or set spec.ports.cephfsProvisioner to the port that it writes';
  expect((await degraded(contest)).message).toContain(remedy);
  await contest.assignment.edit({ ports: { rbdProvisioner: null, cephfsProvisioner: 9271 } });
  await waitForPort(contest, 'cephfsProvisioner', 9271);
});

test('a new spec waits for a Rook that runs, and for nothing else', async () => {
  const contest = await contestCephfs();
  const { rook, assignment } = contest;
  await cluster().controlPlane.api.patch(`${rook.operatorPath}/status`, { status: { replicas: 1, readyReplicas: 1 } });
  await assignment.waitUntilSettled();
  await assignment.edit({ ports: { cephfsProvisioner: 9271 } });
  await assignment.waitForReason('Ready', 'WaitingForRook');
  await step(contest, 3);
  await waitForPort(contest, 'cephfsProvisioner', 9271);
});

test('what comes back after it was gone is another object: it is put right at once', async () => {
  const contest = await contestCephfs();
  const { rook, assignment } = contest;
  await cluster().controlPlane.api.delete(rook.workloadPath('cephfsProvisioner'));
  await assignment.waitForState('cephfsProvisioner', 'Absent');
  await rook.rewrite('cephfsProvisioner');
  await waitForPort(contest, 'cephfsProvisioner', 9171);
  expect((await assignment.waitUntilSettled()).reverts).not.toHaveProperty('recent');
});

test('in mode DryRun the API server is asked about a contested workload, too, and nothing is told of a contest', async () => {
  const contest = await contestCephfs();
  const mark = await cluster().controlPlane.audit.mark();
  await contest.assignment.edit({ mode: 'DryRun' });
  await contest.assignment.waitForReason('Ready', 'DryRun');
  const writes = await cluster().writesSince(mark);
  expect(writes).toContain('patch deployments csi-cephfsplugin-provisioner (dry run)');
  expect((await degraded(contest)).reason).not.toBe('Contested');
});

test.each([
  ['no time', { times: [], backoffSeconds: 30 }],
  ['a time of no such zone', { times: ['2026-11-22T10:00:00+25:00'], backoffSeconds: 30 }],
  ['a time far ahead', { times: ['2036-11-22T10:00:00Z'], backoffSeconds: 30 }],
])('an reverted object with %s in the status, by whomever, is dropped', async (_what, object) => {
  const { rook, assignment } = await begin();
  const path = `/apis/csiports.io/v1alpha1/namespaces/${rook.namespace}/csiportassignments/default/status`;
  const recent = [{ kind: 'DaemonSet', name: 'csi-rbdplugin', ...object }];
  await cluster().controlPlane.api.patch(path, { status: { reverts: { count: 5, recent } } });
  await waitFor('the status to be mended', async () => !('recent' in (await assignment.status()).reverts));
  expect(await assignment.condition('Progressing')).toMatchObject({ reason: 'RollingOut' });
});

test.each([
  ['takes out', {}, undefined, 'a writer that left no name (one of argocd-controller, control-plane-admin?)'],
  ['sets to nothing', { [KEY]: '' }, 'argocd-controller', 'argocd-controller'],
])('pins that GitOps %s are counted apart from patches, and the tool is named', async (_what, keys, manager, who) => {
  const contest = await begin({});
  const { rook, assignment } = contest;
  const { api } = cluster().controlPlane;
  const git = { ...CONFLICT_CONFIG, ROOK_LOG_LEVEL: 'DEBUG', ...keys };
  for (const revert of [1, 2, 3, 4]) {
    await replaceFromGit(api, rook, git);
    await waitFor(`the pin after revert ${revert}`, async () => {
      return (await assignment.status()).reverts.pins === revert && (await rook.config())[KEY] === '9071';
    });
  }
  await replaceFromGit(api, rook, git);
  const status = await assignment.waitForReason('Degraded', 'Contested');
  await assignment.waitUntilSettled();
  expect(status.reverts).toMatchObject({ count: 0, pins: 5 });
  expect(recent(status)).toEqual([['rook-ceph-operator-config', manager, 30]]);
  expect((await rook.config())[KEY] ?? '').toBe('');
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
  const { message } = await degraded(contest);
  expect(message).toContain(`is changed back again and again by ${who}`);
  expect(message).toContain(
    `have ${manager ?? 'that writer'} set the keys below to these values or leave them alone, or set spec.rookConfig: Leave`,
  );
  await step(contest, 30);
  await waitFor('the pin', async () => (await rook.config())[KEY] === '9071');
});

test('two tools that hold different copies in turn are a contest for the keys that neither has', async () => {
  const { rook, assignment } = await begin({});
  const { api } = cluster().controlPlane;
  const RBD = 'CSIADDONS_RBD_PROVISIONER_PORT';
  for (let revert = 1; revert <= 5; revert += 1) {
    await replaceFromGit(api, rook, revert % 2 === 0 ? CONFLICT_CONFIG : { ...CONFLICT_CONFIG, [KEY]: '9171' });
    await waitFor(`revert ${revert} to be dealt with`, async () => {
      const { reverts } = await assignment.status();
      return reverts.pins === revert && (revert === 5 || (await rook.config())[RBD] === '9070');
    });
  }
  const { reverts } = await assignment.waitForReason('Degraded', 'Contested');
  expect(reverts.recent).toMatchObject([{ keys: ['CSIADDONS_PORT', RBD], backoffSeconds: 30 }]);
  // What one of them wishes is followed.
  expect((await assignment.status()).ports).toMatchObject({ cephfsProvisioner: 9171 });
});

test('the wait ends by itself, in the built operator by the real clock', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { ports: PORTS });
  await cluster().startOperator({ watchNamespaces: [rook.namespace] });
  await assignment.waitForReason('Ready', 'RollingOut');
  const isPutBack = async (): Promise<boolean> => (await rook.ports('cephfsProvisioner')).argument === 9171;
  for (const revert of [1, 2, 3, 4]) {
    await rook.rewrite('cephfsProvisioner');
    await waitFor(`the repair of revert ${revert}`, isPutBack);
  }
  await rook.rewrite('cephfsProvisioner');
  const { lastTime } = (await assignment.waitForReason('Degraded', 'Contested')).reverts;
  await waitFor('the port to be put back', isPutBack);
  expect(Date.now() - Date.parse(lastTime!)).toBeGreaterThanOrEqual(29_000);
});

test('--contested-after=0 never backs off', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { ports: PORTS });
  await cluster().startOperator({ watchNamespaces: [rook.namespace], args: ['--contested-after=0'] });
  await assignment.waitForReason('Ready', 'RollingOut');
  for (const revert of [1, 2, 3, 4, 5, 6, 7]) {
    await rook.rewrite('cephfsProvisioner');
    await waitFor(`the repair of revert ${revert}`, async () => {
      return (await rook.ports('cephfsProvisioner')).argument === 9171;
    });
  }
  expect((await assignment.waitUntilSettled()).reverts.count).toBe(7);
  expect((await assignment.condition('Degraded')).reason).not.toBe('Contested');
});
