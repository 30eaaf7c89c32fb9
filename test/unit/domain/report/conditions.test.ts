import { describe, expect, it } from 'vitest';
import { conditions } from '../../../../src/domain/report/conditions.js';
import type { Contest } from '../../../../src/domain/report/write-result.js';
import {
  AFTER_PATCH,
  CONFLICTING,
  DRIFTED,
  EARLIER,
  NOW,
  ROLLING,
  SETTLED,
  allWorkloads,
  reportOf,
  rookConfig,
  statusIn,
  workloads,
  type Changes,
  type ReportOptions,
  type World,
} from '../worlds.js';

import {
  ELSEWHERE,
  EXHAUSTED,
  HELD,
  NODE_PLUGIN_LEFT,
  PAUSED_ROLLOUT,
  REFUSED_ROLLOUT,
  UNKNOWN_PODS,
  reportOfRollouts,
  type Rollouts,
} from './report-worlds.js';

type Row = [name: string, world: World, results: Changes, ready: string, progressing: string, degraded: string];

const DRY_RUN = { spec: { ...DRIFTED.spec, mode: 'DryRun' } } as const;
const PAUSED = { spec: { ...DRIFTED.spec, mode: 'Paused' } } as const;
const LEAVE = { spec: { rookConfig: 'Leave' } } as const;
const REJECTED: Changes = { rbdNodePlugin: { outcome: 'Rejected', cause: 'denied by policy' } };
const WAITING: Changes = { rbdNodePlugin: { outcome: 'WaitingForRook' } };
const AWAITING: Changes = { rbdNodePlugin: { outcome: 'AwaitingPods' } };
const FAILED: Changes = { rbdNodePlugin: { outcome: 'Failed', cause: 'timeout' } };
const CONTEST: Contest = { manager: 'kubectl-edit', lastWriteTime: EARLIER, backoffSeconds: 60 };

describe('Ready, Progressing and Degraded', () => {
  const worlds: Row[] = [
    ['settled', SETTLED, {}, 'True PortsAssigned', 'False Settled', 'False AsExpected'],
    ['settled, paused', { ...SETTLED, ...PAUSED }, {}, 'True PortsAssigned', 'False Settled', 'False AsExpected'],
    ['nothing there', {}, {}, 'False NoRook', 'False Settled', 'False AsExpected'],
    ['Rook is elsewhere', ELSEWHERE, {}, 'False NoRook', 'False Settled', 'False AsExpected'],
    [
      'Rook, and no workloads of it yet',
      { rook: {}, rooksElsewhere: ['rook-two'] },
      {},
      'True NothingToAssign',
      'False Settled',
      'False AsExpected',
    ],
    ['a port of the spec is held', HELD, {}, 'False PortInUse', 'False Settled', 'True PortInUse'],
    [
      'a port of the spec was held',
      { ...HELD, pods: [] },
      {},
      'False PortsDiffer',
      'False Settled',
      'False AsExpected',
    ],
    ['no port is free', EXHAUSTED, {}, 'False PortInUse', 'False Settled', 'True PortInUse'],
    ['pods cannot be listed', UNKNOWN_PODS, {}, 'True PortsAssigned', 'False Settled', 'False AsExpected'],
    [
      'on the pod network, without a ConfigMap',
      { workloads: allWorkloads({ hostNetwork: false }) },
      {},
      'True NothingToAssign',
      'False Settled',
      'False AsExpected',
    ],
    ['rolling out', ROLLING, {}, 'False RollingOut', 'True RollingOut', 'False AsExpected'],
    ['some rolling out', AFTER_PATCH, {}, 'False RollingOut', 'True RollingOut', 'False AsExpected'],
    [
      'rolling, and not competing',
      { ...SETTLED, workloads: workloads({ rbdNodePlugin: { rolling: true, hostNetwork: false } }) },
      {},
      'True PortsAssigned',
      'False Settled',
      'False AsExpected',
    ],
    ['drifted', DRIFTED, {}, 'False PortsDiffer', 'False Settled', 'False AsExpected'],
    [
      'one drifted, another one rolling',
      { ...DRIFTED, workloads: workloads({ rbdNodePlugin: { port: 9500 }, rbdProvisioner: { rolling: true } }) },
      {},
      'False PortsDiffer',
      'True RollingOut',
      'False AsExpected',
    ],
    ['conflicting', CONFLICTING, {}, 'False PortsDiffer', 'False Settled', 'True PortConflict'],
    ['conflicting, dry run', { ...CONFLICTING, ...DRY_RUN }, {}, 'False DryRun', 'False Settled', 'True PortConflict'],
    ['conflicting, paused', { ...CONFLICTING, ...PAUSED }, {}, 'False Paused', 'False Settled', 'True PortConflict'],
    [
      'two liveness containers on one port',
      { ...SETTLED, workloads: workloads({ rbdProvisioner: { liveness: 9080 }, rbdNodePlugin: { liveness: 9080 } }) },
      {},
      'True PortsAssigned',
      'False Settled',
      'True LivenessConflict',
    ],
    [
      'an invalid key, left',
      { ...SETTLED, ...LEAVE, config: rookConfig({ CSIADDONS_PORT: 'abc' }) },
      {},
      'True PortsAssigned',
      'False Settled',
      'True InvalidRookConfig',
    ],
    [
      'clashing keys, left',
      {
        ...SETTLED,
        ...LEAVE,
        config: rookConfig({ CSIADDONS_PORT: '9070', CSIADDONS_RBD_PROVISIONER_PORT: '9070' }),
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
      { ...LEAVE, workloads: workloads() },
      {},
      'True PortsAssigned',
      'False Settled',
      'False AsExpected',
    ],
  ];
  const writes: Row[] = [
    [
      'applied',
      ROLLING,
      { rbdNodePlugin: { outcome: 'Applied' } },
      'False RollingOut',
      'True RollingOut',
      'False AsExpected',
    ],
    ['awaiting pods', CONFLICTING, AWAITING, 'False AwaitingPods', 'True AwaitingPods', 'True PortConflict'],
    [
      'awaited pods that are there by now',
      NODE_PLUGIN_LEFT,
      AWAITING,
      'False PortsDiffer',
      'False Settled',
      'True PortConflict',
    ],
    ['waiting for Rook', DRIFTED, WAITING, 'False WaitingForRook', 'True WaitingForRook', 'False AsExpected'],
    [
      'waiting, another one rejected',
      DRIFTED,
      { ...REJECTED, rbdProvisioner: { outcome: 'WaitingForRook' } },
      'False PatchRejected',
      'True WaitingForRook',
      'True PatchRejected',
    ],
    [
      'waiting, another one with a passing fault',
      DRIFTED,
      { ...FAILED, rbdProvisioner: { outcome: 'WaitingForRook' } },
      'False WaitingForRook',
      'True Retrying',
      'False AsExpected',
    ],
    ['a passing fault', DRIFTED, FAILED, 'False PortsDiffer', 'True Retrying', 'False AsExpected'],
    ['a passing fault while rolling', ROLLING, FAILED, 'False RollingOut', 'True Retrying', 'False AsExpected'],
    [
      'outdated',
      DRIFTED,
      { rbdNodePlugin: { outcome: 'Outdated' } },
      'False PortsDiffer',
      'True Retrying',
      'False AsExpected',
    ],
    ['rejected', DRIFTED, REJECTED, 'False PatchRejected', 'False Settled', 'True PatchRejected'],
    [
      'rejected in a dry run',
      { ...DRIFTED, ...DRY_RUN },
      REJECTED,
      'False PatchRejected',
      'False Settled',
      'True PatchRejected',
    ],
    ['rejected, in a conflict', CONFLICTING, REJECTED, 'False PatchRejected', 'False Settled', 'True PortConflict'],
    [
      'the pin rejected',
      SETTLED,
      { rookConfig: { outcome: 'Rejected', cause: 'denied' } },
      'True PortsAssigned',
      'False Settled',
      'True PinRejected',
    ],
    [
      'backed off',
      DRIFTED,
      { rbdNodePlugin: { outcome: 'BackingOff', contest: CONTEST } },
      'False PortsDiffer',
      'True BackingOff',
      'True Contested',
    ],
    [
      'contested, and right for now',
      SETTLED,
      { rbdNodePlugin: { contest: CONTEST } },
      'True PortsAssigned',
      'False Settled',
      'True Contested',
    ],
    [
      'a contested pin, in a conflict',
      CONFLICTING,
      { rookConfig: { outcome: 'BackingOff', contest: CONTEST } },
      'False PortsDiffer',
      'True BackingOff',
      'True Contested',
    ],
  ];
  it.each([...worlds, ...writes])('%s', (_name, world, results, ...expected) => {
    const found = conditions(reportOf(world, { results, generation: 5 }));
    expect(found.map(({ type }) => type)).toEqual(['Ready', 'Progressing', 'Degraded']);
    expect(found.map(({ status, reason }) => `${status} ${reason}`)).toEqual(expected);
    for (const { message, observedGeneration } of found) {
      expect(message).not.toBe('');
      expect(observedGeneration).toBe(5);
    }
  });
});

describe('a rollout that stands still', () => {
  it.each<[string, World, Rollouts, string[]]>([
    [
      'paused, when all else is done',
      SETTLED,
      PAUSED_ROLLOUT,
      ['False RolloutStuck', 'False Settled', 'True RolloutStuck'],
    ],
    [
      'refused, and the node plugin waits for it',
      NODE_PLUGIN_LEFT,
      REFUSED_ROLLOUT,
      ['False RolloutStuck', 'True AwaitingPods', 'True PortConflict'],
    ],
    ['over', SETTLED, {}, ['True PortsAssigned', 'False Settled', 'False AsExpected']],
  ])('%s', (_, world, rollouts, expected) => {
    const found = conditions(reportOfRollouts(world, rollouts, { results: AWAITING }));
    expect(found.map(({ status, reason }) => `${status} ${reason}`)).toEqual(expected);
  });
});

describe('lastTransitionTime', () => {
  const times = (world: World, options: ReportOptions): string[] => {
    return conditions(reportOf(world, options)).map(({ lastTransitionTime }) => lastTransitionTime);
  };

  it('is now where no earlier condition is stored', () => {
    expect(times(SETTLED, {})).toEqual([NOW, NOW, NOW]);
    expect(times(SETTLED, { stored: {} })).toEqual([NOW, NOW, NOW]);
  });

  it('stays where only reason, message or generation change', () => {
    const stored = statusIn(DRIFTED);
    expect(times({ ...DRIFTED, ...PAUSED }, { stored, generation: 9 })).toEqual([EARLIER, EARLIER, EARLIER]);
  });

  it('moves for just those conditions whose status flips', () => {
    expect(times(SETTLED, { stored: statusIn(DRIFTED) })).toEqual([NOW, EARLIER, EARLIER]);
    expect(times(ROLLING, { stored: statusIn(SETTLED) })).toEqual([NOW, NOW, EARLIER]);
    expect(times({ workloads: workloads() }, { stored: statusIn(SETTLED) })).toEqual([EARLIER, EARLIER, NOW]);
    const unknown = statusIn(SETTLED).conditions.map((condition) => ({ ...condition, status: 'Unknown' as const }));
    expect(times(SETTLED, { stored: { conditions: unknown } })).toEqual([NOW, NOW, NOW]);
  });
});
