import { expect, test } from 'vitest';
import { RookTime, type RookTimeLeft } from '../../../src/controller/rook-time.js';
import { plan, type WorkloadPlan } from '../../../src/domain/plan.js';
import { CONFLICTING, observe } from '../domain/worlds.js';

const ROWS = plan(observe(CONFLICTING)).workloads;

/** Rook writes these: a PUT moves a Deployment's generation though nothing differs. */
function writtenBy(names: readonly string[]): WorkloadPlan[] {
  return ROWS.map((row) => {
    const { workload } = row;
    if (workload === undefined || !names.includes(workload.name)) return row;
    const generation = workload.rollout.generation + 1;
    return { ...row, workload: { ...workload, rollout: { ...workload.rollout, generation } } };
  });
}

function bench(): {
  clock: { ms: number };
  time: RookTime;
  left: (pinned: boolean, rows?: WorkloadPlan[]) => RookTimeLeft;
} {
  const clock = { ms: 1_000 };
  const time = new RookTime(() => clock.ms);
  return { clock, time, left: (pinned, rows) => time.left('rook', rows ?? ROWS, { pinned }) };
}

test("a pin starts Rook's three seconds, and no further pin prolongs them", () => {
  const { clock, time, left } = bench();
  expect(left(false).ms).toBe(0);
  expect(time.isRunning('rook')).toBe(false);
  expect(left(true)).toEqual({ ms: 3_000, passSeen: false });
  expect(time.isRunning('rook')).toBe(true);
  clock.ms += 2_000;
  expect(left(true).ms).toBe(1_000);
  expect(time.left('other', ROWS, { pinned: false }).ms).toBe(0);
  clock.ms += 1_000;
  expect(time.isRunning('rook')).toBe(false);
  expect(left(true).ms).toBe(0);
  expect(left(true).ms).toBe(3_000);
  time.over('rook');
  expect(left(false).ms).toBe(0);
});

test('it is over as soon as Rook has written both provisioners', () => {
  const { left, time } = bench();
  left(true);
  expect(left(false, writtenBy(['csi-rbdplugin'])).ms).toBe(3_000);
  expect(left(false, writtenBy(['csi-rbdplugin-provisioner']))).toEqual({ ms: 3_000, passSeen: false });
  const both = writtenBy(['csi-rbdplugin-provisioner', 'csi-cephfsplugin-provisioner']);
  expect(left(false, both)).toEqual({ ms: 0, passSeen: true });
  expect(time.isRunning('rook')).toBe(false);
  expect(left(false, both)).toEqual({ ms: 0, passSeen: false });
});

test('where there is no provisioner nothing shows that Rook has passed by', () => {
  const { left } = bench();
  const alone = ROWS.filter(({ layout }) => layout.kind === 'DaemonSet');
  left(true, alone);
  expect(left(false, alone)).toEqual({ ms: 3_000, passSeen: false });
});
