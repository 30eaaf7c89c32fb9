/** spec.mode: what the operator does to the world, and what it only says. */
import { expect, test } from 'vitest';
import type { Mode } from '../../src/domain/rules/api.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { STATUS_WRITE, useCluster } from '../support/cluster.js';
import type { RookInstallation } from '../support/rook/installation.js';
import {
  CONFLICT_LAYOUT,
  CONFLICT_PORT,
  DEFAULT_PORTS,
  each,
  inOrder,
  keysOf,
  layoutOf,
  MOVED,
  nameOf,
  patchOf,
  SLOTS,
} from '../support/slots.js';

const cluster = useCluster();

/** As the status tells of them. */
const MOVES = MOVED.map((slot) => `${nameOf(slot)} from ${CONFLICT_PORT} to ${DEFAULT_PORTS[slot]}`).join(', ');
const PINS = keysOf(DEFAULT_PORTS);

/** What a write by anybody would change; the status of the workloads is their controllers'. */
async function stored(rook: RookInstallation): Promise<unknown[]> {
  const workloads = await Promise.all(SLOTS.map((name) => rook.workload(name)));
  const config = await cluster().controlPlane.api.get(rook.configPath);
  return [
    config.metadata.resourceVersion,
    ...workloads.map(({ metadata, spec }) => ({ generation: metadata!.generation, spec })),
  ];
}

test('DryRun stores nothing but the status, which shows every move and every key, proved by the API server', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { mode: 'DryRun' });
  const before = await stored(rook);
  const mark = await cluster().controlPlane.audit.mark();
  const operator = await cluster().startOperator();

  // Some of its pods may have run before those of the node plugin came, which are of more importance.
  await assignment.waitForState('rbdProvisioner', 'RollingOut');
  const status = await assignment.waitForReason('Ready', 'DryRun');
  const { status: ready, message } = status.conditions.find(({ type }) => type === 'Ready')!;
  const pins = Object.entries(PINS).map(([key, value]) => `${key}=${value}`);
  expect(ready).toBe('False');
  expect(message).toContain(`would move ${MOVES}`);
  expect(message).toContain(`set ${pins.join(', ')} in rook-ceph-operator-config`);
  expect(message).toContain('set spec.mode: Enforce');
  expect(status.workloads.map(({ state }) => state)).toEqual(
    inOrder<string>({ ...each('Drifted'), rbdProvisioner: 'RollingOut' }),
  );
  expect(await assignment.condition('Degraded')).toMatchObject({
    status: 'True',
    reason: 'PortConflict',
    message: expect.stringContaining(`host port 9070 is shared by ${SLOTS.map(nameOf).join(', ')}`) as string,
  });

  await assignment.waitUntilSettled();
  expect(new Set(await cluster().writesSince(mark))).toEqual(
    new Set([
      STATUS_WRITE,
      'patch configmaps rook-ceph-operator-config (dry run)',
      ...MOVED.map((slot) => `${patchOf(slot)} (dry run)`),
    ]),
  );
  const requests = await cluster().requestsSince(mark);
  const proofs = requests.filter(({ resource, verb }) => verb === 'patch' && resource !== 'csiportassignments');
  expect(proofs.filter(({ requestUri, code }) => !requestUri.includes('dryRun=All') || code !== 200)).toEqual([]);
  expect(await stored(rook)).toEqual(before);
  expect(await cluster().eventsAfterStop(operator, rook.namespace)).toEqual([]);
});

test('Paused asks nothing of the API server but the status write, and says what is left reverted', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { mode: 'Paused' });
  const before = await stored(rook);
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();

  const status = await assignment.waitForReason('Ready', 'Paused');
  expect(status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    message: `not moved: ${MOVES}; to go on set spec.mode: Enforce`,
  });
  await cluster().writesUntilSettled(mark, assignment);
  const requests = await cluster().requestsSince(mark);
  expect(new Set(requests.map(({ verb, resource, subresource = '' }) => `${verb} ${resource}/${subresource}`))).toEqual(
    new Set([
      'watch csiportassignments/',
      'watch configmaps/',
      'watch deployments/',
      'watch daemonsets/',
      'watch drivers/',
      'watch pods/',
      'patch csiportassignments/status',
    ]),
  );
  expect(await stored(rook)).toEqual(before);
});

test.each<Mode>(['Paused', 'DryRun'])(
  '%s leaves an assigned namespace as it is, and Ready stays True without a flip',
  async (mode) => {
    const { rook, assignment } = await cluster().installRookWithAssignment();
    await cluster().startOperator();
    const assigned = await cluster().waitUntilAtRest(rook);
    const before = await stored(rook);
    const mark = await cluster().controlPlane.audit.mark();

    await assignment.edit({ mode });
    const writes = await cluster().writesUntilSettled(mark, assignment);

    expect(writes.filter((write) => write !== STATUS_WRITE)).toEqual([]);
    const ready = assigned.conditions.find(({ type }) => type === 'Ready')!;
    const { status, reason, message, lastTransitionTime } = ready;
    expect(await assignment.condition('Ready')).toMatchObject({ status, reason, message, lastTransitionTime });
    expect(await stored(rook)).toEqual(before);
  },
);

test.each<Mode>(['Paused', 'DryRun'])('back from %s to Enforce the ports are assigned', async (mode) => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { mode });
  await cluster().startOperator();
  await assignment.waitForReason('Ready', mode);
  expect(await rook.layout()).toEqual(CONFLICT_LAYOUT);

  await assignment.edit({ mode: 'Enforce' });
  await assignment.waitUntilAssigned();

  expect(await rook.layout()).toEqual(layoutOf());
  expect(await rook.config()).toMatchObject(PINS);
});

test.each([
  { mode: 'Paused', reverts: 0 },
  { mode: 'DryRun', reverts: 0 },
  // The same rewrite in Enforce, so that the rows above mean something.
  { mode: 'Enforce', reverts: 1 },
] as const)("Rook's rewrite of the node plugin in mode $mode counts as $reverts reverts", async ({ mode, reverts }) => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitUntilAssigned();
  await assignment.edit({ mode });
  await assignment.waitUntilSettled();

  await rook.rewrite('rbdNodePlugin');
  if (mode !== 'Enforce') await assignment.waitForReason('Ready', mode);
  await assignment.edit({ mode: 'Enforce' });
  await waitFor('the ports to be right again', async () => (await rook.layout()).join() === layoutOf().join());

  await assignment.waitUntilSettled();
  expect(await operator.reverts()).toBe(reverts);
});
