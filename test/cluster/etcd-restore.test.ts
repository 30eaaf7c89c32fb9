/** etcd is put back to an older backup under operators that run: resource versions go back, and the world with them. */
import { expect, onTestFinished, test } from 'vitest';
import type { Assignment } from '../support/assignment.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { STATUS_WRITE, useCluster } from '../support/cluster.js';
import type { Mark } from '../support/control-plane/audit-log.js';
import type { Operator } from '../support/operator.js';
import { portsRight } from '../support/recovery.js';
import { startReplica, writesByReplica, writesWithoutTheLease } from '../support/replicas.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { layoutOf, MOVED, OTHER_PORTS, patchOf, SLOTS } from '../support/slots.js';

// A starting API server answers 403 until it has read its own roles.
const cluster = useCluster({ nodes: 0, withholdsRights: true });

/** Well below the 90 s after which a silent watch is given up; a starting API server takes some of it. */
const WITHIN_SECONDS = 45;
const PIN = 'patch configmaps rook-ceph-operator-config';
const MOVES = MOVED.map(patchOf).sort();

interface Restored {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly operator: Operator;
  readonly backup: string;
}

/** The conflict is solved, and the backup is of the time before that. */
async function solvedSinceBackup(): Promise<Restored> {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const backup = await cluster().controlPlane.backUpData();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  // A starting API server writes some dozens of objects of its own.
  await advanceBeyond((await latestVersion()) + 60, rook);
  return { rook, assignment, operator, backup };
}

async function latestVersion(): Promise<number> {
  const list = await cluster().controlPlane.api.get<{ metadata: { resourceVersion: string } }>('/api/v1/nodes');
  return Number(list.metadata.resourceVersion);
}

/** Others write, Deployments and DaemonSets among it, until the versions are beyond this one. */
async function advanceBeyond(version: number, rook: RookInstallation): Promise<void> {
  const { api } = cluster().controlPlane;
  const others = [rook.workloadPath('cephfsNodePlugin'), rook.operatorPath, `/api/v1/namespaces/${rook.namespace}`];
  for (let now = await latestVersion(); now <= version; now = await latestVersion()) {
    const annotations = { 'example.com/version': String(now) };
    for (const path of others) await api.patch<object>(path, { metadata: { annotations } });
  }
}

/** Each move and the pin that is due again, once, and no other write but the status. */
async function expectDoneOnce(mark: Mark, { assignment, operator }: Restored): Promise<void> {
  const writes = await cluster().writesUntilSettled(mark, assignment);
  expect(writes.filter((write) => write !== STATUS_WRITE).sort()).toEqual([PIN, ...MOVES]);
  // The restore reverted each of them. It may be seen piece by piece, and an assignment of another version is another goal.
  expect(await operator.reverts()).toBeLessThanOrEqual(3);
  expect(operator.isRunning).toBe(true);
  expect((await operator.probe('/healthz')).status).toBe(200);
  await operator.waitUntilReady();
}

test('a world that goes back to the conflict is seen as it is, and put right once, without a restart', async () => {
  const restored = await solvedSinceBackup();
  const { controlPlane } = cluster();
  const before = await latestVersion();
  const mark = await controlPlane.audit.mark();
  await controlPlane.restoreData(restored.backup);
  await controlPlane.startApiServer();
  const since = performance.now();
  expect(await latestVersion()).toBeLessThan(before);
  await portsRight(restored.rook, {
    fault: 'etcd restored from an older backup',
    since,
    withinSeconds: WITHIN_SECONDS,
  });
  await expectDoneOnce(mark, restored);
});

test('so it is where the versions are ahead again before the operator looks: nothing is taken for known', async () => {
  const restored = await solvedSinceBackup();
  const { rook, operator, backup } = restored;
  const { controlPlane } = cluster();
  const before = await latestVersion();
  const mark = await controlPlane.audit.mark();
  process.kill(operator.pid, 'SIGSTOP');
  onTestFinished(() => void process.kill(operator.pid, 'SIGCONT'));
  await controlPlane.restoreData(backup);
  await controlPlane.startApiServer();
  expect(await latestVersion()).toBeLessThan(before);
  await advanceBeyond(before + 10, rook);
  process.kill(operator.pid, 'SIGCONT');
  const fault = 'etcd restored, and ahead of the old versions again';
  await portsRight(rook, { fault, since: performance.now(), withinSeconds: WITHIN_SECONDS });
  await expectDoneOnce(mark, restored);
});

test('two replicas: the Lease goes back as well, one of them leads on, and only what is stored now counts', async () => {
  const { controlPlane } = cluster();
  const begin = await controlPlane.audit.mark();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const replicas = [await startReplica(cluster(), 'first'), await startReplica(cluster(), 'second')];
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  const backup = await controlPlane.backUpData();
  await assignment.edit({ ports: OTHER_PORTS });
  await assignment.waitForReason('Ready', 'RollingOut');
  expect(await rook.layout()).toEqual(layoutOf(OTHER_PORTS));

  await controlPlane.restoreData(backup);
  await controlPlane.startApiServer();
  const since = performance.now();
  await rook.rewrite('rbdNodePlugin');
  // Of the edit that is gone a replica may know yet, and what it writes for it collides with nobody.
  await waitFor('distinct ports', async () => new Set(await rook.layout()).size === SLOTS.length);
  console.log(
    `measured | etcd restored under two replicas, then a revert | ${Math.round(performance.now() - since)} ms`,
  );
  await assignment.waitUntilSettled();
  expect(new Set(await rook.layout()).size).toBe(SLOTS.length);
  // A leader that was cut off for ten seconds ends, to be started again; the other one takes over.
  expect(replicas.some(({ operator }) => operator.isRunning)).toBe(true);
  expect(writesWithoutTheLease(await writesByReplica(cluster(), begin, replicas))).toEqual([]);
});
