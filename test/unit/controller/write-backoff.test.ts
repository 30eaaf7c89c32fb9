import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WriteBackoff, type WriteTarget } from '../../../src/controller/write-backoff.js';

const TARGET: WriteTarget = { namespace: 'rook', name: 'csi-rbdplugin', spec: 'uid-1 3', goal: '9072' };
const UID = 'uid-of-the-object';
const OTHERS: readonly [string, WriteTarget][] = [
  ['of another name', { ...TARGET, name: 'CSIADDONS_PORT' }],
  ['in another namespace', { ...TARGET, namespace: 'rook-2' }],
];
const INPUT = 'generation 7';
const MINUTE = 60_000;
const TEN_MINUTES = 10 * MINUTE;
const HOUR = 60 * MINUTE;

interface Bench {
  readonly clock: { ms: number };
  readonly backoff: WriteBackoff;
  /** Stored writes of the target, so many seconds after each other. */
  readonly write: (gaps: readonly number[], target?: WriteTarget) => void;
  /** For how many seconds the target is held; 0: it may be written. */
  readonly held: (target?: WriteTarget, input?: string) => number;
}

function bench(contestedAfter = 5): Bench {
  const clock = { ms: 1_000 };
  const now = (): Date => new Date(Date.parse('2026-11-22T10:00:00Z') + clock.ms);
  const backoff = new WriteBackoff({ contestedAfter, now, monotonicMs: () => clock.ms });
  return {
    clock,
    backoff,
    write: (gaps, target = TARGET) => {
      for (const seconds of gaps) {
        clock.ms += seconds * 1000;
        backoff.wrote(target);
      }
    },
    held: (target = TARGET, input = INPUT) => (backoff.hold(target, input)?.requeueAfterMs ?? 0) / 1000,
  };
}

/** Contested by five writes at once. */
function contested(): Bench {
  const result = bench();
  result.write([0, 0, 0, 0, 0]);
  return result;
}

describe('Contested', () => {
  test.each([
    ['four writes at once', [0, 0, 0, 0], 0],
    ['five writes at once', [0, 0, 0, 0, 0], 30],
    ['five writes within ten minutes', [0, 150, 150, 150, 150], 30],
    ['five writes within a second more', [0, 150, 150, 150, 151], 0],
    ['the last five of more within ten minutes', [0, 150, 150, 150, 151, 140], 30],
    ['four writes before a rest of ten minutes and four after it', [0, 0, 0, 0, 600, 0, 0, 0], 0],
    ['a sixth write after its time', [0, 0, 0, 0, 0, 30], 60],
    ['a seventh', [0, 0, 0, 0, 0, 30, 60], 120],
    ['an eighth', [0, 0, 0, 0, 0, 30, 60, 120], 240],
    ['a ninth', [0, 0, 0, 0, 0, 30, 60, 120, 240], 300],
    ['a tenth', [0, 0, 0, 0, 0, 30, 60, 120, 240, 300], 300],
    ['a write a second before a rest of ten minutes', [0, 0, 0, 0, 0, 599], 60],
    ['a write after a rest of ten minutes', [0, 0, 0, 0, 0, 600], 0],
    ['five writes after it', [0, 0, 0, 0, 0, 30, 60, 600, 0, 0, 0, 0], 30],
  ])('%s', (_, gaps, seconds) => {
    const { write, held } = bench();
    write(gaps);
    expect(held()).toBe(seconds);
  });

  test.each([
    [1, [0], 30],
    [2, [0], 0],
    [2, [0, 600], 0],
    [2, [0, 599], 30],
    [0, Array.from({ length: 100 }, () => 0), 0],
  ])('with contestedAfter %i, writes after %j s are followed by a hold of %i s', (contestedAfter, gaps, seconds) => {
    const { write, held } = bench(contestedAfter);
    write(gaps);
    expect(held()).toBe(seconds);
  });

  test('the hold ends at its time, from the last write on, and whatever the input', () => {
    const { clock, backoff, held } = contested();
    clock.ms += 29_999;
    expect(backoff.hold(TARGET, 'another')).toEqual({ reason: 'Contested', requeueAfterMs: 1 });
    clock.ms += 1;
    expect(held()).toBe(0);
  });

  test('it is reported until ten quiet minutes are over, with the last write and who changed the object last', () => {
    const { clock, backoff, write } = bench();
    backoff.reached(TARGET, UID);
    backoff.differs(TARGET, UID, 'argocd');
    write([0, 0, 0, 0]);
    expect(backoff.contest(TARGET)).toBeUndefined();
    write([59]);
    const contest = { manager: 'argocd', lastWriteTime: '2026-11-22T10:01:00Z', backoffSeconds: 30 };
    expect(backoff.contest(TARGET)).toEqual({ ...contest, quietAfterMs: TEN_MINUTES });
    // A writer that left no name is not taken for the last one that did.
    backoff.differs(TARGET, UID, undefined);
    clock.ms += TEN_MINUTES - 1;
    expect(backoff.contest(TARGET)).toEqual({ ...contest, manager: undefined, quietAfterMs: 1 });
    clock.ms += 1;
    expect(backoff.contest(TARGET)).toBeUndefined();
  });

  test('a new goal starts anew; the old one does not after it', () => {
    const { backoff, held } = contested();
    expect(held({ ...TARGET, goal: '9172' })).toBe(0);
    expect([held(), backoff.contest(TARGET)?.backoffSeconds]).toEqual([30, 30]);
    expect(held({ ...TARGET, spec: 'uid-1 4' })).toBe(0);
    expect(held()).toBe(0);
  });

  test('two writers that want different ports are no way around it', () => {
    const { write, held } = bench();
    const other = { ...TARGET, goal: '9172' };
    for (let round = 0; round < 5; round += 1) [TARGET, other].forEach((target) => write([1], target));
    expect([held(), held(other)]).toEqual([29, 30]);
  });

  test.each(OTHERS)('a target %s is not held', (_, other) => {
    const { backoff, held } = contested();
    expect([held(other), backoff.contest(other), held()]).toEqual([0, undefined, 30]);
  });
});

describe('Rejected', () => {
  const rejected = (input?: string): Bench => {
    const result = bench();
    expect(result.backoff.rejected(TARGET, { cause: 'no', ...(input === undefined ? {} : { input }) })).toEqual({
      reason: 'Rejected',
      cause: 'no',
      requeueAfterMs: 30_000,
    });
    return result;
  };

  test('a write is held for 30 s, with the cause', () => {
    const { clock, backoff, held } = rejected(INPUT);
    clock.ms += 29_999;
    expect(backoff.hold(TARGET, INPUT)).toEqual({ reason: 'Rejected', cause: 'no', requeueAfterMs: 1 });
    clock.ms += 1;
    expect(held()).toBe(0);
  });

  test('a write that is held for want of a right says which', () => {
    const { backoff } = bench();
    const missingRight = 'patch daemonsets.apps/csi-rbdplugin';
    const hold = { reason: 'Rejected', cause: 'no', missingRight, requeueAfterMs: 30_000 };
    expect(backoff.rejected(TARGET, { cause: 'no', input: INPUT, missingRight })).toEqual(hold);
    expect(backoff.hold(TARGET, INPUT)).toEqual(hold);
  });

  test.each([
    ['onto the same input', INPUT, { goal: '9072', input: INPUT }, 30],
    ['onto another input', INPUT, { goal: '9072', input: 'generation 8' }, 0],
    ['to another goal', INPUT, { goal: '9172', input: INPUT }, 0],
    ['onto another input, if the rejection is of any', undefined, { goal: '9072', input: 'generation 8' }, 30],
    ['to another goal, if the rejection is of any input', undefined, { goal: '9172', input: INPUT }, 0],
  ])('a write %s', (_, rejectedInput, { goal, input }, seconds) => {
    expect(rejected(rejectedInput).held({ ...TARGET, goal }, input)).toBe(seconds);
  });

  test.each([INPUT, undefined])('a target that is at its goal ends it, if it is of input %s', (input) => {
    const { backoff, held } = rejected(input);
    backoff.reached(TARGET, UID);
    expect(held()).toBe(0);
  });

  test.each(OTHERS)('a target %s is not held', (_, other) => {
    const { backoff, held } = rejected();
    backoff.reached(other, UID);
    expect([held(other), held()]).toEqual([0, 30]);
  });

  test('of a contested target it hides the longer hold only for its own time', () => {
    const { clock, backoff, write } = bench();
    write([0, 0, 0, 0, 0, 30]);
    backoff.rejected(TARGET, { cause: 'no', input: INPUT });
    expect(backoff.hold(TARGET, INPUT)).toMatchObject({ reason: 'Rejected' });
    expect(backoff.hold(TARGET, 'another')).toEqual({ reason: 'Contested', requeueAfterMs: 60_000 });
    clock.ms += 30_000;
    expect(backoff.hold(TARGET, INPUT)).toEqual({ reason: 'Contested', requeueAfterMs: 30_000 });
  });
});

describe('a revert', () => {
  test('is what differs after it was at its goal, by the manager seen then', () => {
    const { backoff } = bench();
    expect(backoff.differs(TARGET, UID, 'rook')).toBeUndefined();
    backoff.reached(TARGET, UID);
    expect(backoff.differs(TARGET, UID, undefined)).toEqual({});
    expect(backoff.differs(TARGET, UID, 'rook')).toEqual({ manager: 'rook' });
    expect(backoff.differs(TARGET, UID, undefined)).toEqual({});
    expect(backoff.differs(TARGET, 'uid-of-the-next', 'rook')).toBeUndefined();
    expect(backoff.differs({ ...TARGET, goal: '9073' }, UID, 'rook')).toBeUndefined();
    // What was right by another goal meanwhile is no revert of this one.
    expect(backoff.differs(TARGET, UID, 'rook')).toBeUndefined();
  });

  test('is none because of a write that was stored: a policy may have changed it', () => {
    const { backoff, write } = bench();
    write([0]);
    expect(backoff.differs(TARGET, UID, 'rook')).toBeUndefined();
  });
});

interface Fought {
  /** In milliseconds. */
  readonly times: readonly number[];
  /** Of the writes, those at which the target was contested before. */
  readonly contestedAt: ReadonlySet<number>;
}

/** The target is reverted so many milliseconds after each write, and written as soon as it may be, for five hours. */
function fight(delays: readonly number[]): Fought {
  const { clock, backoff } = bench();
  backoff.reached(TARGET, UID);
  const times: number[] = [];
  const contestedAt = new Set<number>();
  for (let at = 0; clock.ms < 5 * HOUR && times.length < 1_000; at += 1) {
    clock.ms += delays[at % delays.length] ?? 0;
    backoff.differs(TARGET, UID, 'argocd');
    const { requeueAfterMs = 0 } = backoff.hold(TARGET, INPUT) ?? {};
    expect(requeueAfterMs).toBeLessThanOrEqual(300_000);
    clock.ms += requeueAfterMs;
    expect(backoff.hold(TARGET, INPUT)).toBeUndefined();
    if (backoff.contest(TARGET) !== undefined) contestedAt.add(times.length);
    backoff.wrote(TARGET);
    backoff.reached(TARGET, UID);
    times.push(clock.ms);
  }
  return { times, contestedAt };
}

/** The most writes in an hour that begins with one of these. */
function mostInAnHour({ times }: Fought, begins: (index: number) => boolean = () => true): number {
  const counts = times.map((from, index) =>
    begins(index) ? times.filter((time) => time >= from && time < from + HOUR).length : 0,
  );
  return Math.max(0, ...counts);
}

const anyDelays = (max: number): fc.Arbitrary<number[]> =>
  fc.array(fc.oneof(fc.constantFrom(0, max), fc.nat({ max }), fc.nat({ max: 30_000 })), {
    minLength: 1,
    maxLength: 20,
  });

describe('a fight', () => {
  test('without a rest of ten minutes: 14 writes in an hour that begins contested, 29 in any, and no hold is longer than 300 s', () => {
    fc.assert(
      fc.property(anyDelays(TEN_MINUTES - 1), (delays) => {
        const fought = fight(delays);
        expect(mostInAnHour(fought)).toBeLessThanOrEqual(29);
        expect(mostInAnHour(fought, (index) => fought.contestedAt.has(index))).toBeLessThanOrEqual(14);
      }),
    );
  });

  test('with rests of any length: 42 writes in any hour', () => {
    fc.assert(
      fc.property(anyDelays(HOUR), (delays) => {
        expect(mostInAnHour(fight(delays))).toBeLessThanOrEqual(42);
      }),
    );
  });

  const fourInTenMinutes = [TEN_MINUTES - 1, 0, 0, 2];
  const lateContest = [...Array.from({ length: 6 }, () => fourInTenMinutes).flat(), 0, 0, 0, 0, 0];

  test.each([
    ['at once, always', [0], 19, 14],
    ['two minutes after each write', [2 * MINUTE], 17, 14],
    ['too seldom to be contested', [TEN_MINUTES / 4 + 1], 24, 0],
    ['four times in ten minutes', fourInTenMinutes, 24, 0],
    ['the same for an hour, and then at once', lateContest, 29, 12],
    // Each rest begins the fight anew, and the hours that begin contested are no better for it.
    ['seven times at once after each rest of ten minutes', [TEN_MINUTES, 0, 0, 0, 0, 0, 0], 42, 37],
  ])('of reverts %s: the worst hour', (_, delays: number[], most, mostFromContested) => {
    const fought = fight(delays);
    const fromContested = mostInAnHour(fought, (index) => fought.contestedAt.has(index));
    expect([mostInAnHour(fought), fromContested]).toEqual([most, mostFromContested]);
  });
});

describe('WaitingForRook', () => {
  const rook = (): Bench & { readonly waits: () => number } => {
    const result = bench();
    result.backoff.sawSettings('rook', 'a', true);
    return { ...result, waits: () => result.backoff.rookHold('rook')?.requeueAfterMs ?? 0 };
  };

  test('the first settings seen are no change, and neither are the same again', () => {
    const { backoff, waits } = rook();
    expect(waits()).toBe(0);
    backoff.sawSettings('rook', 'a', true);
    expect(waits()).toBe(0);
  });

  test('a change begins three seconds, which a further change does not prolong; one after them begins three more', () => {
    const { clock, backoff, waits } = rook();
    backoff.sawSettings('rook', 'b', true);
    expect(backoff.rookHold('rook')).toEqual({ reason: 'WaitingForRook', requeueAfterMs: 3_000 });
    clock.ms += 2_000;
    backoff.sawSettings('rook', 'c', true);
    expect(waits()).toBe(1_000);
    clock.ms += 1_000;
    backoff.sawSettings('rook', 'c', true);
    expect(waits()).toBe(0);
    backoff.sawSettings('rook', 'd', true);
    expect(waits()).toBe(3_000);
  });

  test("the operator's own change begins them anew, and is no further change when it is seen", () => {
    const { clock, backoff, waits } = rook();
    backoff.sawSettings('rook', 'b', true);
    clock.ms += 2_000;
    backoff.sawSettings('rook', 'c', true, true);
    expect(waits()).toBe(3_000);
    clock.ms += 3_000;
    backoff.sawSettings('rook', 'c', true);
    expect(waits()).toBe(0);
  });

  test('it ends when nothing differs, and the next change begins it again', () => {
    const { backoff, waits } = rook();
    backoff.sawSettings('rook', 'b', true);
    backoff.endRookHold('rook');
    backoff.sawSettings('rook', 'b', true);
    expect(waits()).toBe(0);
    backoff.sawSettings('rook', 'c', true);
    expect(waits()).toBe(3_000);
  });

  test('a Rook that is not alive is not waited for, and one that comes back has seen what changed meanwhile', () => {
    const { backoff, waits } = rook();
    backoff.sawSettings('rook', 'b', false);
    backoff.sawSettings('rook', 'c', false, true);
    expect(waits()).toBe(0);
    backoff.sawSettings('rook', 'c', true);
    expect(waits()).toBe(0);
  });

  test('one that dies is waited for no longer, also when it comes back', () => {
    const { backoff, waits } = rook();
    backoff.sawSettings('rook', 'b', true);
    backoff.sawSettings('rook', 'b', false);
    expect(waits()).toBe(0);
    backoff.sawSettings('rook', 'b', true);
    expect(waits()).toBe(0);
  });

  test('that the ConfigMap goes or comes is a change', () => {
    const { clock, backoff, waits } = rook();
    backoff.sawSettings('rook', undefined, true);
    expect(waits()).toBe(3_000);
    clock.ms += 3_000;
    backoff.sawSettings('rook', 'b', true);
    expect(waits()).toBe(3_000);
  });

  test('what differs at the end of a wait is written, however fast the settings change', () => {
    const { clock, backoff, waits } = rook();
    for (let change = 0; change < 100; change += 1) {
      clock.ms += 300;
      backoff.beginReconcile('rook');
      backoff.sawSettings('rook', `${change}`, true, change % 2 === 0);
      if (waits() === 0) return;
    }
    expect.unreachable('Rook is waited for without end');
  });

  test('it is of one namespace', () => {
    const { backoff, waits } = rook();
    backoff.sawSettings('rook', 'b', true);
    expect(backoff.rookHold('rook-2')).toBeUndefined();
    backoff.endRookHold('rook-2');
    expect(waits()).toBe(3_000);
  });
});

test('a namespace that is forgotten starts anew, and no other does', () => {
  const other = { ...TARGET, namespace: 'rook-2' };
  const { backoff, write, held } = contested();
  write([0, 0, 0, 0, 0], other);
  for (const namespace of ['rook', 'rook-2']) {
    backoff.reached({ ...TARGET, namespace }, UID);
    backoff.sawSettings(namespace, 'a', true);
    backoff.sawSettings(namespace, 'b', true);
  }
  backoff.forget('rook');
  expect([held(), backoff.contest(TARGET), backoff.differs(TARGET, UID, 'rook')]).toEqual([0, undefined, undefined]);
  expect(backoff.rookHold('rook')).toBeUndefined();
  backoff.sawSettings('rook', 'c', true);
  expect(backoff.rookHold('rook')).toBeUndefined();
  expect([held(other), backoff.rookHold('rook-2')?.requeueAfterMs]).toEqual([30, 3_000]);
});
