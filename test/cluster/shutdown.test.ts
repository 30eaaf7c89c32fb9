/** How the process ends on a signal. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeKubeconfig } from '../support/control-plane/credentials.js';
import { Gate } from '../support/control-plane/gate.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { STATUS_WRITE, useCluster } from '../support/cluster.js';
import { Operator } from '../support/operator.js';
import { layoutOf, MOVED, patchOf, SLOTS } from '../support/slots.js';

const cluster = useCluster({ nodes: 0 });

/** Well below the 10 s that work in hand is given, on a busy machine. */
const AT_ONCE_MS = 7_000;

/** An operator in the midst of a reconcile: all patches are on their way. */
async function inMidReconcile(): Promise<{ operator: Operator; gate: Gate }> {
  const gate = new Gate(cluster().controlPlane, ({ method, path }) => {
    return method === 'PATCH' && path.startsWith('/apis/apps/');
  });
  const operator = await Operator.start({ kubeconfig: await gate.start() });
  onTestFinished(() => operator.kill());
  await waitFor('all patches under way', () => Promise.resolve(gate.waiting.length === MOVED.length), {
    lastSeen: () => operator.log.slice(-10),
  });
  return { operator, gate };
}

function messages({ log }: Operator): string[] {
  return log.map(({ msg }) => msg);
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends an idle operator at once with exit code 0', async (signal) => {
  const { assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();

  const begun = performance.now();
  process.kill(operator.pid, signal);
  await waitFor('the process to be gone', () => Promise.resolve(!operator.isRunning), { everyMs: 10 });
  expect(performance.now() - begun).toBeLessThan(AT_ONCE_MS);
  expect(await operator.stop()).toBe(0);
  expect(messages(operator).slice(-2)).toEqual(['Stopping', 'Stopped']);
  expect(operator.log.at(-2)).toMatchObject({ signal });
});

test('SIGTERM ends an operator that waits for an API server that is away', async () => {
  const kubeconfig = await writeKubeconfig(join(cluster().controlPlane.directory, 'nowhere.kubeconfig'), {
    server: 'https://127.0.0.1:1',
    ca: cluster().controlPlane.ca,
    token: 'none',
  });
  const operator = await Operator.start({ kubeconfig });
  onTestFinished(() => operator.kill());
  await waitFor('the first failure', () => Promise.resolve(messages(operator).includes('Watch failed')));
  const begun = performance.now();
  expect(await operator.stop()).toBe(0);
  expect(performance.now() - begun).toBeLessThan(AT_ONCE_MS);
});

test('SIGTERM during a reconcile lets it finish, the status and the events with it', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const { operator, gate } = await inMidReconcile();
  const mark = await cluster().controlPlane.audit.mark();

  const stopped = operator.stop();
  await waitFor('the signal to be noticed', () => Promise.resolve(messages(operator).includes('Stopping')));
  gate.open();
  expect(await stopped).toBe(0);

  expect(await rook.layout()).toEqual(layoutOf());
  const { workloads } = await assignment.status();
  expect(workloads.map(({ state }) => state)).toEqual(SLOTS.map(() => 'RollingOut'));
  const writes = await cluster().writesSince(mark);
  // One reconcile and no other: its patches, its status, its events.
  expect(writes.sort()).toEqual([STATUS_WRITE, ...MOVED.map(patchOf)].sort());
  const reasons = (await cluster().events(rook.namespace)).map(({ reason }) => reason);
  expect(reasons.filter((reason) => reason === 'PortAssigned')).toHaveLength(2 * MOVED.length);
});

test('SIGTERM right after a repair records its events', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  await rook.rewrite('cephfsProvisioner');
  await waitFor('the repair', async () => (await rook.layout()).join() === layoutOf().join());
  expect(await operator.stop()).toBe(0);
  const events = (await cluster().events(rook.namespace)).filter(({ reason }) => reason === 'Reasserted');
  expect(events.map(({ regarding }) => regarding.kind).sort()).toEqual(['CSIPortAssignment', 'Deployment']);
});

test('a reconcile that does not end is given 10 s, and then the process ends all the same', async () => {
  await cluster().installRookWithAssignment();
  const { operator } = await inMidReconcile();
  const begun = performance.now();
  expect(await operator.stop()).toBe(0);
  const seconds = (performance.now() - begun) / 1000;
  expect(seconds).toBeGreaterThan(9.5);
  expect(seconds).toBeLessThan(20);
});

test('a second signal ends the process without waiting, as a failure', async () => {
  await cluster().installRookWithAssignment();
  const { operator } = await inMidReconcile();
  process.kill(operator.pid, 'SIGTERM');
  await waitFor('the first signal to be noticed', () => Promise.resolve(messages(operator).includes('Stopping')));
  const begun = performance.now();
  expect(await operator.stop()).toBe(1);
  expect(performance.now() - begun).toBeLessThan(AT_ONCE_MS);
});
