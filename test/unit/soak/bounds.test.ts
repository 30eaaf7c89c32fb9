import { describe, expect, it } from 'vitest';
import { boundOf, calmFrom, contestedSeconds, mostWrites, SITUATIONS, type Disturbance } from '../../../soak/bounds.js';
import { RestartWait } from '../../../soak/restart-wait.js';
import { RevertBudget } from '../../../soak/revert-budget.js';

const RECOVERY = SITUATIONS['watches broken'].recoverySeconds;

/** In seconds. */
function broken(from: number, to?: number): Disturbance {
  const ended = to === undefined ? undefined : to * 1000;
  return { situation: 'watches broken', what: `from ${from}`, begun: from * 1000, ended };
}

function deadline(begun: number, disturbances: readonly Disturbance[]): number {
  return boundOf(begun * 1000, 5, disturbances).deadline / 1000;
}

describe('the bound of a repair', () => {
  it('is that of the calm where nothing is the matter', () => expect(deadline(100, [])).toBe(105));

  it('counts from the recovery of what goes on', () => {
    expect(deadline(100, [broken(95, 101)])).toBe(101 + RECOVERY + 5);
    expect(boundOf(100_000, 5, [broken(95, 101)]).during).toHaveLength(1);
  });

  it('counts a fault that has ended, and may not be recovered from', () =>
    expect(deadline(100, [broken(80, 90)])).toBe(90 + RECOVERY + 5));

  it('does not count one that is over, nor one that begins after the deadline', () => {
    expect(deadline(100, [broken(10, 20), broken(106, 110)])).toBe(105);
    expect(boundOf(100_000, 5, [broken(10, 20), broken(106, 110)]).during).toEqual([]);
  });

  it('counts one that comes while another one is recovered from, in whatever order they are given', () => {
    const both = [broken(115, 120), broken(99, 100)];
    expect(deadline(100, both)).toBe(120 + RECOVERY + 5);
    expect(deadline(100, both.toReversed())).toBe(120 + RECOVERY + 5);
  });

  it('is not over before a fault that goes on', () => expect(deadline(100, [broken(99)])).toBe(Infinity));

  it('does not end before the calm one would', () => expect(deadline(100, [broken(80, 100 - RECOVERY - 1)])).toBe(105));
});

describe('the calm', () => {
  it('is from the beginning where nothing was', () => expect(calmFrom([])).toBe(-Infinity));
  it('is from the last recovery', () => expect(calmFrom([broken(10, 20), broken(5, 6)])).toBe((20 + RECOVERY) * 1000));
  it('is not there while a fault lasts', () => expect(calmFrom([broken(10, 20), broken(5)])).toBe(Infinity));
});

it('the wait for a contested object is that of docs/admin/troubleshoot.md', () =>
  expect([1, 4, 5, 6, 7, 8, 9, 20].map(contestedSeconds)).toEqual([0, 0, 30, 60, 120, 240, 300, 300]));

it('a contested object is written five times, and then less and less often', () => {
  expect([0, 29, 30, 89, 90, 210, 450, 750, 1800, 3600].map(mostWrites)).toEqual([5, 5, 6, 6, 7, 8, 9, 10, 13, 19]);
});

describe('the wait before a restart', () => {
  it('is none at first, then ten seconds, doubled up to five minutes', () => {
    const wait = new RestartWait();
    expect(Array.from({ length: 8 }, () => wait.seconds(5))).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
  });

  it('is forgotten after ten minutes of work', () => {
    const wait = new RestartWait();
    wait.seconds(5);
    wait.seconds(5);
    expect([wait.seconds(600), wait.seconds(5)]).toEqual([0, 10]);
  });
});

describe('the budget of reverts', () => {
  it('has three for each object in ten minutes', () => {
    let now = 0;
    const budget = new RevertBudget(() => now);
    expect([1, 2, 3, 4].map(() => budget.take('a'))).toEqual([true, true, true, false]);
    expect(budget.take('b')).toBe(true);
    now = 600_000;
    expect(budget.take('a')).toBe(true);
  });

  it('takes all or none', () => {
    const budget = new RevertBudget(() => 0);
    for (let taken = 0; taken < 3; taken += 1) budget.take('a');
    expect(budget.takeAll(['a', 'b'])).toBe(false);
    expect([1, 2, 3].map(() => budget.take('b'))).toEqual([true, true, true]);
  });
});
