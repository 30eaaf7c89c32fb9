import { describe, expect, it } from 'vitest';
import { boundOf, CALM_SECONDS, ROOK_TIME_SECONDS, SITUATIONS, type Disturbance } from '../../../soak/bounds.js';
import { Random } from '../../../soak/random.js';
import { FAULTS, planFaults, type FaultKind, type PlannedFault } from '../../../soak/schedule.js';

const HALF_AN_HOUR = 1800;
const SEEDS = Array.from({ length: 50 }, (_, seed) => seed);
const KINDS = Object.keys(FAULTS) as FaultKind[];

/** As they come: the first process, and each fault with its end, in milliseconds. */
function disturbances(plan: readonly PlannedFault[]): Disturbance[] {
  const first: Disturbance = { situation: 'no process, lease given back', what: 'start', begun: 0, ended: 100 };
  const faults = plan.map(({ kind, fromSeconds, toSeconds }): Disturbance => {
    const { situation } = FAULTS[kind];
    return { situation, what: kind, begun: fromSeconds * 1000, ended: toSeconds * 1000 };
  });
  return [first, ...faults];
}

function endsProcess({ kind }: PlannedFault): boolean {
  return 'endsProcess' in FAULTS[kind];
}

describe('planFaults', () => {
  it('is the same for the same seed, and another one for another', () => {
    const plan = (seed: number): PlannedFault[] => planFaults(new Random(seed), HALF_AN_HOUR);
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
  });

  it.each(SEEDS)('does every fault within half an hour, each before any comes again (seed %d)', (seed) => {
    const plan = planFaults(new Random(seed), HALF_AN_HOUR);
    expect(KINDS.filter((kind) => !plan.some((fault) => fault.kind === kind))).toEqual([]);
    const once = plan.slice(0, KINDS.length).map(({ kind }) => kind);
    expect(new Set(once).size).toBe(KINDS.length);
    for (const { kind, fromSeconds, toSeconds } of plan) {
      const [shortest, longest] = FAULTS[kind].lasts;
      expect(toSeconds - fromSeconds).toBeGreaterThanOrEqual(shortest - 1e-9);
      expect(toSeconds - fromSeconds).toBeLessThanOrEqual(longest + 1e-9);
    }
  });

  it.each(SEEDS)('lets nothing that is reverted have the time of more than one fault (seed %d)', (seed) => {
    const all = disturbances(planFaults(new Random(seed), HALF_AN_HOUR));
    for (let ms = 0; ms < HALF_AN_HOUR * 1000; ms += 500) {
      expect(boundOf(ms, CALM_SECONDS + ROOK_TIME_SECONDS, all).during.length).toBeLessThanOrEqual(1);
    }
  });

  it.each(SEEDS)('waits for the process that has lost its lease, however often it did (seed %d)', (seed) => {
    const plan = planFaults(new Random(seed), HALF_AN_HOUR);
    let [wait, waits] = [0, 0];
    for (const [index, { kind, toSeconds }] of plan.entries()) {
      if (kind === 'operator killed' || kind === 'operator told to stop') wait = 0;
      else if (endsProcess(plan[index]!)) {
        const recovered = toSeconds + wait + SITUATIONS['no process, lease held'].recoverySeconds;
        expect(plan[index + 1]!.fromSeconds).toBeGreaterThanOrEqual(recovered + 10);
        wait = wait === 0 ? 10 : wait * 2;
        waits += 1;
      }
    }
    expect(waits).toBe(4);
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

it('gives each part its own numbers, whatever another one draws', () => {
  const whole = new Random(5);
  const before = whole.fork('a').next();
  whole.fork('b').next();
  expect(whole.fork('a').next()).toBe(before);
  expect(whole.fork('b').next()).not.toBe(before);
});
