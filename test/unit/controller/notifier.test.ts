import { expect, onTestFinished, test, vi } from 'vitest';
import { Notifier } from '../../../src/controller/notifier.js';
import type { EventSpec } from '../../../src/domain/report/events.js';
import { EventRecorder } from '../../../src/kube/events.js';
import { eventually } from '../kube/connections.js';
import { startCluster, type Cluster } from './cluster-double.js';

const PINNED: EventSpec = { type: 'Normal', reason: 'RookConfigPinned', action: 'PinRookConfig', note: 'set' };
const MOVED: EventSpec = {
  type: 'Normal',
  reason: 'PortAssigned',
  action: 'PatchWorkload',
  note: 'moved',
  slot: 'rbdNodePlugin',
};

interface Event {
  readonly reason: string;
  readonly eventTime: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
  readonly regarding: { readonly kind: string };
  readonly related?: { readonly kind: string };
}

async function bench(): Promise<{ cluster: Cluster; lost: string[]; notifier: Notifier; events: () => Event[] }> {
  const cluster = await startCluster();
  const lost: string[] = [];
  const notifier = new Notifier({
    recorder: new EventRecorder(cluster.transport, { controller: 'c', instance: 'i' }),
    now: () => new Date(),
    onLost: (reason, error) => lost.push(`${reason}: ${(error as Error).name}`),
  });
  const events = (): Event[] => cluster.server.requests.map(({ body }) => JSON.parse(body) as Event);
  return { cluster, lost, notifier, events };
}

test('what is about a workload is recorded on both, each related to the other', async () => {
  const { cluster, notifier, events } = await bench();
  notifier.notify([PINNED, MOVED], cluster.observed());
  await notifier.drained();
  const seen = events().map(({ reason, regarding, related }) => [reason, regarding.kind, related?.kind]);
  expect(seen).toEqual([
    ['RookConfigPinned', 'CSIPortAssignment', undefined],
    ['PortAssigned', 'CSIPortAssignment', 'DaemonSet'],
    ['PortAssigned', 'DaemonSet', 'CSIPortAssignment'],
  ]);
  const { apiVersion, name, uid } = events()[2]!.regarding as unknown as Record<string, string>;
  expect([apiVersion, name, uid]).toEqual(['apps/v1', 'csi-rbdplugin', 'uid-rbdNodePlugin']);
  expect(events()[0]).not.toHaveProperty('slot');
});

test('a workload that is gone leaves the event on the assignment', async () => {
  const { cluster, notifier, events } = await bench();
  notifier.notify([MOVED], { ...cluster.observed(), workloads: {} });
  await notifier.drained();
  expect(events().map(({ regarding }) => regarding.kind)).toEqual(['CSIPortAssignment']);
});

test('an event that is lost is told, and the others are recorded', async () => {
  const { cluster, lost, notifier } = await bench();
  let calls = 0;
  cluster.answers.set('POST', (exchange) => {
    calls += 1;
    if (calls === 1) exchange.reject(403, 'Forbidden');
    else exchange.json(201, {});
  });
  notifier.notify([PINNED, MOVED], cluster.observed());
  await notifier.drained();
  expect(lost).toEqual(['RookConfigPinned: ApiError']);
  expect(calls).toBe(3);
});

test('events never hold up their sender, and only so many wait', async () => {
  const { cluster, lost, notifier } = await bench();
  for (let count = 0; count < 5_001; count += 1) {
    notifier.notify([{ ...PINNED, note: `set ${count}` }], cluster.observed());
  }
  expect(lost).toEqual(['RookConfigPinned: Error']);
  // A repeat waits with its first, and takes no more room.
  notifier.notify([{ ...PINNED, note: 'set 7' }], cluster.observed());
  expect(lost).toHaveLength(1);
  await notifier.drained();
  expect(cluster.server.requests).toHaveLength(5_000);
});

test('those that are being told count as waiting until they are recorded', async () => {
  const { cluster, lost, notifier } = await bench();
  let proceed = (): void => undefined;
  cluster.answers.set('POST', (exchange) => {
    cluster.answers.clear();
    proceed = () => exchange.json(201, {});
  });
  for (let count = 0; count < 5_000; count += 1) {
    notifier.notify([{ ...PINNED, note: `set ${count}` }], cluster.observed());
  }
  const drained = notifier.drained();
  await eventually(() => cluster.server.requests.length).toBe(1);
  notifier.notify([PINNED], cluster.observed());
  expect(lost).toEqual(['RookConfigPinned: Error']);
  proceed();
  await drained;
  notifier.notify([PINNED], cluster.observed());
  await notifier.drained();
  expect([lost.length, cluster.server.requests.length]).toEqual([1, 5_001]);
});

/** With timers and a date that the test moves, from ten o'clock on. */
async function timedBench(): Promise<Awaited<ReturnType<typeof bench>>> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.UTC(2026, 10, 22, 10) });
  onTestFinished(() => void vi.useRealTimers());
  return bench();
}

test('what happens again before it is told is one event, with how often and from when to when', async () => {
  const { cluster, notifier, events } = await timedBench();
  for (const wait of [0, 500, 1_000]) {
    await vi.advanceTimersByTimeAsync(wait);
    notifier.notify([PINNED, { ...PINNED, note: `set after ${wait}` }], cluster.observed());
  }
  await notifier.drained();
  const [repeated, ...others] = events();
  expect(repeated).toMatchObject({
    eventTime: '2026-11-22T10:00:00.000000Z',
    series: { count: 3, lastObservedTime: '2026-11-22T10:00:01.500000Z' },
  });
  expect(others.map(({ eventTime, series }) => [eventTime.slice(17, -4), series])).toEqual([
    ['00.000', undefined],
    ['00.500', undefined],
    ['01.500', undefined],
  ]);
});

/** How often the first event had happened by the time of each request about it. */
const counts = (events: readonly Event[]): unknown[] => events.map(({ series }) => series?.count);

test('events are told when nothing has happened for two seconds', async () => {
  const { cluster, notifier, events } = await timedBench();
  for (const wait of [1_999, 1_999, 2_000]) {
    notifier.notify([PINNED], cluster.observed());
    await vi.advanceTimersByTimeAsync(wait);
  }
  notifier.notify([PINNED], cluster.observed());
  await notifier.drained();
  expect(counts(events())).toEqual([3, 4]);
});

test('events are told ten seconds after the first at the latest', async () => {
  const { cluster, notifier, events } = await timedBench();
  for (let second = 0; second < 14; second += 1) {
    notifier.notify([PINNED], cluster.observed());
    await vi.advanceTimersByTimeAsync(1_000);
  }
  await notifier.drained();
  expect(counts(events())).toEqual([10, 14]);
  expect(events()[1]!.series!.lastObservedTime).toBe('2026-11-22T10:00:13.000000Z');
});

test('at the end nothing is waited for, and no timer is left', async () => {
  const { cluster, notifier, events } = await timedBench();
  notifier.notify([PINNED], cluster.observed());
  await notifier.drained();
  expect(events()).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
  // Nor is anything told that is none.
  notifier.notify([], cluster.observed());
  expect(vi.getTimerCount()).toBe(0);
});
