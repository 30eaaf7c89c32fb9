/**
 * The operator writes nothing while nothing differs. Silence is measured between two settled points:
 * Assignment.waitUntilSettled edits the spec without effect, which makes the operator reconcile and costs it exactly
 * one status write (observedGeneration). A test that finds that write, and no other, has seen a reconcile without writes.
 */
import { forEachSlot } from '../../src/domain/rules/slots.js';
import { expect, test } from 'vitest';
import { STATUS_WRITE, useCluster, type RookOptions } from '../support/cluster.js';
import type { Assignment } from '../support/assignment.js';
import { writesOf } from '../support/control-plane/audit-log.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { layoutOf, MOVED, patchOf } from '../support/slots.js';

const cluster = useCluster();

async function settled(options: RookOptions = {}): Promise<{ rook: RookInstallation; assignment: Assignment }> {
  const { rook, assignment } = await cluster().installRookWithAssignment(options);
  const operator = await cluster().startOperator();
  await cluster().waitUntilAtRest(rook);
  await operator.stop();
  return { rook, assignment };
}

/** The status as the API server stores it, but for the generations that settling counts up. */
async function storedStatus(assignment: Assignment): Promise<string> {
  return JSON.stringify(await assignment.status()).replaceAll(/"observedGeneration":\d+/g, '"observedGeneration":0');
}

const WATCHED = {
  'the assignment': ({ namespace }: RookInstallation) =>
    `/apis/csiports.io/v1alpha1/namespaces/${namespace}/csiportassignments/default`,
  'the operator config': (rook: RookInstallation) => rook.configPath,
  'the Rook operator': ({ namespace }: RookInstallation) =>
    `/apis/apps/v1/namespaces/${namespace}/deployments/rook-ceph-operator`,
  ...forEachSlot(
    ({ slot }) =>
      (rook: RookInstallation) =>
        rook.workloadPath(slot),
  ),
};

test('a reconcile after an annotation of any watched object writes nothing', async () => {
  const { rook, assignment } = await settled();
  const events = await cluster().events(rook.namespace);
  const operator = await cluster().startOperator();
  await assignment.waitUntilSettled();
  const before = await storedStatus(assignment);

  const written: Record<string, string[]> = {};
  for (const [name, path] of Object.entries(WATCHED)) {
    const mark = await cluster().controlPlane.audit.mark();
    const annotations = { 'example.com/touched': name };
    const { metadata } = await cluster().controlPlane.api.patch(path(rook), { metadata: { annotations } });
    expect(metadata.annotations).toMatchObject(annotations);
    written[name] = await cluster().writesUntilSettled(mark, assignment);
  }
  expect(written).toEqual(Object.fromEntries(Object.keys(WATCHED).map((name) => [name, []])));
  expect(await storedStatus(assignment)).toBe(before);
  expect(await cluster().eventsAfterStop(operator, rook.namespace)).toEqual(events);
});

// Rook's full update raises a Deployment's generation even where it changes nothing.
test('a pass of Rook that renders the pinned ports writes nothing, and leaves the status as it was', async () => {
  const { rook, assignment } = await settled({ version: '1.17.9' });
  const events = await cluster().events(rook.namespace);
  const operator = await cluster().startOperator();
  await assignment.waitUntilSettled();
  const before = await storedStatus(assignment);
  const { metadata } = await rook.workload('rbdProvisioner');
  const mark = await cluster().controlPlane.audit.mark();
  for (let pass = 0; pass < 3; pass += 1) await rook.writePass(await rook.config());
  expect(await cluster().writesUntilSettled(mark, assignment)).toEqual([]);
  expect(await storedStatus(assignment)).toBe(before);
  expect((await rook.workload('rbdProvisioner')).metadata!.generation).toBeGreaterThan(metadata!.generation!);
  expect(await cluster().eventsAfterStop(operator, rook.namespace)).toEqual(events);
});

test.each(['stop', 'kill'] as const)('a restart (%s) writes nothing, and leaves the status as it was', async (end) => {
  const { rook, assignment } = await settled();
  // With a revert behind it there is something that a process knows.
  const first = await cluster().startOperator();
  await first.waitUntilReady();
  await rook.rewrite('cephfsProvisioner');
  await first.waitForReverts(1);
  await cluster().waitUntilAtRest(rook);
  const before = await storedStatus(assignment);
  await first[end]();
  expect(first.isRunning).toBe(false);
  const mark = await cluster().controlPlane.audit.mark();

  const second = await cluster().startOperator();
  await second.waitUntilReady();
  expect(await cluster().writesUntilSettled(mark, assignment)).toEqual([]);
  expect(await storedStatus(assignment)).toBe(before);
});

test('an operator that was killed while ports had to be moved leaves the rest to its successor', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const first = await cluster().startOperator();
  const mark = await cluster().controlPlane.audit.mark();
  await waitFor('the first write', async () => (await cluster().writesSince(mark)).length > 0, { everyMs: 1 });
  await first.kill();

  await cluster().startOperator();
  await assignment.waitUntilAssigned();
  expect(await rook.layout()).toEqual(layoutOf());
  // Those that were stored: the successor may have sent one that the killed process had still sent before it.
  const stored = writesOf(await cluster().requestsSince(mark)).filter(
    ({ group, code }) => group === 'apps' && code === 200,
  );
  expect(stored.map(({ verb, resource, name }) => `${verb} ${resource} ${name!}`).sort()).toEqual(
    MOVED.map(patchOf).sort(),
  );
});

test('while nothing changes where an assignment is, the operator asks nothing of the API server', async () => {
  const { assignment } = await settled();
  const started = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();
  await cluster().writesUntilSettled(started, assignment);
  const mark = await cluster().controlPlane.audit.mark();

  // Seconds of events on the very object names that it watches, in a namespace without an assignment.
  const other = await cluster().installRook({
    config: { ROOK_ENFORCE_HOST_NETWORK: 'false', CSIADDONS_PORT: '9100' },
  });
  for (let pass = 0; pass < 5; pass += 1) {
    await other.rewrite('rbdNodePlugin', { CSIADDONS_PORT: String(9101 + pass) });
    await waitFor('the rollout in the other namespace', async () => {
      const { status, metadata } = await other.workload('rbdNodePlugin');
      const { observedGeneration, updatedNumberScheduled, desiredNumberScheduled } = status as Record<string, number>;
      return observedGeneration === metadata!.generation && updatedNumberScheduled === desiredNumberScheduled;
    });
  }

  await assignment.waitUntilSettled();
  const requests = await waitFor('the settling write', async () => {
    const found = await cluster().requestsSince(mark);
    return found.length > 0 && found;
  });
  expect(requests.map(({ verb, resource, subresource }) => `${verb} ${resource}/${subresource ?? ''} default`)).toEqual(
    [STATUS_WRITE],
  );
});
