import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostNetworkPod, PodProgress, PodTroubleReason } from '../../../../src/domain/rules/host-network-pods.js';
import { isAdmitted, isRolledOut, type RolloutFacts } from '../../../../src/domain/rules/rollout.js';
import { isRefused, recheckAfterMs, stuckCause, hasCrashing } from '../../../../src/domain/rules/stuck.js';
import { NOW, pod } from './rollouts.js';

const RUNS = { numRuns: 2000 };
const some = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> =>
  fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;

const few = fc.nat({ max: 3 });
/** Ages around the times that matter, and clocks that are ahead. */
const time = fc.integer({ min: -700_000, max: 60_000 }).map((offset) => NOW + offset);
const words = fc.constantFrom('', 'words');

const counters = fc.record({
  generation: fc.nat({ max: 2 }),
  observedGeneration: fc.nat({ max: 3 }),
  desired: few,
  updated: few,
  available: few,
  total: few,
});

function facts(more: fc.Arbitrary<Partial<RolloutFacts>>): fc.Arbitrary<RolloutFacts> {
  return fc
    .tuple(counters, more)
    .map(([counted, further]) => ({ onDelete: false, paused: false, ...counted, ...further }));
}

const recorded = { statusChangedAt: time };
/** Neither paused nor refused. */
const anyAdmittedDeployment = facts(some({ ...recorded, deadlineExceeded: words }));
const anyDeployment = facts(
  some({ ...recorded, paused: fc.boolean(), replicaFailure: words, deadlineExceeded: words }),
);
const anyDaemonSet = facts(some({ ...recorded, onDelete: fc.boolean(), scheduled: few }));
const anyFacts = fc.oneof(anyDeployment, anyDaemonSet);

const anyTrouble = fc.record(
  {
    reason: fc.constantFrom<PodTroubleReason[]>(
      'Unschedulable',
      'Crashing',
      'ImageUnavailable',
      'NotStarted',
      'NodeNotReady',
    ),
    message: words,
    runsSince: time,
  },
  { requiredKeys: ['reason', 'message'] },
);
const anyProgress = fc
  .tuple(time, some<Pick<PodProgress, 'deletesAt' | 'trouble'>>({ deletesAt: time, trouble: anyTrouble }))
  .map(([changedAt, more]): PodProgress => ({ changedAt, ...more }));
const anyPods: fc.Arbitrary<readonly HostNetworkPod[]> = fc
  .array(anyProgress, { maxLength: 4 })
  .map((list) => list.map((progress, index) => pod(index, progress)));
const anyPodsOrNone = fc.option(anyPods, { nil: undefined });

describe('of any workload and pods', () => {
  it('a workload that is rolled out is stuck by a crash alone, and one that its controller has not looked at never', () => {
    fc.assert(
      fc.property(anyFacts, anyPodsOrNone, fc.boolean(), (facts, pods, othersMoving) => {
        fc.pre(isRolledOut(facts) || facts.observedGeneration < facts.generation);
        const kind = stuckCause(facts, pods, { now: NOW, othersMoving })?.kind;
        expect(kind).toBe(isRolledOut(facts) && hasCrashing(pods, NOW) ? 'Crashing' : undefined);
        if (kind === undefined) expect(recheckAfterMs(facts, pods, NOW)).toBeUndefined();
      }),
      RUNS,
    );
  });

  it('pods that only wait for a node are never stuck while another slot moves, however long', () => {
    const waiting = fc.array(time, { minLength: 1, maxLength: 4 }).map((times) => {
      return times.map((changedAt, index) => {
        return pod(index, { changedAt, trouble: { reason: 'Unschedulable', message: 'no free ports' } });
      });
    });
    fc.assert(
      fc.property(anyAdmittedDeployment, waiting, fc.nat({ max: 1e9 }), (facts, pods, later) => {
        expect(stuckCause(facts, pods, { now: NOW + later, othersMoving: true })).toBeUndefined();
      }),
      RUNS,
    );
  });

  it('each recheck lies ahead, no verdict changes before it, and after the last one the verdict is final', () => {
    fc.assert(
      fc.property(anyFacts, anyPodsOrNone, fc.nat({ max: 1e9 }), (facts, pods, later) => {
        const kindAt = (now: number): unknown => stuckCause(facts, pods, { now, othersMoving: false })?.kind;
        let now = NOW;
        let rechecks = 0;
        for (let ms = recheckAfterMs(facts, pods, now); ms !== undefined; ms = recheckAfterMs(facts, pods, now)) {
          expect(ms).toBeGreaterThan(0);
          expect(kindAt(now + ms - 1)).toBe(kindAt(now));
          expect(kindAt(now + ms)).not.toBe(kindAt(now));
          now += ms;
          rechecks += 1;
        }
        expect(rechecks).toBeLessThanOrEqual(2);
        expect(kindAt(now + later)).toBe(kindAt(now));
      }),
      RUNS,
    );
  });

  it('time alone ends a verdict only where a container runs again after a crash', () => {
    fc.assert(
      fc.property(anyFacts, anyPodsOrNone, fc.nat({ max: 1e9 }), (facts, pods, later) => {
        fc.pre((pods ?? []).every(({ progress }) => progress?.trouble?.runsSince === undefined));
        fc.pre(stuckCause(facts, pods, { now: NOW, othersMoving: false }) !== undefined);
        expect(stuckCause(facts, pods, { now: NOW + later, othersMoving: false })).toBeDefined();
      }),
      RUNS,
    );
  });

  it('the order of the pods does not matter', () => {
    const shuffled = anyPods.chain((pods) => {
      return fc.tuple(fc.constant(pods), fc.shuffledSubarray([...pods], { minLength: pods.length }));
    });
    fc.assert(
      fc.property(anyFacts, shuffled, fc.boolean(), (facts, [pods, others], othersMoving) => {
        const context = { now: NOW, othersMoving };
        expect(stuckCause(facts, others, context)).toEqual(stuckCause(facts, pods, context));
      }),
      RUNS,
    );
  });

  it('a Deployment that its controller has looked at is not both admitted and refused', () => {
    fc.assert(
      fc.property(anyDeployment, anyPodsOrNone, (facts, pods) => {
        fc.pre(facts.observedGeneration > 0);
        expect(isAdmitted(facts) && isRefused(facts, pods, NOW)).toBe(false);
      }),
      RUNS,
    );
  });
});
