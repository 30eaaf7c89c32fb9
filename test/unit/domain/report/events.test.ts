import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { lastSeenIn, plan } from '../../../../src/domain/rules/plan.js';
import type { LastSeen } from '../../../../src/domain/rules/observed.js';
import { eventsOf } from '../../../../src/domain/report/events.js';
import { SLOT_SPECS } from '../../../../src/domain/rules/slots.js';
import type { Contest } from '../../../../src/domain/report/write-result.js';
import { anyResults, anyWorld } from '../arbitraries.js';
import {
  CONFLICTING,
  DRIFTED,
  EARLIER,
  ROLLING,
  SETTLED,
  SLOTS,
  eventsIn,
  observe,
  resultsOf,
  type Changes,
  type EventOptions,
  type World,
} from '../worlds.js';

const MOVED: Changes = {
  rookConfig: {
    outcome: 'Applied',
    isSent: true,
    keys: { CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071', CSIADDONS_PORT: '9072' },
  },
  cephfsProvisioner: { outcome: 'Applied', isSent: true, from: 9070 },
  rbdNodePlugin: { outcome: 'Applied', isSent: true, from: 9070 },
};
const CONTEST: Contest = { manager: 'kubectl-edit', lastWriteTime: EARLIER, backoffSeconds: 60 };

function reasonsIn(before: World, options?: EventOptions): string[] {
  return eventsIn(before, options).map(({ reason }) => reason);
}

describe('the events', () => {
  it('of a first reconcile are exactly these, in this order', () => {
    expect(eventsIn(CONFLICTING, { after: ROLLING, results: MOVED })).toEqual([
      {
        type: 'Warning',
        reason: 'ConflictDetected',
        action: 'ComparePorts',
        note: `host port 9070 is shared by ${SLOT_SPECS.map(({ kind, workload }) => `${kind} ${workload}`).join(', ')}`,
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
        note: 'DaemonSet csi-rbdplugin: port 9070 -> 9072; the csi-addons sidecar has its own host port now',
        slot: 'rbdNodePlugin',
      },
      {
        type: 'Normal',
        reason: 'ConflictResolved',
        action: 'ComparePorts',
        note: 'every csi-addons sidecar on the host network has its own port; Ready says when the pods run with it',
      },
    ]);
  });

  it.each<[string, World, Changes]>([
    ['nothing differs', SETTLED, {}],
    ['pods are being replaced', ROLLING, {}],
    ['Rook is waited for', DRIFTED, { rbdNodePlugin: { outcome: 'WaitingForRook' } }],
    ['a write is backed off', DRIFTED, { rbdNodePlugin: { outcome: 'BackingOff', contest: CONTEST } }],
    ['a write was rejected before', DRIFTED, { rbdNodePlugin: { outcome: 'Rejected', cause: 'denied' } }],
    ['a fault passes', DRIFTED, { rbdNodePlugin: { outcome: 'Failed', isSent: true, cause: 'timeout' } }],
    ['a copy is outdated', DRIFTED, { rbdNodePlugin: { outcome: 'Outdated', isSent: true } }],
  ])('are none where %s', (_, world, results) => expect(eventsIn(world, { results })).toEqual([]));

  it.each(['DryRun', 'Paused'] as const)('are none in mode %s, whatever was found', (mode) => {
    const results: Changes = { rbdNodePlugin: { outcome: 'Rejected', isSent: true, cause: 'denied' } };
    expect(eventsIn({ ...CONFLICTING, spec: { mode } }, { results })).toEqual([]);
    expect(eventsIn({ ...SETTLED, spec: { mode } }, { lastSeen: { ready: {}, inConflict: true } })).toEqual([]);
  });
});

describe('of a write', () => {
  const REVERTED: Changes = { rbdNodePlugin: { outcome: 'Applied', from: 9500, reverted: { manager: 'rook' } } };

  it('the reason is Reasserted where the object had been right before, and the note names who changed it', () => {
    expect(eventsIn(DRIFTED, { after: ROLLING, results: REVERTED })).toEqual([
      {
        type: 'Normal',
        reason: 'Reasserted',
        action: 'PatchWorkload',
        note: 'DaemonSet csi-rbdplugin: port 9500 -> 9072; rook had changed it back',
        slot: 'rbdNodePlugin',
      },
    ]);
    const unnamed: Changes = { rbdNodePlugin: { outcome: 'Applied', from: 9500, reverted: {} } };
    expect(eventsIn(DRIFTED, { results: unnamed })[0]!.note).toMatch(/9072; somebody had changed it back$/);
  });

  it('a contested one has an event more, about the same object', () => {
    const results: Changes = {
      rookConfig: { outcome: 'Applied', keys: { CSIADDONS_PORT: '9072' }, contest: CONTEST },
      rbdNodePlugin: { ...REVERTED.rbdNodePlugin, contest: CONTEST },
    };
    const found = eventsIn(DRIFTED, { results }).filter(({ reason }) => reason === 'Contested');
    expect(found).toMatchObject(found.map(() => ({ type: 'Warning', action: 'BackOff' })));
    expect(found[0]!.note).toMatch(/^ConfigMap rook-ceph-operator-config is changed back .* by kubectl-edit, so it/);
    expect(found[1]!.note).toMatch(/^DaemonSet csi-rbdplugin is changed back .* by kubectl-edit, so it/);
    expect(found.map(({ slot }) => slot)).toEqual([undefined, 'rbdNodePlugin']);
  });

  it('a rejection has one for each workload that the API server was asked about', () => {
    const rejected = { outcome: 'Rejected', isSent: true } as const;
    const results: Changes = {
      rookConfig: { ...rejected, cause: 'in the condition PinRejected alone' },
      rbdProvisioner: { ...rejected, cause: 'too' },
      rbdNodePlugin: { ...rejected, cause: 'denied' },
    };
    const common = { type: 'Warning', reason: 'PatchRejected', action: 'PatchWorkload' };
    expect(eventsIn(DRIFTED, { results })).toEqual([
      { ...common, note: 'Deployment csi-rbdplugin-provisioner: too', slot: 'rbdProvisioner' },
      { ...common, note: 'DaemonSet csi-rbdplugin: denied', slot: 'rbdNodePlugin' },
    ]);
  });
});

describe('a conflict', () => {
  const IN_CONFLICT: LastSeen = { ready: {}, inConflict: true };
  const NO_CONFLICT: LastSeen = { ready: {}, inConflict: false };

  test.each<[string, World, EventOptions, string[]]>([
    ['at first sight', CONFLICTING, {}, ['ConflictDetected']],
    ['after a quiet time', CONFLICTING, { lastSeen: NO_CONFLICT }, ['ConflictDetected']],
    ['that lasts', CONFLICTING, { lastSeen: IN_CONFLICT }, []],
    ['that ends', CONFLICTING, { after: ROLLING, lastSeen: IN_CONFLICT }, ['ConflictResolved']],
    ['that has ended by itself', ROLLING, { lastSeen: IN_CONFLICT }, ['ConflictResolved']],
    ['that has ended and come back meanwhile', ROLLING, { after: CONFLICTING, lastSeen: IN_CONFLICT }, []],
    ['that arises during the reconcile', SETTLED, { after: CONFLICTING }, ['ConflictDetected']],
    [
      'that is found as the mode becomes Enforce',
      { ...CONFLICTING, spec: { mode: 'DryRun' } },
      { after: CONFLICTING, lastSeen: NO_CONFLICT },
      ['ConflictDetected'],
    ],
    [
      'that is left alone from now on',
      CONFLICTING,
      { after: { ...CONFLICTING, spec: { mode: 'Paused' } }, lastSeen: IN_CONFLICT },
      [],
    ],
  ])('%s', (_, before, options, reasons) => expect(reasonsIn(before, options)).toEqual(reasons));

  it('is detected and resolved by turns, in any history', () => {
    const history = fc.array(fc.tuple(anyWorld, anyWorld), { minLength: 2, maxLength: 8 });
    const enforce = ({ spec, ...world }: World): World => ({ ...world, spec: { ...spec, mode: 'Enforce' } });
    fc.assert(
      fc.property(history, (reconciles) => {
        let lastSeen: LastSeen | undefined;
        const reasons: string[] = [];
        for (const [first, second] of reconciles) {
          const [before, after] = [first, second].map((world) => plan(observe(enforce(world))));
          reasons.push(
            ...eventsOf({ before: before!, after: after!, results: [], lastSeen }).map(({ reason }) => reason),
          );
          lastSeen = lastSeenIn(after!);
        }
        const turns = reasons.map((_, at) => (at % 2 === 0 ? 'ConflictDetected' : 'ConflictResolved'));
        expect(reasons).toEqual(turns);
        expect(lastSeen!.inConflict).toBe(reasons.length % 2 === 1);
      }),
      { numRuns: 300 },
    );
  });
});

it('of any reconcile, an event about a write is about one that was sent and carried out, or rejected', () => {
  fc.assert(
    fc.property(anyWorld, anyResults, (world, changes) => {
      const results = resultsOf(changes);
      const events = eventsIn(world, { results: changes });
      for (const { action, reason, slot, note } of events) {
        expect(note).not.toContain('undefined');
        if (action === 'ComparePorts') continue;
        const row = results.find((result) => result.slot === slot)!;
        expect(row.outcome).toBe(reason === 'PatchRejected' ? 'Rejected' : 'Applied');
      }
      const applied = results.filter(({ outcome }) => outcome === 'Applied').length;
      const writes = events.filter(({ reason }) => ['PortAssigned', 'Reasserted', 'RookConfigPinned'].includes(reason));
      expect(writes).toHaveLength((world.spec?.mode ?? 'Enforce') === 'Enforce' ? applied : 0);
      expect(SLOTS).toEqual(expect.arrayContaining(events.flatMap(({ slot }) => slot ?? [])));
    }),
  );
});
