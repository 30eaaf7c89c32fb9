import { describe, expect, it } from 'vitest';
import type { HostNetworkPod } from '../../../../src/domain/rules/host-network-pods.js';
import type { RolloutFacts } from '../../../../src/domain/rules/rollout.js';
import {
  CALM_MS,
  DEADLINE_MS,
  causesFirst,
  hasCrashing,
  isRefused,
  recheckAfterMs,
  stuckCause,
  type StuckCause,
  type StuckContext,
  type StuckKind,
} from '../../../../src/domain/rules/stuck.js';
import { DONE, NOW, ROLLING, UNREADY, UNRECORDED, pod, trouble } from './rollouts.js';

const LATELY = NOW - CALM_MS + 1;
const LONG_AGO = NOW - DEADLINE_MS;

function judge(
  facts: RolloutFacts,
  pods?: readonly HostNetworkPod[],
  context: Partial<StuckContext> = {},
): StuckCause | undefined {
  return stuckCause(facts, pods, { now: NOW, othersMoving: false, ...context });
}

type Row = [string, RolloutFacts, readonly HostNetworkPod[] | undefined, StuckKind | undefined];

describe("stuckCause, from the workload's own status", () => {
  const rows: Row[] = [
    [
      'rolled out',
      { ...DONE, paused: true, onDelete: true, replicaFailure: 'x', deadlineExceeded: 'x' },
      [],
      undefined,
    ],
    ['not looked at yet', { ...UNREADY, observedGeneration: 4, paused: true, updated: 0 }, [], undefined],
    ['on its way', { ...UNREADY, updated: 1 }, [], undefined],
    ['paused with old pods', { ...UNREADY, paused: true, updated: 0 }, undefined, 'Paused'],
    ['paused when every pod is new', { ...UNREADY, paused: true }, undefined, undefined],
    ['OnDelete with old pods', { ...ROLLING, onDelete: true }, undefined, 'OnDelete'],
    ['OnDelete when every pod is new', { ...ROLLING, onDelete: true, updated: 3, total: 3 }, undefined, undefined],
    ['pods that cannot be created', { ...UNREADY, replicaFailure: 'forbidden' }, undefined, 'Refused'],
    ['past its deadline', { ...UNREADY, deadlineExceeded: 'timed out' }, undefined, 'DeadlineExceeded'],
    ['a DaemonSet short of a pod', { ...ROLLING, scheduled: 2 }, undefined, 'Refused'],
    [
      'a DaemonSet short of a pod since lately',
      { ...ROLLING, scheduled: 2, statusChangedAt: LATELY },
      undefined,
      undefined,
    ],
    ['a DaemonSet that stands still', ROLLING, undefined, undefined],
    [
      'a DaemonSet that has stood still for long',
      { ...ROLLING, statusChangedAt: LONG_AGO },
      undefined,
      'DeadlineExceeded',
    ],
    ['a Deployment that has stood still for long', { ...UNREADY, statusChangedAt: LONG_AGO }, undefined, undefined],
  ];
  it.each(rows)('%s', (_name, facts, pods, kind) => expect(judge(facts, pods)?.kind).toBe(kind));

  it('has the words of the controller', () => {
    expect(judge({ ...UNREADY, replicaFailure: 'exceeded quota' })?.message).toBe('exceeded quota');
    expect(judge({ ...UNREADY, deadlineExceeded: 'has timed out' })?.message).toBe('has timed out');
  });

  it('does not count a deadline while another slot moves', () => {
    for (const facts of [
      { ...UNREADY, deadlineExceeded: 'timed out' },
      { ...ROLLING, statusChangedAt: LONG_AGO },
    ]) {
      expect(judge(facts, undefined, { othersMoving: true })).toBeUndefined();
    }
  });

  it('judges nothing by time that has no record of its status', () => {
    expect(judge({ ...UNRECORDED, scheduled: 2 })).toBeUndefined();
    expect(recheckAfterMs(UNRECORDED, undefined, NOW)).toBeUndefined();
  });
});

describe('stuckCause, from the pods', () => {
  const calm = pod(1);
  const busy = pod(1, { changedAt: LATELY });
  const rows: Row[] = [
    ['crashing counts at once', UNREADY, [busy, pod(2, trouble('Crashing'))], 'Crashing'],
    ['so does an image', UNREADY, [busy, pod(2, trouble('ImageUnavailable'))], 'ImageUnavailable'],
    ['unschedulable while another pod changes', UNREADY, [busy, pod(2, trouble('Unschedulable'))], undefined],
    ['unschedulable', UNREADY, [calm, pod(2, trouble('Unschedulable'))], 'Unschedulable'],
    ['unschedulable since lately', UNREADY, [calm, pod(2, trouble('Unschedulable', { changedAt: LATELY }))], undefined],
    ['a container that does not start', UNREADY, [calm, pod(2, trouble('NotStarted'))], 'NotStarted'],
    ['a dead node', ROLLING, [calm, pod(2, trouble('NodeNotReady'))], 'NodeNotReady'],
    ['a dead node while others are replaced', ROLLING, [busy, pod(2, trouble('NodeNotReady'))], undefined],
    ['terminating within its grace', ROLLING, [calm, pod(2, { deletesAt: NOW + 1 })], undefined],
    ['terminating just beyond its grace', ROLLING, [calm, pod(2, { deletesAt: LATELY })], undefined],
    ['terminating long beyond its grace', ROLLING, [calm, pod(2, { deletesAt: NOW - CALM_MS })], 'Terminating'],
    ['crashing while it ends', ROLLING, [calm, pod(2, trouble('Crashing', { deletesAt: NOW }))], undefined],
    ['the graver of two', UNREADY, [pod(1, trouble('Unschedulable')), pod(2, trouble('Crashing'))], 'Crashing'],
    [
      'a pod beside one that is stuck and on its way out',
      ROLLING,
      [pod(1, { deletesAt: NOW }), pod(2, trouble('NodeNotReady'))],
      undefined,
    ],
    ['a refusal before any pod', { ...UNREADY, replicaFailure: 'x' }, [pod(2, trouble('Crashing'))], 'Refused'],
    [
      'a pod before a deadline',
      { ...UNREADY, deadlineExceeded: 'x' },
      [pod(2, trouble('Unschedulable'))],
      'Unschedulable',
    ],
  ];
  it.each(rows)('%s', (_name, facts, pods, kind) => expect(judge(facts, pods)?.kind).toBe(kind));

  it('knows a crash of a workload whose counters are right: a container without a probe is ready whenever it starts', () => {
    const ran = (ms: number): HostNetworkPod[] => {
      const { trouble: crash } = trouble('Crashing');
      return [pod(1), pod(2, { trouble: { ...crash!, container: 'csi-addons', runsSince: NOW - ms } })];
    };
    expect(judge(DONE, ran(0))).toMatchObject({ kind: 'Crashing', container: 'csi-addons', pods: { count: 1 } });
    expect(judge(UNREADY, ran(CALM_MS - 1))?.kind).toBe('Crashing');
    expect(hasCrashing(ran(CALM_MS - 1), NOW)).toBe(true);
    expect(recheckAfterMs(DONE, ran(CALM_MS - 1), NOW)).toBe(1);
    expect([judge(DONE, ran(CALM_MS)), judge(UNREADY, ran(CALM_MS))]).toEqual([undefined, undefined]);
    expect(hasCrashing(ran(CALM_MS), NOW)).toBe(false);
    expect(recheckAfterMs(DONE, ran(CALM_MS), NOW)).toBeUndefined();
  });

  it('lets pods wait for a port while another slot moves, and nothing else', () => {
    const moving = { othersMoving: true };
    expect(judge(UNREADY, [pod(2, trouble('Unschedulable'))], moving)).toBeUndefined();
    expect(judge(UNREADY, [pod(2, trouble('NodeNotReady'))], moving)?.kind).toBe('NodeNotReady');
  });

  it('names three pods and nodes by name, whatever their order, and counts all', () => {
    const pods = [5, 3, 4, 2].map((number) => pod(number, trouble('Unschedulable')));
    const found = judge(UNREADY, pods);
    expect(found).toEqual({
      kind: 'Unschedulable',
      message: 'words on Unschedulable',
      pods: { names: ['csi-rbdplugin-2', 'csi-rbdplugin-3', 'csi-rbdplugin-4'], count: 4 },
      nodes: { names: ['node-2', 'node-3', 'node-4'], count: 4 },
    });
    expect(judge(UNREADY, pods.toReversed())).toEqual(found);
  });

  it('tells by which node a DaemonSet is held whose pod cannot end there', () => {
    const pods = [pod(1), pod(2, trouble('NodeNotReady', { deletesAt: NOW + 20_000 })), pod(3)];
    expect(judge(ROLLING, pods)).toMatchObject({ kind: 'NodeNotReady', nodes: { names: ['node-2'], count: 1 } });
  });
});

describe('isRefused', () => {
  it('holds of pods that cannot be created, though the controller has yet to see the latest template', () => {
    expect(isRefused({ ...DONE, observedGeneration: 4, replicaFailure: 'x' }, undefined, NOW)).toBe(true);
    expect(isRefused(DONE, undefined, NOW)).toBe(false);
  });

  it('holds of a DaemonSet only when no pod is on its way', () => {
    const short = { ...ROLLING, scheduled: 2 };
    expect(isRefused(short, [pod(1)], NOW)).toBe(true);
    expect(isRefused(short, [pod(1, { changedAt: LATELY })], NOW)).toBe(false);
    expect(isRefused(short, [pod(1, { deletesAt: NOW })], NOW)).toBe(false);
    expect(isRefused({ ...short, observedGeneration: 4 }, [pod(1)], NOW)).toBe(false);
  });
});

describe('recheckAfterMs', () => {
  const lately = { ...UNREADY, statusChangedAt: LATELY };
  it('is what is left of the calm time', () => {
    expect(recheckAfterMs(lately, [pod(2, trouble('Unschedulable'))], NOW)).toBe(1);
    expect(recheckAfterMs({ ...ROLLING, scheduled: 2, statusChangedAt: LATELY }, undefined, NOW)).toBe(1);
  });

  it('is the grace and the calm time of a terminating pod', () => {
    expect(recheckAfterMs(ROLLING, [pod(1, { deletesAt: NOW + 30_000 })], NOW)).toBe(30_000 + CALM_MS);
  });

  it('is undefined if time changes nothing', () => {
    expect(recheckAfterMs(DONE, [pod(1, { changedAt: NOW })], NOW)).toBeUndefined();
    expect(recheckAfterMs(lately, [pod(1)], NOW)).toBeUndefined();
    expect(recheckAfterMs(lately, [pod(1, trouble('Crashing'))], NOW)).toBeUndefined();
    expect(recheckAfterMs({ ...lately, paused: true, updated: 0 }, undefined, NOW)).toBeUndefined();
  });

  it('is bounded for a grace without a limit', () => {
    expect(recheckAfterMs(ROLLING, [pod(1, { deletesAt: NOW + 1e12 })], NOW)).toBe(3_600_000);
  });
});

describe('causesFirst', () => {
  const ordered = (...kinds: StuckKind[]): string[] => {
    const none = { names: [], count: 0 };
    const rows = kinds.map((kind, at) => ({ at, stuck: { kind, message: '', pods: none, nodes: none } }));
    return causesFirst(rows).map(({ at, stuck: { kind } }) => `${at} ${kind}`);
  };

  it('puts what cannot be scheduled behind what else is stuck', () => {
    expect(ordered('Unschedulable', 'NodeNotReady')).toEqual(['1 NodeNotReady', '0 Unschedulable']);
    expect(ordered('Unschedulable', 'Paused', 'NodeNotReady')).toEqual([
      '1 Paused',
      '2 NodeNotReady',
      '0 Unschedulable',
    ]);
  });

  it('keeps the order otherwise', () => {
    expect(ordered('Unschedulable', 'Unschedulable')).toEqual(['0 Unschedulable', '1 Unschedulable']);
    expect(ordered('NotStarted', 'Crashing', 'Unschedulable')).toEqual([
      '0 NotStarted',
      '1 Crashing',
      '2 Unschedulable',
    ]);
    expect(ordered()).toEqual([]);
  });
});
