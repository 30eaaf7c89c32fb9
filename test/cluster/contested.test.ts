/** Somebody reverts what the operator writes, again and again. The patches are counted by the audit log. */
import { expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { Contest, CONTEST_PORTS, CONTESTED_AFTER } from '../support/contest.js';
import type { Mark } from '../support/control-plane/audit-log.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { CONFLICT_CONFIG } from '../support/rook/operator.js';
import { replaceFromGit } from '../support/rook/config-writers.js';
import type { RookInstallation } from '../support/rook/installation.js';

const cluster = useCluster({ nodes: 0 });

const PATCH = 'patch deployments csi-cephfsplugin-provisioner';
const PIN = 'patch configmaps rook-ceph-operator-config';
const KEY = 'CSIADDONS_CEPHFS_PROVISIONER_PORT';
const RBD_KEY = 'CSIADDONS_RBD_PROVISIONER_PORT';

function mark(): Promise<Mark> {
  return cluster().controlPlane.audit.mark();
}

function times(count: number, write: string): string[] {
  return Array.from({ length: count }, () => write);
}

async function isOn(rook: RookInstallation, port: number): Promise<boolean> {
  return (await rook.ports('cephfsProvisioner')).argument === port;
}

test('five writes in ten minutes: the next one is held for 30 s, the writer and the remedy are named', async () => {
  const begun = await mark();
  const contest = await Contest.cephfs(cluster());
  const { assignment, rook } = contest;
  // The first of them at the start, for an older goal.
  const writes = await cluster().storedUntilRestored(begun, assignment);
  expect(writes.filter((write) => write === PATCH)).toEqual(times(1 + CONTESTED_AFTER, PATCH));
  expect(await contest.port('cephfsProvisioner')).toBe(9070);
  const { status, reason, message } = await contest.degraded();
  expect([status, reason]).toEqual(['True', 'Contested']);
  expect(message).toContain(
    'Deployment csi-cephfsplugin-provisioner is changed back again and again by rook, so it is written again no sooner than 30 s after the last write at 2026-11-22T10:04:00Z',
  );
  // Rook 1.16.4, which the image's tag tells.
  expect(message).toContain('this Rook reads CSIADDONS_PORT alone');
  expect(message).toContain(`${KEY}=9171 (Helm csi.csiAddonsCephFSProvisionerPort)`);
  expect(message).toContain(`${RBD_KEY}=9170 (Helm csi.csiAddonsRBDProvisionerPort)`);
  expect(message).toContain('CSIADDONS_PORT=9172 (Helm csi.csiAddonsPort)');
  expect(await assignment.condition('Ready')).toMatchObject({ status: 'False', reason: 'PortsDiffer' });
  expect(await assignment.condition('Progressing')).toMatchObject({
    reason: 'BackingOff',
    message: 'Deployment csi-cephfsplugin-provisioner is written again at 2026-11-22T10:04:30Z',
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

test('four writes are no contest, and five are one before anything is reverted again', async () => {
  const contest = await Contest.begin(cluster());
  for (let write = 1; write < CONTESTED_AFTER; write += 1) await contest.revertAndWait('cephfsProvisioner');
  await contest.assignment.waitUntilRestored();
  expect((await contest.degraded()).reason).toBe('AsExpected');
  await contest.revertAndWait('cephfsProvisioner');
  await contest.assignment.waitForReason('Degraded', 'Contested');
  expect(await contest.assignment.condition('Ready')).toMatchObject({ reason: 'RollingOut' });
});

test('five writes in more than ten minutes are no contest', async () => {
  const contest = await Contest.begin(cluster());
  for (let write = 1; write <= 2 * CONTESTED_AFTER; write += 1) {
    contest.clock.step(151);
    await contest.revertAndWait('cephfsProvisioner');
    // Until then the operator may still wait for the response, which is what it times the write by.
    await contest.assignment.waitUntilRestored();
  }
  expect((await contest.degraded()).reason).toBe('AsExpected');
});

test('another object that is reverted meanwhile is put back at once', async () => {
  const contest = await Contest.cephfs(cluster());
  const begun = await mark();
  await contest.revertAndWait('rbdNodePlugin', 'kubectl-edit');
  expect(await cluster().storedUntilRestored(begun, contest.assignment)).toEqual(['patch daemonsets csi-rbdplugin']);
  expect(await contest.port('cephfsProvisioner')).toBe(9070);
  const { message } = await contest.degraded();
  expect(message).not.toContain('DaemonSet csi-rbdplugin');
});

test('a restart forgets the back-off, which costs five quick writes at most', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { ports: CONTEST_PORTS });
  const first = await cluster().startOperator({ watchNamespaces: [rook.namespace] });
  await assignment.waitForReason('Ready', 'RollingOut');
  for (let revert = 1; revert < CONTESTED_AFTER; revert += 1) {
    await rook.rewrite('cephfsProvisioner');
    await waitFor('the repair', () => isOn(rook, 9171));
  }
  await rook.rewrite('cephfsProvisioner');
  await assignment.waitForReason('Progressing', 'BackingOff');
  await first.stop();
  const begun = await mark();
  await cluster().startOperator({ watchNamespaces: [rook.namespace] });
  await waitFor('the repair', () => isOn(rook, 9171));
  for (let revert = 2; revert <= CONTESTED_AFTER; revert += 1) {
    await rook.rewrite('cephfsProvisioner');
    await waitFor('the repair', () => isOn(rook, 9171));
  }
  await rook.rewrite('cephfsProvisioner');
  await assignment.waitForReason('Progressing', 'BackingOff');
  expect(await cluster().storedUntilRestored(begun, assignment)).toEqual(times(CONTESTED_AFTER, PATCH));
  expect(await isOn(rook, 9070)).toBe(true);
});

test('each further write doubles the wait; ten quiet minutes end it, and then it is put right at once again', async () => {
  const contest = await Contest.cephfs(cluster());
  const { assignment } = contest;
  const begun = await mark();
  for (const [wait, next] of [
    [30, 60],
    [60, 120],
    [120, 240],
    [240, 300],
    [300, 300],
  ] as const) {
    await contest.step(wait - 1);
    expect(await contest.port('cephfsProvisioner')).toBe(9070);
    await contest.step(1);
    await contest.waitForPort('cephfsProvisioner', 9171);
    await contest.revert('cephfsProvisioner');
    await waitFor(`a wait of ${next} s`, async () => {
      const { message } = await contest.degraded();
      const isHeld = (await assignment.condition('Progressing')).reason === 'BackingOff';
      return isHeld && message.includes(`no sooner than ${next} s after the last write`);
    });
  }
  await contest.step(300);
  await contest.waitForPort('cephfsProvisioner', 9171);
  expect(await cluster().storedUntilRestored(begun, assignment)).toEqual(times(6, PATCH));
  await contest.step(599);
  expect((await contest.degraded()).reason).toBe('Contested');
  await contest.step(1);
  await waitFor('the contest to be over', async () => (await contest.degraded()).reason === 'AsExpected');
  await contest.revertAndWait('cephfsProvisioner');
  await assignment.waitUntilRestored();
  expect((await contest.degraded()).reason).toBe('AsExpected');
});

test('a new spec is carried out at once, contested or not', async () => {
  const contest = await Contest.cephfs(cluster(), 'kubectl-edit');
  const remedy =
    'stop kubectl-edit from writing the port, or set spec.ports.cephfsProvisioner to the port that it writes';
  expect((await contest.degraded()).message).toContain(remedy);
  await contest.assignment.edit({ ports: { rbdProvisioner: null, cephfsProvisioner: 9271 } });
  await contest.waitForPort('cephfsProvisioner', 9271);
});

test('so is an edit of the spec that asks for the same port', async () => {
  const contest = await Contest.cephfs(cluster());
  await contest.assignment.edit({ mode: 'Enforce' });
  await contest.waitForPort('cephfsProvisioner', 9171);
  await contest.assignment.waitForReason('Degraded', 'AsExpected');
});

test('a new spec waits for a Rook that runs, and for nothing else', async () => {
  const contest = await Contest.cephfs(cluster());
  const { rook, assignment } = contest;
  await cluster().controlPlane.api.patch(`${rook.operatorPath}/status`, { status: { replicas: 1, readyReplicas: 1 } });
  await assignment.waitUntilRestored();
  await assignment.waitUntilRestored();
  await assignment.edit({ ports: { cephfsProvisioner: 9271 } });
  await assignment.waitForReason('Ready', 'WaitingForRook');
  await contest.step(3);
  await contest.waitForPort('cephfsProvisioner', 9271);
});

test('in mode DryRun the API server is asked about a contested workload, too, and nothing is told of a contest', async () => {
  const contest = await Contest.cephfs(cluster());
  const begun = await mark();
  await contest.assignment.edit({ mode: 'DryRun' });
  await contest.assignment.waitForReason('Ready', 'DryRun');
  const writes = await cluster().writesSince(begun);
  expect(writes).toContain(`${PATCH} (dry run)`);
  expect((await contest.degraded()).reason).not.toBe('Contested');
});

test('a workload that somebody deletes and makes again without end is written five times, and then backed off from', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { ports: CONTEST_PORTS });
  const begun = await mark();
  await cluster().startOperator({ watchNamespaces: [rook.namespace] });
  await assignment.waitForReason('Ready', 'RollingOut');
  const path = rook.workloadPath('cephfsProvisioner');
  const started = performance.now();
  let rounds = 0;
  // Each time a new uid: some of them it moves, until it backs off.
  for (; performance.now() - started < 8_000; rounds += 1) {
    await cluster().controlPlane.api.delete(path);
    await rook.rewrite('cephfsProvisioner');
    await waitFor('the operator to have had its time', () => isOn(rook, 9171), { timeoutMs: 100, everyMs: 5 }).catch(
      () => undefined,
    );
  }
  await assignment.waitForReason('Progressing', 'BackingOff');
  const writes = await cluster().storedUntilRestored(begun, assignment);
  console.log(
    `measured | deleted and made again ${rounds} times | ${writes.filter((w) => w === PATCH).length} patches`,
  );
  expect(rounds).toBeGreaterThan(2 * CONTESTED_AFTER);
  expect(writes.filter((write) => write === PATCH)).toEqual(times(CONTESTED_AFTER, PATCH));
  expect((await assignment.condition('Degraded')).reason).toBe('Contested');
});

test('two writers that declare further ports without a pause bring five patches, and then the back-off', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { ports: CONTEST_PORTS });
  const { api } = cluster().controlPlane;
  const begun = await mark();
  await cluster().startOperator({ watchNamespaces: [rook.namespace] });
  await assignment.waitForReason('Ready', 'RollingOut');
  const path = rook.workloadPath('cephfsProvisioner');
  const { spec } = await rook.workload('cephfsProvisioner');
  const sidecar = spec!.template.spec!.containers.findIndex(({ name }) => name === 'csi-addons');
  const started = performance.now();
  const ports = `/spec/template/spec/containers/${sidecar}/ports`;
  const declared = (containerPort: number): object => ({ containerPort, protocol: 'TCP' });
  /** A port of another slot, with which it collides. */
  const append = async (port: number): Promise<number> => {
    let appended = 0;
    for (; performance.now() - started < 3_000; appended += 1) {
      // With thousands of them the sidecar would not be read any more.
      const isFull = appended % 50 === 49;
      const patch = isFull
        ? { op: 'replace', path: ports, value: [declared(9171), declared(port)] }
        : { op: 'add', path: `${ports}/-`, value: declared(port) };
      await api.patch(path, [patch], 'application/json-patch+json');
    }
    return appended;
  };
  const appended = await Promise.all([append(CONTEST_PORTS.rbdProvisioner), append(CONTEST_PORTS.rbdNodePlugin)]);
  await assignment.waitForReason('Degraded', 'Contested');
  const writes = await cluster().storedUntilRestored(begun, assignment);
  const patches = writes.filter((write) => write === PATCH);
  console.log(`measured | ports appended ${appended.join(' and ')} times | ${patches.length} patches`);
  expect(appended[0] + appended[1]).toBeGreaterThan(2 * CONTESTED_AFTER);
  expect(patches).toEqual(times(CONTESTED_AFTER, PATCH));
});

test.each([
  ['takes out', {}, undefined, 'a writer that left no name (one of argocd-controller, control-plane-admin?)'],
  ['sets to nothing', { [KEY]: '' }, 'argocd-controller', 'argocd-controller'],
])(
  'pins that GitOps %s are backed off from as patches are, and the tool is named',
  async (_what, keys, manager, who) => {
    const contest = await Contest.begin(cluster(), {});
    const { rook, assignment } = contest;
    const { api } = cluster().controlPlane;
    const git = { ...CONFLICT_CONFIG, ROOK_LOG_LEVEL: 'DEBUG', ...keys };
    const begun = await mark();
    for (let revert = 1; revert <= CONTESTED_AFTER; revert += 1) {
      await replaceFromGit(api, rook, git);
      await waitFor(`the pin after revert ${revert}`, async () => (await rook.config())[KEY] === '9071');
    }
    await replaceFromGit(api, rook, git);
    await assignment.waitForReason('Progressing', 'BackingOff');
    expect(await cluster().storedUntilRestored(begun, assignment)).toEqual(times(CONTESTED_AFTER, PIN));
    expect((await rook.config())[KEY] ?? '').toBe('');
    expect(await rook.layout()).toEqual([9070, 9071, 9072]);
    const { reason, message } = await contest.degraded();
    expect(reason).toBe('Contested');
    expect(message).toContain(`is changed back again and again by ${who}`);
    expect(message).toContain(
      `have ${manager ?? 'that writer'} set the keys below to these values or leave them alone, or set spec.rookConfig: Leave`,
    );
    await contest.step(30);
    await waitFor('the pin', async () => (await rook.config())[KEY] === '9071');
  },
);

test('two tools that hold different copies in turn: the keys that neither has are held, the other is pinned at once', async () => {
  const contest = await Contest.begin(cluster(), {});
  const { rook, assignment } = contest;
  const { api } = cluster().controlPlane;
  const begun = await mark();
  const withWish = { ...CONFLICT_CONFIG, [KEY]: '9171' };
  for (let revert = 1; revert <= CONTESTED_AFTER; revert += 1) {
    await replaceFromGit(api, rook, revert % 2 === 0 ? CONFLICT_CONFIG : withWish);
    await waitFor(`revert ${revert} to be dealt with`, async () => (await rook.config())[RBD_KEY] === '9070');
  }
  await assignment.waitForReason('Degraded', 'Contested');
  expect((await contest.degraded()).message).toContain(
    `ConfigMap rook-ceph-operator-config (CSIADDONS_PORT, ${RBD_KEY}) is changed back again and again`,
  );
  // What one of them wishes is followed.
  expect((await assignment.status()).ports).toMatchObject({ cephfsProvisioner: 9171 });
  await replaceFromGit(api, rook, CONFLICT_CONFIG);
  await waitFor('the pin of the key that is not contested', async () => (await rook.config())[KEY] === '9171');
  const writes = await cluster().storedUntilRestored(begun, assignment);
  expect(writes.filter((write) => write === PIN)).toEqual(times(CONTESTED_AFTER + 1, PIN));
  expect(await rook.config()).not.toHaveProperty(RBD_KEY);
});

test('the wait ends by itself, in the built operator by the real clock', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { ports: CONTEST_PORTS });
  await cluster().startOperator({ watchNamespaces: [rook.namespace] });
  await assignment.waitForReason('Ready', 'RollingOut');
  // With the first, that makes five.
  for (let revert = 1; revert < CONTESTED_AFTER; revert += 1) {
    await rook.rewrite('cephfsProvisioner');
    await waitFor(`the repair of revert ${revert}`, () => isOn(rook, 9171));
  }
  await rook.rewrite('cephfsProvisioner');
  await assignment.waitForReason('Degraded', 'Contested');
  const { message } = await assignment.condition('Degraded');
  const [, lastWrite = ''] = /the last write at (\S+Z)/.exec(message)!;
  await waitFor('the port to be put back', () => isOn(rook, 9171));
  expect(Date.now() - Date.parse(lastWrite)).toBeGreaterThanOrEqual(29_000);
});

test('--contested-after=0 never backs off', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { ports: CONTEST_PORTS });
  const operator = await cluster().startOperator({
    watchNamespaces: [rook.namespace],
    args: ['--contested-after=0'],
  });
  await assignment.waitForReason('Ready', 'RollingOut');
  for (const revert of [1, 2, 3, 4, 5, 6, 7]) {
    await rook.rewrite('cephfsProvisioner');
    await waitFor(`the repair of revert ${revert}`, () => isOn(rook, 9171));
  }
  await assignment.waitUntilRestored();
  expect(await operator.reverts()).toBe(7);
  expect((await assignment.condition('Degraded')).reason).toBe('AsExpected');
});
