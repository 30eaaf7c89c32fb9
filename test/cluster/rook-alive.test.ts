/** Where Rook runs it is told the ports first and given time to render them; only what then differs is patched. */
import { expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { InProcessOperator, SteppedClock } from '../support/in-process-operator.js';
import type { RookInstallation } from '../support/rook/installation.js';

const cluster = useCluster();

const PIN = 'patch configmaps rook-ceph-operator-config';
const WORKLOADS = ['patch daemonsets csi-rbdplugin', 'patch deployments csi-cephfsplugin-provisioner'];

function effective(writes: string[]): string[] {
  return writes.filter((write) => /configmaps|deployments|daemonsets/.test(write));
}

async function waitForPin(rook: RookInstallation): Promise<Record<string, string>> {
  return waitFor('the pin', async () => {
    const config = await rook.config();
    return config.CSIADDONS_PORT === '9072' && config;
  });
}

/** By the test's clock, so that Rook's three seconds do not end because the machine is slow. */
async function startOperator({ namespace }: RookInstallation): Promise<SteppedClock> {
  const clock = new SteppedClock();
  await InProcessOperator.start(cluster(), clock, [namespace]);
  return clock;
}

test('a Rook that renders the pinned ports does all the work: no workload is patched', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({ version: '1.17.9', alive: true });
  expect(await rook.layout()).toEqual([9070, 9070, 9070]);
  const mark = await cluster().controlPlane.audit.mark();
  await startOperator(rook);
  await rook.writePass(await waitForPin(rook));
  await assignment.waitUntilAssigned();
  expect(effective(await cluster().writesUntilSettled(mark, assignment))).toEqual([PIN]);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
});

test('what a Rook that knows one key renders is put right afterwards', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({ version: '1.16.4', alive: true });
  const mark = await cluster().controlPlane.audit.mark();
  const clock = await startOperator(rook);
  // It puts all three on the node plugin's port, and has its three seconds for that.
  await rook.writePass(await waitForPin(rook));
  await assignment.waitUntilRestored();
  await assignment.waitForReason('Ready', 'WaitingForRook');
  expect(effective(await cluster().writesSince(mark))).toEqual([PIN]);
  clock.step(3);
  await assignment.waitUntilAssigned();
  const [first, ...rest] = effective(await cluster().writesUntilSettled(mark, assignment));
  expect(first).toBe(PIN);
  expect(rest.sort()).toEqual([
    'patch deployments csi-cephfsplugin-provisioner',
    'patch deployments csi-rbdplugin-provisioner',
  ]);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
});

test('a Rook that does nothing is given time, which the status tells, and then the workloads are patched', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({ alive: true });
  const mark = await cluster().controlPlane.audit.mark();
  const clock = await startOperator(rook);
  await assignment.waitForReason('Ready', 'WaitingForRook');
  expect(await assignment.condition('Progressing')).toMatchObject({ status: 'True', reason: 'WaitingForRook' });
  expect(effective(await cluster().writesSince(mark))).toEqual([PIN]);
  expect(await rook.layout()).toEqual([9070, 9070, 9070]);

  clock.step(3);
  await assignment.waitUntilAssigned();
  const [first, ...rest] = effective(await cluster().writesUntilSettled(mark, assignment));
  expect(first).toBe(PIN);
  expect(rest.sort()).toEqual(WORKLOADS);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
});

test.each([
  { rule: 'is not running', options: { alive: false }, spec: {}, pins: [PIN] },
  { rule: 'is not told anything', options: { alive: true }, spec: { rookConfig: 'Leave' as const }, pins: [] },
])('a Rook that $rule is not waited for', async ({ options, spec, pins }) => {
  const { rook, assignment } = await cluster().installRookWithAssignment(options, spec);
  const mark = await cluster().controlPlane.audit.mark();
  const operator = await cluster().startOperator();
  await assignment.waitUntilAssigned();
  const writes = effective(await cluster().writesUntilSettled(mark, assignment));
  expect([...writes.slice(0, pins.length), ...writes.slice(pins.length).sort()]).toEqual([...pins, ...WORKLOADS]);
  await operator.waitForLine('the status in the log', ({ msg, reason }) => {
    return msg === 'Updated status' && reason === 'PortsAssigned';
  });
  const told = operator.log.filter(({ msg }) => msg === 'Updated status').map(({ reason }) => reason);
  expect(told).not.toContain('WaitingForRook');
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
});
