import { describe, expect, it } from 'vitest';
import { eventsOf, type EventSpec } from '../../../src/domain/report/events.js';
import type { AssignmentStatus } from '../../../src/domain/rules/api.js';
import type { Outcome } from '../../../src/domain/report/outcome.js';
import { statusOf } from '../../../src/domain/report/status.js';
import {
  CONFLICTING,
  DRIFTED,
  EARLIER,
  ROLLING,
  SETTLED,
  reconcile,
  statusIn,
  workloads,
  type ReconcileOptions,
  type World,
} from './worlds.js';

const MOVED: Partial<Outcome> = {
  pinned: { CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071', CSIADDONS_PORT: '9072' },
  patched: [
    { slot: 'cephfsProvisioner', from: 9070, to: 9071 },
    { slot: 'rbdNodePlugin', to: 9072 },
  ],
};

function eventsIn(world: World, options: ReconcileOptions = {}): EventSpec[] {
  const reconciled = reconcile(world, options);
  return eventsOf(reconciled, statusOf(reconciled));
}

function reasonsIn(world: World, options: ReconcileOptions = {}): string[] {
  return eventsIn(world, options).map(({ reason }) => reason);
}

describe('the events', () => {
  it('of a first reconcile are exactly these, in this order', () => {
    expect(eventsIn(CONFLICTING, { after: ROLLING, outcome: MOVED })).toEqual([
      {
        type: 'Warning',
        reason: 'ConflictDetected',
        action: 'ComparePorts',
        note:
          'host port 9070 is shared by Deployment csi-rbdplugin-provisioner, ' +
          'Deployment csi-cephfsplugin-provisioner, DaemonSet csi-rbdplugin',
      },
      {
        type: 'Normal',
        reason: 'RookConfigPinned',
        action: 'PinRookConfig',
        note:
          'set CSIADDONS_CEPHFS_PROVISIONER_PORT=9071, CSIADDONS_PORT=9072 in rook-ceph-operator-config, ' +
          'so that Rook renders the assigned ports',
      },
      {
        type: 'Normal',
        reason: 'PortAssigned',
        action: 'PatchWorkload',
        note: 'Deployment csi-cephfsplugin-provisioner: port 9070 -> 9071; the csi-addons sidecar has its own host port now',
        slot: 'cephfsProvisioner',
      },
      {
        type: 'Normal',
        reason: 'PortAssigned',
        action: 'PatchWorkload',
        note: 'DaemonSet csi-rbdplugin: port none -> 9072; the csi-addons sidecar has its own host port now',
        slot: 'rbdNodePlugin',
      },
    ]);
  });

  it('are none where nothing was done and nothing found', () => {
    expect(eventsIn(SETTLED)).toEqual([]);
    expect(eventsIn(SETTLED, { previous: statusIn(SETTLED) })).toEqual([]);
    expect(eventsIn(ROLLING, { previous: statusIn(ROLLING) })).toEqual([]);
  });

  it.each(['DryRun', 'Paused'] as const)('are none in mode %s, whatever was found', (mode) => {
    const outcome = { rejections: { rbdNodePlugin: 'denied' } };
    expect(eventsIn({ ...CONFLICTING, spec: { mode } }, { outcome })).toEqual([]);
    expect(eventsIn({ ...SETTLED, spec: { mode } }, { previous: statusIn(CONFLICTING) })).toEqual([]);
  });
});

describe('a conflict', () => {
  it('is told once, however long it lasts', () => {
    const first = statusIn(CONFLICTING);
    expect(reasonsIn(CONFLICTING)).toEqual(['ConflictDetected']);
    expect(reasonsIn(CONFLICTING, { previous: first })).toEqual([]);
    expect(reasonsIn(ROLLING, { previous: first })).toEqual([]);
    expect(reasonsIn(ROLLING, { previous: statusIn(ROLLING, { previous: first }) })).toEqual([]);
  });

  it('is told to be over once, when the pods run with their ports', () => {
    const rolling = statusIn(ROLLING, { previous: statusIn(CONFLICTING) });
    const [event, ...others] = eventsIn(SETTLED, { previous: rolling });
    expect(event).toMatchObject({ type: 'Normal', reason: 'ConflictResolved', action: 'ComparePorts' });
    expect(others).toEqual([]);
    expect(reasonsIn(SETTLED, { previous: statusIn(SETTLED, { previous: rolling }) })).toEqual([]);
  });

  it('is told again when it comes back', () => {
    const resolved = statusIn(SETTLED, { previous: statusIn(CONFLICTING) });
    expect(reasonsIn(CONFLICTING, { previous: resolved })).toEqual(['ConflictDetected']);
  });

  it('is told beside another reason of Degraded', () => {
    expect(reasonsIn(CONFLICTING, { previous: statusIn({ workloads: workloads() }) })).toEqual(['ConflictDetected']);
  });
});

describe('a patch', () => {
  it('is called Reasserted for just the workloads where somebody had reverted one', () => {
    const previous = statusIn({ ...SETTLED, workloads: workloads({ cephfsProvisioner: { port: 9500 } }) });
    const before: World = {
      ...SETTLED,
      workloads: workloads({ cephfsProvisioner: { port: 9600 }, rbdNodePlugin: { port: 9600 } }),
    };
    const found = eventsIn(before, { previous, after: ROLLING, outcome: { ...MOVED, pinned: {} } });
    expect(found.filter(({ action }) => action === 'PatchWorkload').map(({ slot, reason }) => [slot, reason])).toEqual([
      ['cephfsProvisioner', 'PortAssigned'],
      ['rbdNodePlugin', 'Reasserted'],
    ]);
    expect(found.at(-1)!.note).toBe('DaemonSet csi-rbdplugin: port none -> 9072; somebody had changed it back');
  });
});

describe('a patch long after an revert', () => {
  const UNDONE = { kind: 'DaemonSet', name: 'csi-rbdplugin', manager: 'rook', times: [EARLIER] } as const;
  const patchOf = (previous: AssignmentStatus): (string | undefined)[] => {
    const outcome: Partial<Outcome> = { patched: [{ slot: 'rbdNodePlugin', from: 9500, to: 9072 }] };
    const remembered = { ...previous, reverts: { count: 1, recent: [UNDONE] } };
    return reasonsIn(DRIFTED, { previous: remembered, after: ROLLING, outcome });
  };

  it('is no Reasserted where that one was repaired, and something else moved the port since', () => {
    expect(patchOf(statusIn({ ...DRIFTED, spec: { mode: 'Paused' } }))).toEqual(['PortAssigned']);
    const awayFromHost = workloads({ rbdNodePlugin: { hostNetwork: false } });
    expect(patchOf(statusIn({ ...SETTLED, workloads: awayFromHost }))).toEqual(['PortAssigned']);
  });

  it('is one where that one could not be repaired until now', () => {
    expect(patchOf(statusIn(DRIFTED))).toEqual(['Reasserted']);
  });
});

describe('a rejection', () => {
  const outcome = { rejections: { rbdNodePlugin: 'denied', rbdProvisioner: 'too' } };
  const drifted: World = {
    ...SETTLED,
    workloads: workloads({ rbdNodePlugin: { port: 9500 }, rbdProvisioner: { port: 9501 } }),
  };

  it('is told per workload, in the order of the layout', () => {
    expect(eventsIn(drifted, { outcome })).toEqual([
      {
        type: 'Warning',
        reason: 'PatchRejected',
        action: 'PatchWorkload',
        note: 'Deployment csi-rbdplugin-provisioner: too',
        slot: 'rbdProvisioner',
      },
      {
        type: 'Warning',
        reason: 'PatchRejected',
        action: 'PatchWorkload',
        note: 'DaemonSet csi-rbdplugin: denied',
        slot: 'rbdNodePlugin',
      },
    ]);
  });

  it('is told once per workload until it was accepted in between', () => {
    const known = statusIn(drifted, { outcome: { rejections: { rbdNodePlugin: 'denied' } } });
    expect(eventsIn(drifted, { outcome, previous: known }).map(({ slot }) => slot)).toEqual(['rbdProvisioner']);
    expect(eventsIn(drifted, { outcome, previous: statusIn(SETTLED) })).toHaveLength(2);
  });
});
