import { describe, expect, it } from 'vitest';
import type { Condition, ConditionType } from '../../../src/domain/rules/api.js';
import { conditions } from '../../../src/domain/report/conditions.js';
import {
  AFTER_PATCH,
  CONFLICTING,
  DRIFTED,
  EARLIER,
  NOW,
  ROLLING,
  SETTLED,
  allWorkloads,
  reconcile,
  rookConfig,
  statusIn,
  workloads,
  type ReconcileOptions,
  type World,
} from './worlds.js';

function conditionIn(type: ConditionType, world: World, options: ReconcileOptions = {}): Condition {
  return conditions(reconcile(world, options)).find((condition) => condition.type === type)!;
}

const DRY_RUN: World = { ...CONFLICTING, spec: { mode: 'DryRun' } };
const PAUSED: World = { ...CONFLICTING, spec: { mode: 'Paused' } };
const REJECTED = { rejections: { rbdNodePlugin: 'denied by policy' } };

describe('all three', () => {
  const rows: [string, World, ReconcileOptions, ready: string, progressing: string, degraded: string][] = [
    ['settled', SETTLED, {}, 'True PortsAssigned', 'False Settled', 'False AsExpected'],
    [
      'settled, paused',
      { ...SETTLED, spec: { mode: 'Paused' } },
      {},
      'True PortsAssigned',
      'False Settled',
      'False AsExpected',
    ],
    [
      'settled, dry run',
      { ...SETTLED, spec: { mode: 'DryRun' } },
      {},
      'True PortsAssigned',
      'False Settled',
      'False AsExpected',
    ],
    ['nothing there', {}, {}, 'True NothingToAssign', 'False Settled', 'False AsExpected'],
    [
      'on the pod network',
      { config: rookConfig(), workloads: allWorkloads({ port: 9070, hostNetwork: false }) },
      {},
      'True NothingToAssign',
      'False Settled',
      'False AsExpected',
    ],
    [
      "ceph-csi-operator's",
      { workloads: allWorkloads({ port: 9070, driverOwned: true }) },
      {},
      'True NothingToAssign',
      'False Settled',
      'True UpstreamConflict',
    ],
    ['rolling out', ROLLING, {}, 'False RollingOut', 'True RollingOut', 'False AsExpected'],
    ['one of three rolling out', AFTER_PATCH, {}, 'False RollingOut', 'True RollingOut', 'False AsExpected'],
    [
      'out of play and rolling',
      { ...SETTLED, workloads: workloads({ rbdNodePlugin: { rolling: true, hostNetwork: false } }) },
      {},
      'True PortsAssigned',
      'False Settled',
      'False AsExpected',
    ],
    ['conflicting, nothing done', CONFLICTING, {}, 'False PortsDiffer', 'False Settled', 'True PortConflict'],
    ['conflicting, dry run', DRY_RUN, {}, 'False DryRun', 'False Settled', 'True PortConflict'],
    ['conflicting, paused', PAUSED, {}, 'False Paused', 'False Settled', 'True PortConflict'],
    ['just patched', CONFLICTING, { after: AFTER_PATCH }, 'False RollingOut', 'True RollingOut', 'True PortConflict'],
    [
      'just patched, no pod to replace',
      CONFLICTING,
      { after: SETTLED },
      'True PortsAssigned',
      'False Settled',
      'False AsExpected',
    ],
    [
      'waiting for Rook',
      DRIFTED,
      { outcome: { waitingForRook: 'Pin' } },
      'False WaitingForRook',
      'True WaitingForRook',
      'False AsExpected',
    ],
    [
      'waiting, but rejected',
      DRIFTED,
      { outcome: { waitingForRook: 'Pin', ...REJECTED } },
      'False PatchRejected',
      'True WaitingForRook',
      'True PatchRejected',
    ],
    ['drifted', DRIFTED, {}, 'False PortsDiffer', 'False Settled', 'False AsExpected'],
    [
      'drifted, and another one rolling',
      { ...SETTLED, workloads: workloads({ rbdNodePlugin: { port: 9500 }, rbdProvisioner: { rolling: true } }) },
      {},
      'False PortsDiffer',
      'True RollingOut',
      'False AsExpected',
    ],
    [
      'a passing fault',
      DRIFTED,
      { outcome: { failure: 'timeout', waitingForRook: 'Pin' } },
      'False WaitingForRook',
      'True Retrying',
      'False AsExpected',
    ],
    [
      'a passing fault while rolling',
      ROLLING,
      { outcome: { failure: 'timeout' } },
      'False RollingOut',
      'True Retrying',
      'False AsExpected',
    ],
    ['rejected', DRIFTED, { outcome: REJECTED }, 'False PatchRejected', 'False Settled', 'True PatchRejected'],
    [
      'rejected in a dry run',
      { ...DRIFTED, spec: { mode: 'DryRun' } },
      { outcome: REJECTED },
      'False PatchRejected',
      'False Settled',
      'True PatchRejected',
    ],
    [
      'rejected, with a conflict',
      CONFLICTING,
      { outcome: REJECTED },
      'False PatchRejected',
      'False Settled',
      'True PortConflict',
    ],
    [
      'the pin rejected',
      SETTLED,
      { outcome: { pinRejection: 'denied' } },
      'True PortsAssigned',
      'False Settled',
      'True PinRejected',
    ],
    [
      'an invalid key, left',
      { ...SETTLED, config: rookConfig({ CSIADDONS_PORT: 'abc' }), spec: { rookConfig: 'Leave' } },
      {},
      'True PortsAssigned',
      'False Settled',
      'True InvalidRookConfig',
    ],
    [
      'clashing keys, left',
      {
        ...SETTLED,
        config: rookConfig({ CSIADDONS_PORT: '9070', CSIADDONS_RBD_PROVISIONER_PORT: '9070' }),
        spec: { rookConfig: 'Leave' },
      },
      {},
      'True PortsAssigned',
      'False Settled',
      'True ClashingRookConfig',
    ],
    ['no ConfigMap', { workloads: workloads() }, {}, 'True PortsAssigned', 'False Settled', 'True RookConfigAbsent'],
    [
      'no ConfigMap, Mixed',
      { workloads: workloads({ rbdNodePlugin: { driverOwned: true } }) },
      {},
      'True PortsAssigned',
      'False Settled',
      'True RookConfigAbsent',
    ],
    [
      'no ConfigMap, left',
      { workloads: workloads(), spec: { rookConfig: 'Leave' } },
      {},
      'True PortsAssigned',
      'False Settled',
      'False AsExpected',
    ],
  ];
  it.each(rows)('%s', (_name, world, options, ...expected) => {
    const found = conditions(reconcile(world, options));
    expect(found.map(({ type }) => type)).toEqual(['Ready', 'Progressing', 'Degraded']);
    expect(found.map(({ status, reason }) => `${status} ${reason}`)).toEqual(expected);
    expect(found.every(({ message, observedGeneration }) => message !== '' && observedGeneration === 3)).toBe(true);
  });

  it('asks for no ConfigMap where nothing competes for a port', () => {
    const podNetwork = { workloads: allWorkloads({ hostNetwork: false }) };
    expect(conditionIn('Degraded', podNetwork).reason).toBe('AsExpected');
  });
});

describe('a conflict', () => {
  const stored = statusIn(CONFLICTING, { after: AFTER_PATCH });
  const degraded = (world: World): string => conditionIn('Degraded', world, { previous: stored }).reason;

  it('lasts until the last pod is replaced', () => {
    expect(degraded(ROLLING)).toBe('PortConflict');
    expect(degraded(AFTER_PATCH)).toBe('PortConflict');
    expect(degraded(SETTLED)).toBe('AsExpected');
  });

  it('is over where nothing is left in play', () => {
    expect(degraded({ ...SETTLED, workloads: allWorkloads({ hostNetwork: false }) })).toBe('AsExpected');
  });

  it('is over once distinct ports run, also where they are not the assigned ones', () => {
    const world: World = {
      ...SETTLED,
      spec: { mode: 'Paused' },
      workloads: workloads({ rbdNodePlugin: { port: 9500 } }),
    };
    expect(degraded(world)).toBe('AsExpected');
  });

  it('does not follow from another reason of Degraded, nor from a rollout', () => {
    const absent = statusIn({ workloads: workloads() });
    expect(conditionIn('Degraded', ROLLING, { previous: absent }).reason).toBe('AsExpected');
  });
});

describe('lastTransitionTime', () => {
  const times = (world: World, options: ReconcileOptions): string[] => {
    return conditions(reconcile(world, options)).map(({ lastTransitionTime }) => lastTransitionTime);
  };

  it('is now at first sight', () => {
    expect(times(SETTLED, {})).toEqual([NOW, NOW, NOW]);
    expect(times(SETTLED, { previous: {} })).toEqual([NOW, NOW, NOW]);
  });

  it('stays where only reason, message or generation change', () => {
    const previous = statusIn(DRIFTED);
    expect(times({ ...DRIFTED, spec: { mode: 'Paused' } }, { previous, generation: 9 })).toEqual([
      EARLIER,
      EARLIER,
      EARLIER,
    ]);
    expect(conditionIn('Ready', SETTLED, { previous, generation: 9 }).observedGeneration).toBe(9);
  });

  it('moves for just those conditions whose status flips', () => {
    expect(times(SETTLED, { previous: statusIn(DRIFTED) })).toEqual([NOW, EARLIER, EARLIER]);
    expect(times(ROLLING, { previous: statusIn(SETTLED) })).toEqual([NOW, NOW, EARLIER]);
    expect(times({ workloads: workloads() }, { previous: statusIn(SETTLED) })).toEqual([EARLIER, EARLIER, NOW]);
    const unknown = statusIn(SETTLED).conditions.map((condition) => ({ ...condition, status: 'Unknown' as const }));
    expect(times(SETTLED, { previous: { conditions: unknown } })).toEqual([NOW, NOW, NOW]);
  });
});
