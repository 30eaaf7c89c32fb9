import { expect, test } from 'vitest';
import { Notifier } from '../../../src/controller/notifier.js';
import type { Notice } from '../../../src/domain/notices.js';
import { EventRecorder } from '../../../src/kube/events.js';
import { startCluster, type Cluster } from './cluster-double.js';

const PINNED: Notice = { type: 'Normal', reason: 'RookConfigPinned', action: 'PinRookConfig', note: 'set' };
const MOVED: Notice = {
  type: 'Normal',
  reason: 'PortAssigned',
  action: 'PatchWorkload',
  note: 'moved',
  slot: 'rbdNodePlugin',
};

interface Event {
  readonly reason: string;
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
    if (calls === 1) exchange.refuse(403, 'Forbidden');
    else exchange.json(201, {});
  });
  notifier.notify([PINNED, MOVED], cluster.observed());
  await notifier.drained();
  expect(lost).toEqual(['RookConfigPinned: ApiError']);
  expect(calls).toBe(3);
});

test('events never hold up their sender, and only so many wait', async () => {
  const { cluster, lost, notifier } = await bench();
  for (let count = 0; count < 201; count += 1) {
    notifier.notify([{ ...PINNED, note: `set ${count}` }], cluster.observed());
  }
  expect(lost).toEqual(['RookConfigPinned: Error']);
  await notifier.drained();
  expect(cluster.server.requests).toHaveLength(200);
});
