import { describe, expect, test } from 'vitest';
import { RookTime, type RookTimeLeft } from '../../../src/controller/rook-time.js';
import { plan, type WorkloadPlan } from '../../../src/domain/rules/plan.js';
import type { RookConfig } from '../../../src/domain/rules/rook-config.js';
import { CONFLICTING, observe, pinned } from '../domain/worlds.js';

const ROWS = plan(observe(CONFLICTING)).workloads;
const NAMES = ROWS.map(({ slotSpec }) => slotSpec.workload);
const RBD = 'csi-rbdplugin-provisioner';
const CEPHFS = 'csi-cephfsplugin-provisioner';
const NODE = 'csi-rbdplugin';

/** Rook's PUT of some of them: it moves the generation, also of a Deployment in which nothing differs. */
function written(ports: Readonly<Record<string, number>>): WorkloadPlan[] {
  return ROWS.map((row) => {
    const { workload } = row;
    const port = workload && ports[workload.name];
    if (workload === undefined || port === undefined) return row;
    const generation = workload.rollout.generation + 1;
    return { ...row, currentPort: port, workload: { ...workload, rollout: { ...workload.rollout, generation } } };
  });
}

function settings(version: string): RookConfig {
  return { ...pinned(9070, 9071, 9072), fingerprint: version };
}

interface Bench {
  readonly clock: { ms: number };
  readonly time: RookTime;
  readonly left: (change: 'pin' | 'others' | 'overtaken' | 'none', rows?: readonly WorkloadPlan[]) => RookTimeLeft;
}

function bench(): Bench {
  const clock = { ms: 1_000 };
  const time = new RookTime(() => clock.ms);
  let version = 1;
  const left: Bench['left'] = (change, rows = ROWS) => {
    if (change === 'pin' || change === 'others') version += 1;
    const how = { pinned: change === 'pin', overtaken: change === 'overtaken' };
    return time.observe('rook', rows, { config: settings(String(version)), ...how });
  };
  left('none');
  return { clock, time, left };
}

function waitedFor({ isWaitedFor }: RookTimeLeft, rows = ROWS): string[] {
  return rows.filter(isWaitedFor).map(({ slotSpec }) => slotSpec.workload);
}

test('the settings as first seen are no change: Rook may have followed them long ago', () => {
  const { left } = bench();
  expect(left('none')).toMatchObject({ ms: 0 });
  expect(waitedFor(left('none'))).toEqual([]);
});

test('a pin starts three seconds for all workloads, and no further pin prolongs them', () => {
  const { clock, time, left } = bench();
  expect(time.isAfterPin('rook')).toBe(false);
  expect(waitedFor(left('pin'))).toEqual(NAMES);
  expect(time.isAfterPin('rook')).toBe(true);
  clock.ms += 2_000;
  expect(left('pin').ms).toBe(1_000);
  expect(time.observe('other', ROWS, { config: settings('1'), pinned: false, overtaken: false }).ms).toBe(0);
  clock.ms += 1_000;
  expect(time.isAfterPin('rook')).toBe(false);
  expect(left('none').ms).toBe(0);
  expect(left('pin').ms).toBe(3_000);
  time.forget('rook');
  expect(left('none').ms).toBe(0);
});

describe('after a pin', () => {
  test('a workload is waited for until Rook has written it by the new keys: its own', () => {
    const { left } = bench();
    left('pin');
    expect(waitedFor(left('none'), written({ [CEPHFS]: 9071 }))).toEqual([RBD, NODE]);
  });

  test("a workload is waited for until Rook has written it by the new keys: the node plugin's, as a Rook of one key", () => {
    const { left } = bench();
    left('pin');
    expect(waitedFor(left('none'), written({ [RBD]: 9072, [NODE]: 9072 }))).toEqual([CEPHFS]);
  });

  test("the rest of an older pass is no answer: it has Rook's default, or something else", () => {
    const { left } = bench();
    left('pin');
    expect(waitedFor(left('none'), written({ [CEPHFS]: 9070, [NODE]: 9500 }))).toEqual(NAMES);
  });

  test('it is over once Rook has written both provisioners: what is reverted then is reverted by somebody', () => {
    const { left, time } = bench();
    left('pin');
    const after = written({ [RBD]: 9070, [CEPHFS]: 9071 });
    expect(waitedFor(left('none', after), after)).toEqual([]);
    expect(time.isAfterPin('rook')).toBe(false);
    expect(waitedFor(left('none'))).toEqual([]);
  });

  test('where there is no provisioner nothing shows the end of the pass', () => {
    const { left, time } = bench();
    const alone = ROWS.filter(({ slotSpec }) => slotSpec.kind === 'DaemonSet');
    left('pin', alone);
    left('none', alone);
    expect(time.isAfterPin('rook')).toBe(true);
  });

  test('a time that nobody looked at the end of does not swallow the next pin', () => {
    const { clock, left, time } = bench();
    left('pin');
    clock.ms += 3_600_000;
    expect(waitedFor(left('pin'))).toEqual(NAMES);
    expect(time.isAfterPin('rook')).toBe(true);
  });
});

describe('after a change of the settings by others', () => {
  test('each workload is left to Rook until it has written it, whatever it wrote: then it will not write it again', () => {
    const { left, time } = bench();
    expect(waitedFor(left('others'))).toEqual(NAMES);
    expect(time.isAfterPin('rook')).toBe(false);
    expect(waitedFor(left('none'), written({ [NODE]: 9070, [RBD]: 9500 }))).toEqual([CEPHFS]);
  });

  test('a workload that was made again meanwhile has been written since', () => {
    const { left } = bench();
    left('others');
    const again = ROWS.map((row) =>
      row.workload?.name === CEPHFS ? { ...row, workload: { ...row.workload, uid: 'new' } } : row,
    );
    expect(waitedFor(left('none'), again)).toEqual([RBD, NODE]);
  });

  test('a pin that came too late tells of a change that is not seen yet', () => {
    const { left, clock } = bench();
    expect(waitedFor(left('overtaken'))).toEqual(NAMES);
    clock.ms += 1_000;
    expect(left('overtaken')).toMatchObject({ ms: 2_000, cause: 'ForeignChange' });
    // When it is seen, it is the same change; and the pin that then succeeds begins a wait of its own.
    expect(left('others')).toMatchObject({ ms: 2_000, cause: 'ForeignChange' });
    expect(left('pin')).toMatchObject({ ms: 3_000, cause: 'Pin' });
  });

  test('a pin that came too late is noted as such also where the change is seen with it: the next one is not the first', () => {
    const { time, clock } = bench();
    const late = { config: settings('2'), pinned: false, overtaken: true };
    expect(time.observe('rook', ROWS, late).ms).toBe(3_000);
    clock.ms += 3_000;
    expect(time.observe('rook', ROWS, late).ms).toBe(0);
  });

  test('the same data under another version are no change: Rook looks at the data alone', () => {
    const { time } = bench();
    const same = { ...settings('1'), resourceVersion: '99' };
    expect(time.observe('rook', ROWS, { config: same, pinned: false, overtaken: false }).ms).toBe(0);
  });

  test('the next one, before the time is over, does not prolong it', () => {
    const { clock, left } = bench();
    left('others');
    clock.ms += 2_000;
    expect(left('others').ms).toBe(1_000);
    clock.ms += 1_000;
    expect(waitedFor(left('none'))).toEqual([]);
    expect(left('others').ms).toBe(3_000);
  });

  test('a pin starts the time anew, once', () => {
    const { clock, left, time } = bench();
    left('others');
    clock.ms += 2_000;
    expect(left('pin').ms).toBe(3_000);
    expect(time.isAfterPin('rook')).toBe(true);
    clock.ms += 1_000;
    expect(left('pin').ms).toBe(2_000);
  });

  test('a ConfigMap that was away is seen for the first time again', () => {
    const { time } = bench();
    time.observe('rook', ROWS, { config: undefined, pinned: false, overtaken: false });
    expect(time.observe('rook', ROWS, { config: settings('9'), pinned: false, overtaken: false }).ms).toBe(0);
  });
});
