import { describe, expect, it } from 'vitest';
import { SITUATIONS } from '../../../soak/bounds.js';
import { Random } from '../../../soak/random.js';
import { FAULTS, planFaults, type FaultKind, type PlannedFault } from '../../../soak/schedule.js';

const HALF_AN_HOUR = 1800;
const SEEDS = Array.from({ length: 50 }, (_, seed) => seed);
const KINDS = Object.keys(FAULTS) as FaultKind[];

function endsProcess({ kind }: PlannedFault): boolean {
  return 'endsProcess' in FAULTS[kind];
}

describe('planFaults', () => {
  it('is the same for the same seed, and another one for another', () => {
    const plan = (seed: number): PlannedFault[] => planFaults(new Random(seed), HALF_AN_HOUR);
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
  });

  it.each(SEEDS)('does every fault within half an hour, one after the other, with calm between (seed %d)', (seed) => {
    const plan = planFaults(new Random(seed), HALF_AN_HOUR);
    expect(KINDS.filter((kind) => !plan.some((fault) => fault.kind === kind))).toEqual([]);
    const pauses = plan.slice(1).map(({ fromSeconds }, index) => fromSeconds - plan[index]!.toSeconds);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(15);
    for (const { kind, fromSeconds, toSeconds } of plan) {
      const [shortest, longest] = FAULTS[kind].lasts;
      expect(toSeconds - fromSeconds).toBeGreaterThanOrEqual(shortest - 1e-9);
      expect(toSeconds - fromSeconds).toBeLessThanOrEqual(longest + 1e-9);
    }
  });

  it.each(SEEDS)('ends processes in the first third only, and lets all recover before the end (seed %d)', (seed) => {
    for (const seconds of [120, 300, HALF_AN_HOUR]) {
      const plan = planFaults(new Random(seed), seconds);
      expect(plan.filter((fault) => endsProcess(fault) && fault.fromSeconds >= seconds / 3)).toEqual([]);
      const late = plan.filter((fault) => {
        return fault.toSeconds + SITUATIONS[FAULTS[fault.kind].situation].recoverySeconds > seconds;
      });
      expect(late).toEqual([]);
      expect(plan).not.toEqual([]);
    }
  });
});

describe('Random', () => {
  it('gives each part its own numbers, whatever another one draws', () => {
    const whole = new Random(5);
    const before = whole.fork('a').next();
    whole.fork('b').next();
    expect(whole.fork('a').next()).toBe(before);
    expect(whole.fork('b').next()).not.toBe(before);
  });

  it('is spread over the whole range', () => {
    const random = new Random(5);
    const values = Array.from({ length: 10_000 }, () => random.between(10, 20));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...values)).toBeLessThan(20);
    for (let decile = 10; decile < 20; decile += 1) {
      const share = values.filter((value) => Math.floor(value) === decile).length;
      expect(share).toBeGreaterThan(800);
      expect(share).toBeLessThan(1200);
    }
  });

  it('shuffles without losing any', () =>
    expect(new Random(5).shuffled([1, 2, 3, 4, 5, 6]).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]));
});
