import { expect, test } from 'vitest';
import { StatusWriter, type StatusResult } from '../../../src/controller/status-writer.js';
import type { AssignmentStatus, PortAssignment } from '../../../src/domain/rules/api.js';
import { plan } from '../../../src/domain/rules/plan.js';
import { statusOf } from '../../../src/domain/report/status.js';
import type { Leadership } from '../../../src/kube/leadership.js';
import { Writer } from '../../../src/kube/writer.js';
import { NAMESPACE, startCluster, type Cluster } from './cluster-double.js';

interface Bench {
  readonly cluster: Cluster;
  readonly clock: { ms: number };
  readonly queue: { othersWait: boolean };
  readonly statusWriter: StatusWriter;
  /** Two statuses that differ. */
  readonly either: readonly [AssignmentStatus, AssignmentStatus];
  /** The assignment as the operator's store has it. */
  readonly assignment: () => PortAssignment;
  readonly write: (status: AssignmentStatus) => Promise<StatusResult>;
  /** How many status writes were sent. */
  readonly writes: () => number;
}

async function bench(leadership?: Leadership): Promise<Bench> {
  const cluster = await startCluster();
  const clock = { ms: 1_000 };
  const queue = { othersWait: false };
  const statusWriter = new StatusWriter({
    writer: leadership === undefined ? cluster.writer : new Writer(cluster.transport, leadership),
    watches: cluster.watches,
    monotonicMs: () => clock.ms,
    othersWait: () => queue.othersWait,
  });
  const report = { plan: plan(cluster.observed()), results: [], generation: 3, stored: undefined };
  const status = statusOf({ ...report, now: '2026-11-22T10:00:00Z' });
  const assignment = (): PortAssignment => cluster.watches.assignments.get(NAMESPACE)!;
  return {
    cluster,
    clock,
    queue,
    statusWriter,
    either: [status, { ...status, provider: 'Mixed' }],
    assignment,
    write: (wanted) => statusWriter.write(assignment(), wanted, false),
    writes: () => cluster.writes().filter((write) => write === 'PATCH status').length,
  };
}

/** So many writes, each of which changes the status. */
async function burst({ write, either, cluster }: Bench, count: number): Promise<StatusResult[]> {
  const results: StatusResult[] = [];
  for (let at = 0; at < count; at += 1) {
    const [one, other] = either;
    const { provider } = { provider: undefined, ...(cluster.storedStatus() as Partial<AssignmentStatus> | undefined) };
    results.push(await write(provider === one.provider ? other : one));
  }
  return results;
}

const reject = (cluster: Cluster, status: number): void => {
  cluster.answers.set('PATCH', (exchange) => exchange.reject(status, 'Rejected'));
};

test('what differs is written, once; the store goes on from the response, and the namespace does not come back', async () => {
  const { cluster, write, either, assignment, writes } = await bench();
  for (const status of either) {
    expect(await write(status)).toEqual({ kind: 'Stored' });
    expect([cluster.storedStatus(), assignment().status]).toEqual([status, status]);
    expect(await write(status)).toEqual({ kind: 'Unchanged' });
  }
  expect([writes(), cluster.changed]).toEqual([2, []]);
});

test.each<[string, object]>([
  ['a field that is no list', { conditions: 'none', phase: 'Old' }],
  ['a condition that is no object', { conditions: ['Ready'], provider: 'Rook' }],
])('a stored status of another shape is replaced as a whole: %s', async (_, stored) => {
  const { cluster, write, either, assignment } = await bench();
  cluster.writeStatus(stored);
  expect(assignment()).not.toHaveProperty('status');
  expect(await write(either[0])).toEqual({ kind: 'Stored' });
  expect(cluster.storedStatus()).toEqual(either[0]);
});

test('after a repair it comes behind the namespaces that wait, and takes no turn of its own pace', async () => {
  const { statusWriter, assignment, either, queue, writes } = await bench();
  queue.othersWait = true;
  for (let turn = 0; turn < 30; turn += 1) {
    expect(await statusWriter.write(assignment(), either[0], true)).toEqual({ kind: 'Deferred', requeueAfterMs: 0 });
  }
  expect(writes()).toBe(0);
  expect(await statusWriter.write(assignment(), either[0], false)).toEqual({ kind: 'Stored' });
  expect(await statusWriter.write(assignment(), either[0], true)).toEqual({ kind: 'Unchanged' });
  queue.othersWait = false;
  expect(await statusWriter.write(assignment(), either[1], true)).toEqual({ kind: 'Stored' });
});

test('repairs that go on and on hold it up for half a minute, and then again no sooner than after a write', async () => {
  const { statusWriter, assignment, either, queue, clock } = await bench();
  queue.othersWait = true;
  const write = (status: AssignmentStatus): Promise<StatusResult> => statusWriter.write(assignment(), status, true);
  expect(await write(either[0])).toMatchObject({ kind: 'Deferred' });
  clock.ms += 29_999;
  expect(await write(either[0])).toMatchObject({ kind: 'Deferred' });
  clock.ms += 1;
  expect(await write(either[0])).toEqual({ kind: 'Stored' });
  expect(await write(either[1])).toMatchObject({ kind: 'Deferred' });
});

test('twenty writes may follow each other; after that one a second', async () => {
  const found = await bench();
  const { cluster, clock, write, either, writes } = found;
  for (const result of await burst(found, 20)) expect(result).toEqual({ kind: 'Stored' });
  expect(await write(either[0])).toEqual({ kind: 'Paced', requeueAfterMs: 1_000 });
  clock.ms += 400;
  expect(await write(either[0])).toEqual({ kind: 'Paced', requeueAfterMs: 600 });
  expect([writes(), cluster.storedStatus()]).toEqual([20, either[1]]);
  clock.ms += 600;
  expect(await write(either[0])).toEqual({ kind: 'Stored' });
  expect(await write(either[1])).toEqual({ kind: 'Paced', requeueAfterMs: 1_000 });
  expect([writes(), cluster.storedStatus()]).toEqual([21, either[0]]);
});

test('however often the status changes, one write a second is stored, and the last state in the end', async () => {
  const found = await bench();
  const { cluster, clock, write, either, writes } = found;
  await burst(found, 30);
  const before = writes();
  for (let change = 0; change < 1_000; change += 1) {
    clock.ms += 20;
    await write(either[change % 2]!);
  }
  expect(writes() - before).toBe(20);
  const last = { ...either[0], rookVersion: 'v1.17.9' };
  const { requeueAfterMs } = await write(last);
  clock.ms += requeueAfterMs ?? 0;
  expect(await write(last)).toEqual({ kind: 'Stored' });
  expect(cluster.storedStatus()).toEqual(last);
});

test('a rest makes up for what was written, and what is forgotten begins anew', async () => {
  const found = await bench();
  const { clock, statusWriter } = found;
  const stored = async (count: number): Promise<number> =>
    (await burst(found, count)).filter(({ kind }) => kind === 'Stored').length;
  expect(await stored(30)).toBe(20);
  clock.ms += 4_000;
  expect(await stored(30)).toBe(4);
  clock.ms += 3_600_000;
  expect(await stored(30)).toBe(20);
  statusWriter.forget(NAMESPACE);
  expect(await stored(30)).toBe(20);
});

test.each([403, 409, 500])(
  'a write that fails with %i counts: somebody may see to it that each one does',
  async (code) => {
    const found = await bench();
    reject(found.cluster, code);
    await burst(found, 30);
    expect(found.writes()).toBe(20);
    found.cluster.answers.clear();
    found.clock.ms += 1_000;
    expect(await found.write(found.either[0])).toEqual({ kind: 'Stored' });
  },
);

test('a write that fails is a failure, and what it was to say is written by the next try', async () => {
  const { cluster, write, either } = await bench();
  reject(cluster, 500);
  expect(await write(either[0])).toMatchObject({ kind: 'Failed', failure: { status: 500 } });
  cluster.answers.clear();
  expect(await write(either[0])).toEqual({ kind: 'Stored' });
  expect(cluster.storedStatus()).toEqual(either[0]);
});

test('a status is written onto the version that it speaks of: an edited assignment is read again, and comes back', async () => {
  const { cluster, write, either, assignment } = await bench();
  cluster.edit({ mode: 'Paused' });
  expect(await write(either[0])).toEqual({ kind: 'Overtaken' });
  expect([cluster.storedStatus(), assignment().spec]).toEqual([undefined, { mode: 'Paused' }]);
  expect(cluster.changed).toEqual([NAMESPACE]);
  expect(await write(either[0])).toEqual({ kind: 'Stored' });
});

test('a status is written onto the version that it speaks of, also if the store has a newer one by then', async () => {
  const { cluster, statusWriter, either, assignment } = await bench();
  const before = assignment();
  cluster.writeStatus(either[1]);
  expect(await statusWriter.write(before, either[0], false)).toEqual({ kind: 'Overtaken' });
  expect(cluster.storedStatus()).toEqual(either[1]);
});

test('a conflict about the newest version is a failure: nothing else would bring the namespace back', async () => {
  const { cluster, write, either } = await bench();
  reject(cluster, 409);
  expect(await write(either[0])).toMatchObject({ kind: 'Failed', failure: { status: 409 } });
  expect(cluster.changed).toEqual([]);
});

test.each([403, 404, 500])('an assignment that cannot be read again is a failure: %i', async (code) => {
  const { cluster, write, either } = await bench();
  cluster.edit({ mode: 'Paused' });
  cluster.answers.set('GET', (exchange) => exchange.reject(code, 'Rejected'));
  expect(await write(either[0])).toMatchObject({ kind: 'Failed', failure: { status: code } });
});

test('a process that does not lead any more writes no status', async () => {
  const leadership = { isLeading: false, lost: new AbortController().signal };
  const { cluster, write, either } = await bench(leadership);
  expect(await write(either[0])).toMatchObject({ kind: 'Failed', failure: { name: 'NotLeadingError' } });
  expect(cluster.server.requests).toEqual([]);
});
