import { describe, expect, it } from 'vitest';
import type { AssignmentStatus } from '../../../src/domain/rules/api.js';
import { plan } from '../../../src/domain/rules/plan.js';
import { countReverts, reverts, type Circumstances } from '../../../src/domain/rules/reverts.js';
import type { RookConfigEntry } from '../../../src/domain/rules/rook-config.js';
import { SLOT_SPECS } from '../../../src/domain/rules/slots.js';
import type { FieldManager } from '../../../src/domain/rules/workload.js';
import type { RawOptions } from './raw-workload.js';
import {
  CONFLICTING,
  NOW,
  SETTLED,
  SLOTS,
  allWorkloads,
  observe,
  pinned,
  rookConfig,
  statusIn,
  workloads,
  type World,
} from './worlds.js';

const ORDINARY: Circumstances = { isAfterPin: false, mayBeUntold: false };
const READY = statusIn(SETTLED);
const ROLLING = statusIn({ ...SETTLED, workloads: allWorkloads({ rolling: true }) });
const NODE_ON_9070: World = { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9070 } }) };
const nodeOn9070By = (...names: string[]): World => {
  const managers = names.map((name) => ({ name, time: NOW, ownsPort: true }));
  return { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9070, managers } }) };
};
const SPEC_MOVED: World = { ...SETTLED, spec: { ports: { rbdNodePlugin: 9300 } } };

/** Slots of the patches that were reverted. */
function revertedPatches(
  previous: Partial<AssignmentStatus> | undefined,
  world: World,
  circumstances: Partial<Circumstances> = {},
): string[] {
  const names = reverts(previous, plan(observe(world)), { ...ORDINARY, ...circumstances }).map(({ name }) => name);
  return SLOT_SPECS.filter(({ workload }) => names.includes(workload)).map(({ slot }) => slot);
}

describe('an reverted patch', () => {
  it('is one where the sidecar is not read any more: behind that its port could be moved uncounted', () => {
    const { workloads: found, ...others } = observe(SETTLED);
    const { rbdNodePlugin } = found;
    const unread = {
      ...rbdNodePlugin!,
      sidecar: { ...rbdNodePlugin!.sidecar!, command: [], ports: [], unread: 2_000 },
    };
    const planned = plan({ ...others, workloads: { ...found, rbdNodePlugin: unread } });
    expect(planned.workloads.find(({ slotSpec }) => slotSpec.slot === 'rbdNodePlugin')?.state).toBe('Drifted');
    expect(reverts(READY, planned, ORDINARY)).toMatchObject([{ name: 'csi-rbdplugin' }]);
  });

  const rows: [string, Partial<AssignmentStatus> | undefined, World, readonly string[]][] = [
    ['a Ready workload moved back', READY, NODE_ON_9070, ['rbdNodePlugin']],
    ['a workload moved back while rolling out', ROLLING, NODE_ON_9070, ['rbdNodePlugin']],
    ["Rook's full update: all that differ", READY, CONFLICTING, ['cephfsProvisioner', 'rbdNodePlugin']],
    ['three at once', READY, { ...SETTLED, workloads: allWorkloads({ port: 9500 }) }, SLOTS],
    [
      'the argument gone',
      READY,
      { ...SETTLED, workloads: workloads({ rbdNodePlugin: { sidecar: {} } }) },
      ['rbdNodePlugin'],
    ],
    [
      'a move to somewhere else while spec moved too',
      READY,
      { ...NODE_ON_9070, ...{ spec: { ports: { rbdNodePlugin: 9300 } } } },
      ['rbdNodePlugin'],
    ],
    [
      'still there, also when on its way out',
      READY,
      { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9070, deleting: true } }) },
      ['rbdNodePlugin'],
    ],
  ];
  it.each(rows)('is %s', (_name, previous, world, reverted) => {
    expect(revertedPatches(previous, world)).toEqual(reverted);
  });

  const not: [string, Partial<AssignmentStatus> | undefined, World][] = [
    ['nothing that differs', READY, SETTLED],
    ['a first sight', undefined, CONFLICTING],
    ['a status without workloads', {}, CONFLICTING],
    ['a port that spec alone moved away from', READY, SPEC_MOVED],
    ['a workload that was drifted before', statusIn(CONFLICTING), CONFLICTING],
    [
      'a workload that was drifted, and drifts elsewhere',
      statusIn(NODE_ON_9070),
      { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9500 } }) },
    ],
    ['a workload created anew after it was absent', statusIn({ config: SETTLED.config! }), CONFLICTING],
    [
      'a workload that came back from the pod network',
      statusIn({ ...SETTLED, workloads: allWorkloads({ hostNetwork: false }) }),
      CONFLICTING,
    ],
    [
      'a workload that left for the pod network',
      READY,
      { ...SETTLED, workloads: allWorkloads({ port: 9070, hostNetwork: false }) },
    ],
    [
      'a rejected patch',
      statusIn(CONFLICTING, { outcome: { rejections: { cephfsProvisioner: 'no', rbdNodePlugin: 'no' } } }),
      CONFLICTING,
    ],
    ['a change in mode Paused', READY, { ...NODE_ON_9070, spec: { mode: 'Paused' } }],
    ['a change in mode DryRun', READY, { ...NODE_ON_9070, spec: { mode: 'DryRun' } }],
  ];
  it.each(not)('is not %s', (_name, previous, world) => {
    expect(revertedPatches(previous, world)).toEqual([]);
  });

  describe('of which the operator is the last writer itself', () => {
    const operator = { name: 'csi-port-operator', time: '2026-11-22T09:00:00Z', ownsPort: true };
    const before = { name: 'rook', time: '2026-11-22T08:00:00Z', ownsPort: false };
    const movedTo = (sidecar: RawOptions, ...others: FieldManager[]): World => ({
      ...SETTLED,
      workloads: workloads({ rbdNodePlugin: { managers: [before, operator, ...others], ...sidecar } }),
    });

    it('is none where a status may not have told of it: a process was killed, or an answer was lost', () => {
      expect(revertedPatches(READY, movedTo({ port: 9300 }), { mayBeUntold: true })).toEqual([]);
    });

    it('is one at any other time: a policy that changes what others write leaves its owner to the field', () => {
      expect(revertedPatches(READY, movedTo({ port: 9300 }))).toEqual(['rbdNodePlugin']);
    });

    it.each<[string, RawOptions, FieldManager[]]>([
      ['somebody declares a port beside it', { port: 9300 }, [{ name: 'kubectl-edit', ownsPort: true }]],
      ['the argument was taken out, which leaves no owner', { sidecar: { ports: [{ containerPort: 9300 }] } }, []],
      ['argument and declared port were taken out', { sidecar: {} }, []],
    ])('is one in any case where %s', (_, sidecar, others) => {
      const world = movedTo(sidecar, ...others);
      for (const mayBeUntold of [true, false])
        expect(revertedPatches(READY, world, { mayBeUntold })).toEqual(['rbdNodePlugin']);
    });
  });

  it.each([[[]], [['rook']]])('by %j is none while Rook answers a pin', (names) => {
    expect(revertedPatches(READY, nodeOn9070By(...names), { isAfterPin: true })).toEqual([]);
  });

  it('by anybody else is one, also while Rook answers a pin', () => {
    expect(revertedPatches(READY, nodeOn9070By('argocd-controller'), { isAfterPin: true })).toEqual(['rbdNodePlugin']);
  });

  it.each([
    ['rook', [{ name: 'rook', ownsPort: true }]],
    [
      'the latest of several owners',
      [
        { name: 'kubectl-edit', time: '2026-11-22T08:00:00Z', ownsPort: true },
        { name: 'the latest of several owners', time: '2026-11-22T09:00:00Z', ownsPort: true },
        { name: 'kube-controller-manager', time: '2026-11-22T09:30:00Z', ownsPort: false },
        { name: 'csi-port-operator', time: '2026-11-22T09:59:00Z', ownsPort: true },
      ],
    ],
    [undefined, [{ name: 'kube-controller-manager', ownsPort: false }]],
    [undefined, [{ name: 'ancient-changes', ownsPort: true }]],
  ])('names its writer: %s', (manager, managers) => {
    const world: World = { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9070, managers } }) };
    const reverted = { kind: 'DaemonSet', name: 'csi-rbdplugin', ...(manager === undefined ? {} : { manager }) };
    expect(reverts(READY, plan(observe(world)), ORDINARY)).toEqual([reverted]);
  });

  it('is counted once, however often the same drift is seen', () => {
    const first = statusIn(NODE_ON_9070, { previous: READY });
    expect(first.reverts.count).toBe(1);
    expect(statusIn(NODE_ON_9070, { previous: first, now: NOW }).reverts).toEqual(first.reverts);
  });
});

describe('an reverted pin', () => {
  const CONFIG = { kind: 'ConfigMap', name: 'rook-ceph-operator-config' } as const;
  const ALL = ['CSIADDONS_RBD_PROVISIONER_PORT', 'CSIADDONS_CEPHFS_PROVISIONER_PORT', 'CSIADDONS_PORT'];
  const withConfig = (config: World['config'], spec: World['spec'] = {}): World => ({
    ...SETTLED,
    spec,
    ...(config === undefined ? {} : { config }),
  });
  const revertedPins = (world: World, previous: Partial<AssignmentStatus> = READY, mayBeUntold = false): unknown[] =>
    reverts(previous, plan(observe(world)), { isAfterPin: true, mayBeUntold });

  it('is a pinned key that is gone, and one revert however many are gone', () => {
    expect(READY.pinned).toEqual({
      CSIADDONS_RBD_PROVISIONER_PORT: '9070',
      CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071',
      CSIADDONS_PORT: '9072',
    });
    expect(revertedPins(withConfig(rookConfig()))).toEqual([{ ...CONFIG, keys: ALL }]);
  });

  it.each<[string, string[]]>([
    ['of a ConfigMap without managedFields nobody is', []],
    ['of the oldest of many writers the API server keeps no name', ['ancient-changes']],
  ])('is a key that nobody is known to own, too: %s', (_, managers) => {
    const unowned = (value: string): RookConfigEntry => ({ value, managers });
    const config = pinned(9070, 9071, 9300);
    const spec = { ports: { rbdNodePlugin: 9300 } };
    const before = { ...config, keys: { ...config.keys, CSIADDONS_PORT: unowned('9300') } };
    const after = { ...config, keys: { ...config.keys, CSIADDONS_PORT: unowned('9072') } };
    const told = statusIn(withConfig(before, spec));
    expect(told.pinned).toMatchObject({ CSIADDONS_PORT: '9300' });
    expect(revertedPins(withConfig(after, spec), told, true)).toEqual([{ ...CONFIG, keys: ['CSIADDONS_PORT'] }]);
  });

  it('of a key that is gone names nobody: taking it out leaves no trace', () => {
    const managers = [
      { name: 'helm', time: '2026-11-20T08:00:00Z' },
      { name: 'csi-port-operator', time: '2026-11-22T09:00:00Z' },
    ];
    expect(revertedPins(withConfig({ ...rookConfig(), managers }))).toEqual([{ ...CONFIG, keys: ALL }]);
  });

  it('names the owner of a key that was set to something else', () => {
    const keys = { CSIADDONS_PORT: { value: 'abc', managers: ['kubectl-edit'] } };
    const managers = [
      { name: 'kubectl-edit', time: '2026-11-22T08:00:00Z' },
      { name: 'argocd-controller', time: '2026-11-22T09:00:00Z' },
    ];
    const config = { ...pinned(9070, 9071, 9072), managers };
    const reverted = { ...config, keys: { ...config.keys, ...keys } };
    expect(revertedPins(withConfig(reverted))).toEqual([
      { ...CONFIG, keys: ['CSIADDONS_PORT'], manager: 'kubectl-edit' },
    ]);
  });

  it("is none where the keys are the operator's alone, and a status may not have told of it", () => {
    const told = { pinned: { CSIADDONS_RBD_PROVISIONER_PORT: '9070', CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071' } };
    const otherwise = withConfig(pinned(9071, 9070, 9072));
    expect(revertedPins(otherwise, told, true)).toEqual([]);
    expect(revertedPins(otherwise, told)).toMatchObject([{ keys: ALL.slice(0, 2) }]);
    expect(revertedPins(withConfig(rookConfig()), told, true)).toMatchObject([{ keys: ALL.slice(0, 2) }]);
  });

  it.each<[string, World, Partial<AssignmentStatus>]>([
    ['a key set to another valid port: that is a wish', withConfig(rookConfig({ CSIADDONS_PORT: '9075' })), {}],
    ['a first sight', withConfig(rookConfig()), {}],
    [
      'a pin that spec alone moved away from',
      withConfig(pinned(9070, 9071, 9072), { ports: { rbdNodePlugin: 9300 } }),
      READY,
    ],
    ['anything with rookConfig: Leave', withConfig(rookConfig(), { rookConfig: 'Leave' }), READY],
    ['anything in mode Paused', withConfig(rookConfig(), { mode: 'Paused' }), READY],
    ['an absent ConfigMap', { workloads: workloads() }, READY],
  ])('is not %s', (_name, world, previous) => expect(revertedPins(world, previous)).toEqual([]));
});

describe('countReverts', () => {
  const patch = { kind: 'DaemonSet', name: 'csi-rbdplugin' } as const;
  const pin = { kind: 'ConfigMap', name: 'rook-ceph-operator-config' } as const;

  it('starts at none, and has no time until there was one', () => {
    expect(countReverts(undefined, [], NOW)).toEqual({ count: 0 });
    expect(countReverts({}, [], NOW)).toEqual({ count: 0 });
  });

  it('adds each reverted patch, and pins apart from them', () => {
    expect(countReverts(undefined, [patch], NOW)).toEqual({ count: 1, lastTime: NOW });
    expect(
      countReverts(
        { reverts: { count: 4 } },
        SLOTS.map(() => patch),
        NOW,
      ),
    ).toEqual({ count: 7, lastTime: NOW });
    expect(countReverts({ reverts: { count: 4, pins: 1 } }, [pin, patch], NOW)).toEqual({
      count: 5,
      pins: 2,
      lastTime: NOW,
    });
  });

  it('leaves what is stored alone otherwise', () => {
    const reverts = { count: 4, pins: 3, lastTime: '2026-11-20T00:00:00Z' };
    expect(countReverts({ reverts }, [], NOW)).toEqual(reverts);
  });
});
