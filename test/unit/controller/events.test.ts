import { expect, test } from 'vitest';
import { recordEvents } from '../../../src/controller/events.js';
import type { EventSpec } from '../../../src/domain/report/events.js';
import type { ObjectReference } from '../../../src/kube/event-series.js';
import { startCluster } from './cluster-double.js';

const PINNED: EventSpec = { type: 'Normal', reason: 'RookConfigPinned', action: 'PinRookConfig', note: 'set' };
const MOVED: EventSpec = {
  type: 'Normal',
  reason: 'PortAssigned',
  action: 'PatchWorkload',
  note: 'moved',
  slot: 'rbdNodePlugin',
};
const ASSIGNMENT = ['csiports.io/v1alpha1', 'CSIPortAssignment', 'rook-ceph', 'default', 'uid-default'];
const WORKLOAD = ['apps/v1', 'DaemonSet', 'rook-ceph', 'csi-rbdplugin', 'uid-rbdNodePlugin'];

type Recorded = [reason: string, regarding: string[], related: string[] | undefined];

function keeping(recorded: Recorded[]): Parameters<typeof recordEvents>[0] {
  const fields = (one: ObjectReference): string[] => [one.apiVersion, one.kind, one.namespace, one.name, one.uid];
  return {
    record: (regarding, { reason }, related) =>
      void recorded.push([reason, fields(regarding), related && fields(related)]),
  };
}

test('an event about a workload is recorded on both objects, each related to the other', async () => {
  const recorded: Recorded[] = [];
  recordEvents(keeping(recorded), [PINNED, MOVED], (await startCluster()).observed());
  expect(recorded).toEqual([
    ['RookConfigPinned', ASSIGNMENT, undefined],
    ['PortAssigned', ASSIGNMENT, WORKLOAD],
    ['PortAssigned', WORKLOAD, ASSIGNMENT],
  ]);
});

test('if the workload is gone, the event is recorded on the assignment alone', async () => {
  const recorded: Recorded[] = [];
  recordEvents(keeping(recorded), [MOVED], { ...(await startCluster()).observed(), workloads: {} });
  expect(recorded).toEqual([['PortAssigned', ASSIGNMENT, undefined]]);
});
