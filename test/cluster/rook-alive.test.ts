/** Where Rook runs it is told the ports first and given time to render them; only what then differs is patched. */
import { expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { InProcessOperator, SteppedClock } from '../support/in-process-operator.js';
import type { RookInstallation } from '../support/rook/installation.js';

const cluster = useCluster();

const PIN = 'patch configmaps rook-ceph-operator-config';
const CEPHFS = 'patch deployments csi-cephfsplugin-provisioner';
const RBD = 'patch deployments csi-rbdplugin-provisioner';
const NODE_PLUGIN = 'patch daemonsets csi-rbdplugin';

function effective(writes: string[]): string[] {
  return writes.filter((write) => /configmaps|deployments|daemonsets/.test(write));
}

async function waitForPin(rook: RookInstallation, pin: Record<string, string>): Promise<Record<string, string>> {
  return waitFor(`the pin ${JSON.stringify(pin)}`, async () => {
    const config = await rook.config();
    return Object.entries(pin).every(([key, value]) => config[key] === value) && config;
  });
}

const PROVISIONERS = { CSIADDONS_RBD_PROVISIONER_PORT: '9070', CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071' };
/** When the pods of the provisioners were admitted. */
const THEN_NODE_PLUGIN = { CSIADDONS_PORT: '9072' };

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
  await rook.writePass(await waitForPin(rook, PROVISIONERS));
  await rook.writePass(await waitForPin(rook, THEN_NODE_PLUGIN));
  await assignment.waitUntilAssigned();
  expect(effective(await cluster().writesUntilSettled(mark, assignment))).toEqual([PIN, PIN]);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
});

test('what a Rook that knows one key renders is put right afterwards', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({ version: '1.16.4', alive: true });
  const mark = await cluster().controlPlane.audit.mark();
  const clock = await startOperator(rook);
  // The keys of the provisioners mean nothing to it.
  await rook.writePass(await waitForPin(rook, PROVISIONERS));
  await assignment.waitForReason('Ready', 'WaitingForRook');
  expect(effective(await cluster().writesSince(mark))).toEqual([PIN]);
  clock.step(3);
  // By this one it puts all three on the node plugin's port.
  await rook.writePass(await waitForPin(rook, THEN_NODE_PLUGIN));
  clock.run();
  await assignment.waitUntilAssigned();
  const writes = effective(await cluster().writesUntilSettled(mark, assignment));
  expect(writes.slice(0, 3)).toEqual([PIN, CEPHFS, PIN]);
  expect(writes.slice(3).sort()).toEqual([CEPHFS, RBD]);
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

  clock.run();
  await assignment.waitUntilAssigned();
  const writes = effective(await cluster().writesUntilSettled(mark, assignment));
  expect(writes).toEqual([PIN, CEPHFS, PIN, NODE_PLUGIN]);
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
});

test.each([
  { rule: 'is not running', options: { alive: false }, spec: {}, written: [PIN, CEPHFS, PIN, NODE_PLUGIN] },
  {
    rule: 'is not told anything',
    options: { alive: true },
    spec: { rookConfig: 'Leave' as const },
    written: [CEPHFS, NODE_PLUGIN],
  },
])('a Rook that $rule is not waited for', async ({ options, spec, written }) => {
  const { rook, assignment } = await cluster().installRookWithAssignment(options, spec);
  const mark = await cluster().controlPlane.audit.mark();
  const operator = await cluster().startOperator();
  await assignment.waitUntilAssigned();
  const writes = effective(await cluster().writesUntilSettled(mark, assignment));
  expect(writes).toEqual(written);
  await operator.waitForLine('the status in the log', ({ msg, reason }) => {
    return msg === 'Updated status' && reason === 'PortsAssigned';
  });
  const told = operator.log.filter(({ msg }) => msg === 'Updated status').map(({ reason }) => reason);
  expect(told).not.toContain('WaitingForRook');
  expect(await rook.layout()).toEqual([9070, 9071, 9072]);
});
