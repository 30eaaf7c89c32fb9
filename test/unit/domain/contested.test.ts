import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RevertedObject } from '../../../src/domain/rules/api.js';
import {
  contestedRequeueAfterMs,
  heldForMs,
  isContested,
  recordReverts,
  retryTime,
} from '../../../src/domain/rules/contested.js';

const START = Date.parse('2026-11-22T10:00:00Z');
const RULES = { contestedAfter: 5 };
const CEPHFS = { kind: 'Deployment', name: 'csi-cephfsplugin-provisioner', manager: 'rook' } as const;
const NODE = { kind: 'DaemonSet', name: 'csi-rbdplugin', manager: 'kubectl-edit' } as const;

function at(seconds: number): string {
  return new Date(START + seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** After one revert of the CephFS provisioner at each of these seconds. */
function undoneAt(...seconds: readonly number[]): RevertedObject[] {
  return seconds.reduce<RevertedObject[]>((recent, second) => recordReverts(recent, [CEPHFS], at(second), RULES), []);
}

function backoffs(...seconds: readonly number[]): (number | undefined)[] {
  return seconds.map((_, last) => undoneAt(...seconds.slice(0, last + 1))[0]!.backoffSeconds);
}

describe('an object is contested', () => {
  it('from its fifth revert within ten minutes on, and is then written 30 s later', () => {
    expect(backoffs(0, 1, 2, 3, 4)).toEqual([undefined, undefined, undefined, undefined, 30]);
    expect(backoffs(0, 150, 300, 450, 600).at(-1)).toBe(30);
    const [object] = undoneAt(0, 1, 2, 3, 4);
    expect(object).toEqual({ ...CEPHFS, times: [0, 1, 2, 3, 4].map(at), backoffSeconds: 30 });
    expect(new Date(retryTime(object!)).toISOString()).toBe('2026-11-22T10:00:34.000Z');
  });

  it('not by five that lie further apart', () => {
    expect(backoffs(0, 150, 300, 450, 601).at(-1)).toBeUndefined();
    expect(backoffs(0, 599, 1_198, 1_797, 2_396).at(-1)).toBeUndefined();
  });

  it('in a window that slides', () => expect(backoffs(0, 500, 510, 520, 601, 602).at(-1)).toBe(30));

  it('with twice the wait after each further revert, up to five minutes', () => {
    expect(backoffs(0, 1, 2, 3, 4, 40, 110, 240, 490, 800, 1_110).slice(4)).toEqual([30, 60, 120, 240, 300, 300, 300]);
  });

  it('until ten minutes have passed without an revert', () => {
    const recent = undoneAt(0, 1, 2, 3, 4);
    expect(recordReverts(recent, [], at(603), RULES)).toEqual(recent);
    expect(recordReverts(recent, [], at(604), RULES)).toEqual([]);
  });

  it('not at once again afterwards', () => {
    expect(backoffs(0, 1, 2, 3, 4, 605).at(-1)).toBeUndefined();
    expect(recordReverts([], [CEPHFS], at(605), RULES)[0]!.times).toEqual([at(605)]);
  });

  it('by itself: what else was reverted is not', () => {
    const recent = recordReverts(undoneAt(0, 1, 2, 3, 4), [NODE], at(5), RULES);
    expect(recent.map((object) => [object.name, isContested(object)])).toEqual([
      ['csi-rbdplugin', false],
      ['csi-cephfsplugin-provisioner', true],
    ]);
  });

  it('never, where the operator is told so', () => {
    const never = { contestedAfter: 0 };
    const recent = [0, 1, 2, 3, 4, 5, 6].reduce<RevertedObject[]>(
      (before, second) => recordReverts(before, [CEPHFS], at(second), never),
      [],
    );
    expect(recent).toEqual([{ ...CEPHFS, times: [at(6)] }]);
    // Nor does it go on with the wait of an operator that was told otherwise.
    expect(recordReverts(undoneAt(0, 1, 2, 3, 4), [], at(5), never)[0]).not.toHaveProperty('backoffSeconds');
  });

  it('or not, whatever the operator that restarts between any two reverts remembers: all of it is in the status', () => {
    const stored = JSON.parse(JSON.stringify(undoneAt(0, 1, 2, 3))) as RevertedObject[];
    expect(recordReverts(stored, [CEPHFS], at(4), RULES)).toEqual(undoneAt(0, 1, 2, 3, 4));
  });
});

describe('what is recorded', () => {
  it('names who did it last', () => {
    const recent = recordReverts(undoneAt(0), [{ ...CEPHFS, manager: 'argocd-controller' }], at(1), RULES);
    expect(recent).toEqual([{ ...CEPHFS, manager: 'argocd-controller', times: [at(0), at(1)] }]);
    expect(recordReverts(recent, [{ kind: 'Deployment', name: CEPHFS.name }], at(2), RULES)[0]).not.toHaveProperty(
      'manager',
    );
  });

  it('stays as it is while nothing is reverted, however much time passes: no status write for nothing', () => {
    expect(recordReverts(undoneAt(0, 1), [], at(100_000), RULES)).toEqual(undoneAt(0, 1));
  });
});

it('what is stored without a time, or with an endless wait, by whomever, is dropped', () => {
  const odd: RevertedObject[] = [
    { ...CEPHFS, times: [], backoffSeconds: 30 },
    { ...NODE, times: ['soon'], backoffSeconds: 30 },
    { kind: 'ConfigMap', name: 'rook-ceph-operator-config', times: [at(0)], backoffSeconds: 2 ** 31 },
  ];
  expect(recordReverts(odd, [], at(0), RULES)).toEqual([]);
  expect(recordReverts(odd, [NODE], at(0), RULES)).toEqual([{ ...NODE, times: [at(0)] }]);
  // A time that is far ahead was written by another clock, and is as good as none.
  expect(recordReverts([{ ...CEPHFS, times: [at(1e6)], backoffSeconds: 30 }], [], at(0), RULES)).toEqual([]);
});

describe('the wait', () => {
  const [object] = undoneAt(0, 1, 2, 3, 4);

  it('ends with the back-off', () => {
    expect(heldForMs(object!, START + 4_000)).toBe(30_000);
    expect(heldForMs(object!, START + 33_999)).toBe(1);
    expect(heldForMs(object!, START + 34_000)).toBe(0);
    expect(heldForMs(undoneAt(0)[0]!, START)).toBe(0);
  });

  it('is at most a minute longer than the back-off, should the clock have been set back', () => {
    const after = (seconds: number): RevertedObject[] => recordReverts([object!], [], at(seconds), RULES);
    expect(heldForMs(after(-56)[0]!, START - 56_000)).toBe(90_000);
    expect(after(-57)).toEqual([]);
  });

  it('is followed by a look at whether it has become quiet', () => {
    expect(contestedRequeueAfterMs([object!], START + 4_000)).toBe(30_000);
    expect(contestedRequeueAfterMs([object!], START + 34_000)).toBe(570_000);
    expect(contestedRequeueAfterMs([object!], START + 604_000)).toBe(0);
    expect(contestedRequeueAfterMs(undoneAt(0), START)).toBeUndefined();
  });
});

/** Seconds between a write and its revert: the first five within ten minutes, then at any time before it is quiet. */
function delaysOfAContest(): fc.Arbitrary<number[]> {
  const first = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 5, maxLength: 5 });
  const rest = fc.array(fc.integer({ min: 0, max: 299 }), { minLength: 35, maxLength: 115 });
  return fc.tuple(first, rest).map(([five, others]) => [...five, ...others]);
}

it('writes to a contested object at most 12 times an hour once it has backed off fully, whoever reverts it whenever', () => {
  fc.assert(
    fc.property(delaysOfAContest(), (delays) => {
      let recent: RevertedObject[] = [];
      let second = 0;
      const written: number[] = [];
      for (const delay of delays) {
        second += delay;
        recent = recordReverts(recent, [CEPHFS], at(second), RULES);
        second += heldForMs(recent[0]!, START + second * 1000) / 1000;
        written.push(second);
      }
      // Five at once, four on the way to five minutes.
      const backedOff = written.slice(9);
      const gaps = backedOff.slice(1).map((time, index) => time - backedOff[index]!);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(300);
    }),
  );
});
