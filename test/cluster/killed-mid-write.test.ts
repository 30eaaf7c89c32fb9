/** The process ends in the midst of a write, with and without a word: the next one finds what there is, and does the rest. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AssignmentSpec } from '../../src/domain/rules/api.js';
import type { Assignment } from '../support/assignment.js';
import { describeRequest, STATUS_WRITE, useCluster } from '../support/cluster.js';
import { writesOf, type Mark } from '../support/control-plane/audit-log.js';
import { Gate, type GateRequest, type GateSide } from '../support/control-plane/gate.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { Operator } from '../support/operator.js';
import { portsRight } from '../support/recovery.js';
import type { RookInstallation } from '../support/rook/installation.js';

const cluster = useCluster({ nodes: 0 });

const WITHIN_SECONDS = 30;
/** Well below the 10 s that work in hand is given, on a busy machine. */
const AT_ONCE_MS = 7_000;
const CEPHFS = 'patch deployments csi-cephfsplugin-provisioner';
const ONCE_EACH = ['patch configmaps rook-ceph-operator-config', 'patch daemonsets csi-rbdplugin', CEPHFS];

interface Moment {
  readonly during: string;
  /** Of the path of what is held. */
  readonly part: string;
  /** How many requests. */
  readonly held: number;
  /** How the API server rejects them where they come too late. */
  readonly tooLate: number;
}

/** A patch is held when the pin is done and answered: that is the moment between the two as well. */
const MOMENTS: readonly Moment[] = [
  { during: 'the pin', part: '/configmaps/', held: 1, tooLate: 409 },
  { during: 'the patches, after the pin', part: '/apis/apps/', held: 2, tooLate: 422 },
  { during: 'the status write', part: '/csiportassignments/default/status', held: 1, tooLate: 409 },
];
const SIDES: readonly GateSide[] = ['request', 'answer'];
const CASES = MOMENTS.flatMap((moment) => SIDES.map((side) => ({ ...moment, side })));

interface MidWrite {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly mark: Mark;
  readonly gate: Gate;
  readonly operator: Operator;
}

function isPatchOf(part: string): (request: GateRequest) => boolean {
  return ({ method, path }) => method === 'PATCH' && path.includes(part);
}

async function waitForHeld({ waiting }: Gate, { log }: Operator, count: number): Promise<void> {
  await waitFor(`${count} requests at the gate`, () => Promise.resolve(waiting.length === count), {
    everyMs: 5,
    lastSeen: () => log.slice(-10),
  });
}

/** An operator whose first write of this kind waits at the gate. */
async function inMidWrite({ part, held, side }: Moment & { side: GateSide }): Promise<MidWrite> {
  const { controlPlane } = cluster();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const mark = await controlPlane.audit.mark();
  const gate = new Gate(controlPlane, isPatchOf(part), side);
  const operator = await Operator.start({ kubeconfig: await gate.start() });
  onTestFinished(() => operator.kill());
  await waitForHeld(gate, operator, held);
  return { rook, assignment, mark, gate, operator };
}

/** An operator that has settled, and whose next writes of this kind wait at the gate. */
async function settledBehindGate(part: string, side: GateSide, spec: AssignmentSpec = {}): Promise<MidWrite> {
  const { controlPlane } = cluster();
  const { rook, assignment } = await cluster().installRookWithAssignment({}, spec);
  let isArmed = false;
  const isPatch = isPatchOf(part);
  const gate = new Gate(controlPlane, (request) => isArmed && isPatch(request), side);
  const operator = await cluster().startOperator({ kubeconfig: await gate.start() });
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  const mark = await controlPlane.audit.mark();
  isArmed = true;
  return { rook, assignment, mark, gate, operator };
}

/** What was stored, by all processes together, in alphabetical order, without the status. */
async function stored(mark: Mark): Promise<string[]> {
  const requests = await cluster().requestsSince(mark);
  const writes = writesOf(requests).filter(({ code }) => code < 300);
  return writes
    .map(describeRequest)
    .filter((write) => write !== STATUS_WRITE)
    .sort();
}

/** A process that takes over does the rest, once, calls nothing a revert, and ends in order. */
async function expectSuccessor({ rook, assignment, mark }: MidWrite, fault: string, since: number): Promise<void> {
  const successor = await cluster().startOperator();
  await portsRight(rook, { fault, since, withinSeconds: WITHIN_SECONDS });
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  expect(await successor.reverts()).toBe(0);
  expect(await stored(mark)).toEqual(ONCE_EACH);
  expect(successor.warnings).toEqual([]);
  await expectEndInOrder(successor);
}

async function expectEndInOrder(operator: Operator): Promise<void> {
  const begun = performance.now();
  expect(await operator.stop()).toBe(0);
  expect(performance.now() - begun).toBeLessThan(AT_ONCE_MS);
}

describe('SIGKILL', () => {
  test.each(CASES)('during $during, its $side held', async (moment) => {
    const midWrite = await inMidWrite(moment);
    await midWrite.operator.kill();
    const fault = `SIGKILL during ${moment.during}, ${processed(moment.side)}`;
    await expectSuccessor(midWrite, fault, performance.now());
  });

  test.each(MOMENTS)('during $during, which reaches the API server when the next process is done', async (moment) => {
    const midWrite = await inMidWrite({ ...moment, side: 'request' });
    const { rook, assignment, mark, gate, operator } = midWrite;
    await operator.kill();
    await expectSuccessor(midWrite, `SIGKILL during ${moment.during}, processed later`, performance.now());
    const status = await assignment.status();
    gate.open();
    await waitFor('the late requests to be rejected', async () => {
      const rejected = (await cluster().requestsSince(mark)).filter(({ code }) => code === moment.tooLate);
      return rejected.length === moment.held;
    });
    expect(await rook.layout()).toEqual([9070, 9071, 9072]);
    expect(await assignment.status()).toEqual(status);
    expect(await stored(mark)).toEqual(ONCE_EACH);
  });

  test.each(SIDES)('during the repair of a revert, its %s held: it is repaired once', async (side) => {
    const { rook, assignment, mark, gate, operator } = await settledBehindGate('/apis/apps/', side);
    await rook.rewrite('cephfsProvisioner');
    await waitForHeld(gate, operator, 1);
    await operator.kill();
    const since = performance.now();
    const successor = await cluster().startOperator();
    await portsRight(rook, {
      fault: `SIGKILL during a repair, ${processed(side)}`,
      since,
      withinSeconds: WITHIN_SECONDS,
    });
    await assignment.waitUntilSettled();
    expect(await stored(mark)).toEqual([CEPHFS]);
    await expectEndInOrder(successor);
  });

  test.each([
    { written: 'a pin and a patch', spec: {}, writes: ONCE_EACH.slice(0, 2) },
    { written: 'a patch', spec: { rookConfig: 'Leave' }, writes: ONCE_EACH.slice(1, 2) },
  ] as const)(
    'after $written of which no status tells, and the port is taken back meanwhile: what was written is taken back',
    async ({ written, spec, writes }) => {
      const settled = await settledBehindGate('/csiportassignments/default/status', 'request', spec);
      const { rook, assignment, mark, gate, operator } = settled;
      await assignment.edit({ ports: { rbdNodePlugin: 9300 } });
      await waitForHeld(gate, operator, 1);
      await operator.kill();
      expect(await stored(mark)).toEqual(writes);
      await assignment.edit({ ports: { rbdNodePlugin: 9072 } });
      const since = performance.now();
      await cluster().startOperator();
      await waitFor('the write to be taken back', async () => (await stored(mark)).length === 2 * writes.length);
      await portsRight(rook, { fault: `SIGKILL after ${written}`, since, withinSeconds: WITHIN_SECONDS });
      await assignment.waitUntilSettled();
      expect(await stored(mark)).toEqual(writes.flatMap((write) => [write, write]));
    },
  );
});

describe('SIGTERM', () => {
  test.each(CASES)('during $during, its $side held: it is finished, and so is the process', async (moment) => {
    const midWrite = await inMidWrite(moment);
    const { operator, gate, rook, mark } = midWrite;
    const ended = expectEndInOrder(operator);
    await operator.waitForMessage('Stopping');
    gate.open();
    await ended;
    expect(await rook.layout()).toEqual([9070, 9071, 9072]);
    expect(await stored(mark)).toEqual(ONCE_EACH);
    const fault = `SIGTERM during ${moment.during}, ${processed(moment.side)}`;
    await expectSuccessor(midWrite, fault, performance.now());
  });

  test('during the patches, whose answers never come: it ends after its 10 s, and nothing is done twice', async () => {
    const midWrite = await inMidWrite({ ...MOMENTS[1]!, side: 'answer' });
    const begun = performance.now();
    expect(await midWrite.operator.stop()).toBe(0);
    expect(performance.now() - begun).toBeLessThan(20_000);
    await expectSuccessor(midWrite, 'SIGTERM during the patches, never answered', performance.now());
  });
});

function processed(side: GateSide): string {
  return side === 'request' ? 'not processed' : 'processed';
}
