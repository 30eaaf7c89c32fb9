import { expect, test } from 'vitest';
import { StatusWriter, type StoreResult } from '../../../src/controller/status-writer.js';
import type { AssignmentStatus, PortAssignment } from '../../../src/domain/rules/api.js';
import type { Leadership } from '../../../src/kube/leadership.js';
import { Writer } from '../../../src/kube/writer.js';
import { AFTER_PATCH, SETTLED, statusIn } from '../domain/worlds.js';
import { NAMESPACE, startCluster, type Cluster } from './cluster-double.js';

const QUIET = statusIn(SETTLED);
const ROLLING = statusIn(AFTER_PATCH);
const counted = (count: number, status = QUIET): AssignmentStatus => ({
  ...status,
  reverts: { count, lastTime: `2026-11-22T10:00:${count}0Z` },
});

interface Bench {
  readonly cluster: Cluster;
  readonly clock: { ms: number };
  readonly statusWriter: StatusWriter;
  /** The assignment as the operator's store has it. */
  readonly assignment: () => PortAssignment;
  readonly store: (status: AssignmentStatus) => Promise<StoreResult>;
  /** How many status writes were sent. */
  readonly writes: () => number;
}

async function bench(options: { countsDelayMs?: number; leadership?: Leadership } = {}): Promise<Bench> {
  const cluster = await startCluster();
  const clock = { ms: 1_000 };
  const { countsDelayMs, leadership } = options;
  const statusWriter = new StatusWriter({
    writer: leadership === undefined ? cluster.writer : new Writer(cluster.transport, leadership),
    watches: cluster.watches,
    monotonicMs: () => clock.ms,
    countsDelayMs,
  });
  const assignment = (): PortAssignment => cluster.watches.assignments.get(NAMESPACE)!;
  return {
    cluster,
    clock,
    statusWriter,
    assignment,
    store: (status) => statusWriter.store(assignment(), status),
    writes: () => cluster.writes().filter((write) => write === 'PATCH status').length,
  };
}

/** With a status that is stored, so that counts alone can differ from it. */
async function settled(options: Parameters<typeof bench>[0] = {}): Promise<Bench> {
  const result = await bench(options);
  await result.store(QUIET);
  expect(result.assignment().status).toEqual(QUIET);
  result.cluster.server.requests.length = 0;
  return result;
}

const reject = (cluster: Cluster, status: number): void => {
  cluster.answers.set('PATCH', (exchange) => exchange.reject(status, 'Rejected'));
};

test('the first status is written at once; the store goes on from the answer, and nobody is told', async () => {
  const { cluster, store, assignment, writes } = await bench();
  expect(await store(QUIET)).toEqual({ kind: 'Stored' });
  expect([writes(), assignment().status, cluster.changed]).toEqual([1, QUIET, []]);
  expect(await store(QUIET)).toEqual({ kind: 'Unchanged' });
  expect(writes()).toBe(1);
});

test('what changes for people is written at once', async () => {
  const { store, assignment, writes } = await settled();
  expect(await store(ROLLING)).toEqual({ kind: 'Stored' });
  expect([writes(), assignment().status]).toEqual([1, ROLLING]);
});

test('thirty writes may follow each other; after that one a second, of what there is by then, and the end waits for none', async () => {
  const { store, statusWriter, assignment, clock, writes } = await bench();
  const either = [QUIET, ROLLING];
  for (let at = 0; at < 30; at += 1) expect(await store(either[at % 2]!)).toEqual({ kind: 'Stored' });
  expect(await store(QUIET)).toEqual({ kind: 'Later', requeueAfterMs: 1_000 });
  clock.ms += 400;
  expect(await store(counted(1))).toEqual({ kind: 'Later', requeueAfterMs: 600 });
  expect(await store(ROLLING)).toEqual({ kind: 'Unchanged' });
  expect(await store(counted(2))).toEqual({ kind: 'Later', requeueAfterMs: 600 });
  clock.ms += 600;
  expect(await store(counted(2))).toEqual({ kind: 'Stored' });
  expect(await store(ROLLING)).toEqual({ kind: 'Later', requeueAfterMs: 1_000 });
  expect([writes(), assignment().status]).toEqual([31, counted(2)]);
  await statusWriter.flush();
  expect([writes(), assignment().status]).toEqual([32, ROLLING]);
});

test('a rest makes up for what was written, and what is forgotten begins anew', async () => {
  const { store, statusWriter, clock } = await bench();
  const either = [QUIET, ROLLING];
  const burst = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at += 1) expect(await store(either[at % 2]!)).toEqual({ kind: 'Stored' });
  };
  await burst(30);
  clock.ms += 10_000;
  await burst(10);
  expect(await store(QUIET)).toMatchObject({ kind: 'Later' });
  clock.ms += 3_600_000;
  await burst(30);
  expect(await store(QUIET)).toMatchObject({ kind: 'Later' });
  statusWriter.forget(NAMESPACE);
  await burst(2);
});

test.each([403, 500])(
  'writes that fail with %i keep the pace, too, and stay failures, from which the queue backs off',
  async (status) => {
    const { cluster, store, clock, writes } = await bench();
    reject(cluster, status);
    for (let at = 0; at < 40; at += 1)
      expect(await store(QUIET)).toMatchObject({ kind: 'Failed', failure: { status } });
    expect(writes()).toBe(30);
    clock.ms += 1_000;
    cluster.answers.clear();
    expect(await store(QUIET)).toEqual({ kind: 'Stored' });
    expect(await store(ROLLING)).toEqual({ kind: 'Later', requeueAfterMs: 1_000 });
  },
);

test('a write that was overtaken counts: somebody may overtake each of them', async () => {
  const { cluster, store } = await bench();
  reject(cluster, 409);
  for (let at = 0; at < 30; at += 1) expect((await store(QUIET)).kind).not.toBe('Later');
  expect(await store(QUIET)).toEqual({ kind: 'Later', requeueAfterMs: 1_000 });
});

test('counts alone wait for ten seconds from the first of them; further ones do not put it off', async () => {
  const { store, clock, assignment, writes } = await settled();
  expect(await store(counted(1))).toEqual({ kind: 'Later', requeueAfterMs: 10_000 });
  clock.ms += 4_000;
  expect(await store(counted(2))).toEqual({ kind: 'Later', requeueAfterMs: 6_000 });
  clock.ms += 5_999;
  expect(await store(counted(3))).toEqual({ kind: 'Later', requeueAfterMs: 1 });
  expect([writes(), assignment().status]).toEqual([0, QUIET]);
  clock.ms += 1;
  expect(await store(counted(3))).toEqual({ kind: 'Stored' });
  expect([writes(), assignment().status]).toEqual([1, counted(3)]);
  // The next one has its own ten seconds.
  clock.ms += 60_000;
  expect(await store(counted(4))).toEqual({ kind: 'Later', requeueAfterMs: 10_000 });
});

test('how long counts wait can be chosen', async () => {
  const { store, clock } = await settled({ countsDelayMs: 300 });
  expect(await store(counted(1))).toEqual({ kind: 'Later', requeueAfterMs: 300 });
  clock.ms += 300;
  expect(await store(counted(1))).toEqual({ kind: 'Stored' });
});

test('counts go with the next other change, and those after it wait anew', async () => {
  const { store, clock, assignment, writes } = await settled();
  await store(counted(1));
  clock.ms += 9_000;
  expect(await store(counted(2, ROLLING))).toEqual({ kind: 'Stored' });
  expect([writes(), assignment().status]).toEqual([1, counted(2, ROLLING)]);
  expect(await store(counted(3, ROLLING))).toEqual({ kind: 'Later', requeueAfterMs: 10_000 });
});

test('what waits counts as the last status, and for no other assignment of the name', async () => {
  const { cluster, store, statusWriter, assignment } = await settled();
  const observed = cluster.observed();
  expect(statusWriter.withLastStatus(observed)).toBe(observed);
  await store(counted(1));
  expect(statusWriter.withLastStatus(observed).assignment).toEqual({ ...assignment(), status: counted(1) });
  const replaced = { ...observed, assignment: { ...observed.assignment, uid: 'another' } };
  expect(statusWriter.withLastStatus(replaced)).toBe(replaced);
  statusWriter.forget(NAMESPACE);
  expect(statusWriter.withLastStatus(observed)).toBe(observed);
});

test('another assignment of the name does not inherit since when counts wait', async () => {
  const { cluster, store, clock } = await settled();
  await store(counted(1));
  clock.ms += 9_000;
  cluster.watches.assignments.put({ ...cluster.observed().assignment, uid: 'another', resourceVersion: '9000' });
  expect(await store(counted(1))).toEqual({ kind: 'Later', requeueAfterMs: 10_000 });
});

test('a world that is back where the stored status was leaves nothing to write', async () => {
  const { store, statusWriter, writes } = await settled();
  await store(counted(1));
  expect(await store(QUIET)).toEqual({ kind: 'Unchanged' });
  await statusWriter.flush();
  expect(writes()).toBe(0);
});

test('a status that fails is kept as the last one, and written by the next try', async () => {
  const { cluster, store, statusWriter, assignment } = await settled();
  reject(cluster, 500);
  expect(await store(ROLLING)).toMatchObject({ kind: 'Failed', failure: { status: 500 } });
  expect(statusWriter.withLastStatus(cluster.observed()).assignment.status).toEqual(ROLLING);
  cluster.answers.clear();
  expect(await store(ROLLING)).toEqual({ kind: 'Stored' });
  expect(assignment().status).toEqual(ROLLING);
});

test('counts whose write failed are due: they do not begin to wait anew', async () => {
  const { cluster, store, clock, assignment } = await settled();
  await store(counted(1));
  clock.ms += 10_000;
  reject(cluster, 500);
  expect(await store(counted(1))).toMatchObject({ kind: 'Failed' });
  cluster.answers.clear();
  expect(await store(counted(2))).toEqual({ kind: 'Stored' });
  expect(assignment().status).toEqual(counted(2));
});

test('an assignment that was changed meanwhile is read again and told, and takes the status then', async () => {
  const { cluster, store, statusWriter, assignment } = await settled();
  reject(cluster, 409);
  cluster.edit({ mode: 'Paused' });
  expect(await store(ROLLING)).toEqual({ kind: 'Overtaken' });
  expect([assignment().spec, cluster.changed]).toEqual([{ mode: 'Paused' }, [NAMESPACE]]);
  expect(statusWriter.withLastStatus(cluster.observed()).assignment.status).toEqual(ROLLING);
  cluster.answers.clear();
  expect(await store(ROLLING)).toEqual({ kind: 'Stored' });
});

test('a conflict about the newest version is a failure: nothing else would bring the namespace back', async () => {
  const { cluster, store, assignment } = await settled();
  const { resourceVersion, uid } = assignment();
  reject(cluster, 409);
  cluster.answers.set('GET', (exchange) => {
    exchange.json(200, { metadata: { namespace: NAMESPACE, name: 'default', uid, resourceVersion } });
  });
  expect(await store(ROLLING)).toMatchObject({ kind: 'Failed', failure: { status: 409 } });
  cluster.answers.set('GET', (exchange) => exchange.reject(404, 'NotFound'));
  expect(await store(ROLLING)).toMatchObject({ kind: 'Failed', failure: { status: 404 } });
});

test('a flush writes what waits, and what could not be written', async () => {
  const { cluster, store, statusWriter, assignment, writes } = await settled();
  await store(counted(1));
  await statusWriter.flush();
  expect([writes(), assignment().status]).toEqual([1, counted(1)]);
  reject(cluster, 500);
  await store(counted(1, ROLLING));
  cluster.answers.clear();
  await statusWriter.flush();
  expect(assignment().status).toEqual(counted(1, ROLLING));
});

test.each<[string, (bench: Bench) => void]>([
  ['gone', ({ cluster, assignment }) => cluster.watches.assignments.delete(assignment())],
  [
    'replaced by another one of its name',
    ({ cluster, assignment }) => {
      cluster.watches.assignments.put({ ...assignment(), uid: 'another', resourceVersion: '9000' });
    },
  ],
  ['forgotten', ({ statusWriter }) => statusWriter.forget(NAMESPACE)],
])('a flush writes nothing where the assignment is %s', async (_, happens) => {
  const found = await settled();
  await found.store(counted(1));
  happens(found);
  await found.statusWriter.flush();
  expect(found.cluster.server.requests).toEqual([]);
});

test('a flush that fails does not reject', async () => {
  const { cluster, store, statusWriter, writes } = await settled();
  await store(counted(1));
  reject(cluster, 500);
  await statusWriter.flush();
  expect(writes()).toBe(1);
});

test('whoever does not lead any more writes no status, at the end neither', async () => {
  const leadership = { isLeading: true, lost: new AbortController().signal };
  const { cluster, store, statusWriter, clock } = await settled({ leadership });
  await store(counted(1));
  leadership.isLeading = false;
  clock.ms += 10_000;
  expect(await store(counted(1))).toMatchObject({ kind: 'Failed', failure: { name: 'NotLeadingError' } });
  await statusWriter.flush();
  expect(cluster.server.requests).toEqual([]);
});

test('at the end nothing is written onto an assignment that was made again meanwhile, and that is found out once', async () => {
  const { cluster, statusWriter, store } = await settled();
  await store(counted(1));
  reject(cluster, 409);
  cluster.answers.set('GET', (exchange) => {
    const metadata = {
      namespace: NAMESPACE,
      name: 'default',
      uid: 'made again',
      resourceVersion: '9999',
      generation: 1,
    };
    exchange.json(200, { metadata, spec: {} });
  });
  await statusWriter.flush();
  expect(cluster.server.requests.map(({ method }) => method)).toEqual(['PATCH', 'GET']);
});
