/** What becomes of the ports when the assignment goes, and when it comes back. */
import { expect, test } from 'vitest';
import { STATUS_WRITE, useCluster } from '../support/cluster.js';
import type { Assignment } from '../support/assignment.js';
import type { Mark } from '../support/control-plane/audit-log.js';
import { writesOf } from '../support/control-plane/audit-log.js';
import type { Operator } from '../support/operator.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { CONFLICT_LAYOUT, keysOf, layoutOf, OTHER_PORTS } from '../support/slots.js';

// Without nodes two Rooks fit side by side.
const cluster = useCluster({ nodes: 0 });

interface Side {
  rook: RookInstallation;
  assignment: Assignment;
}

const KEYS = keysOf(OTHER_PORTS);

async function twoAssigned(): Promise<[Side, Side, Operator]> {
  const sides: [Side, Side] = [
    await cluster().installRookWithAssignment({}, { ports: OTHER_PORTS }),
    await cluster().installRookWithAssignment({}, {}),
  ];
  const operator = await cluster().startOperator();
  for (const { assignment } of sides) {
    await assignment.waitForReason('Ready', 'RollingOut');
    await assignment.waitUntilSettled();
  }
  return [...sides, operator];
}

/**
 * Waits until the operator has dealt with all that happened anywhere up to now. One watch per object name brings the
 * changes of all namespaces in order, so what is seen of a neighbour's workloads was seen of all before.
 */
async function settleByNeighbour({ rook, assignment }: Side, operator: Operator): Promise<void> {
  const reverts = await operator.reverts(rook.namespace);
  for (const name of ['cephfsProvisioner', 'rbdNodePlugin'] as const) await rook.rewrite(name);
  await operator.waitForReverts(reverts + 2, rook.namespace);
  await assignment.waitUntilSettled();
}

async function writesIn(namespace: string, mark: Mark): Promise<string[]> {
  const writes = writesOf(await cluster().requestsSince(mark)).filter((entry) => entry.namespace === namespace);
  return writes.map(({ verb, resource, subresource }) => `${verb} ${resource}${subresource ? `/${subresource}` : ''}`);
}

test('a deleted assignment leaves ports and pins, and what others write from then on', async () => {
  const [{ rook, assignment }, neighbour, operator] = await twoAssigned();
  const mark = await cluster().controlPlane.audit.mark();
  await assignment.delete();
  await settleByNeighbour(neighbour, operator);
  expect(await rook.layout()).toEqual(layoutOf(OTHER_PORTS));
  expect(await rook.config()).toMatchObject(KEYS);

  await rook.writePass();
  await settleByNeighbour(neighbour, operator);
  expect(await rook.layout()).toEqual(CONFLICT_LAYOUT);
  expect(await writesIn(rook.namespace, mark)).toEqual([]);
});

test('an assignment that is made again finds its ports as they were, and writes its status alone', async () => {
  const [{ rook, assignment }, neighbour, operator] = await twoAssigned();
  const before = await assignment.status();
  await assignment.delete();
  await settleByNeighbour(neighbour, operator);

  const mark = await cluster().controlPlane.audit.mark();
  await assignment.create({ ports: OTHER_PORTS });
  const { ports, workloads, provider, rookVersion } = await assignment.waitForReason('Ready', 'RollingOut');
  expect({ ports, workloads, provider, rookVersion }).toEqual({
    ports: before.ports,
    workloads: before.workloads,
    provider: before.provider,
    rookVersion: before.rookVersion,
  });
  expect(await cluster().writesUntilSettled(mark, assignment)).toEqual([STATUS_WRITE]);
  expect(await rook.layout()).toEqual(layoutOf(OTHER_PORTS));
});

test('the ports of a deleted assignment collide with nobody, so the next one without ports leaves them where they are', async () => {
  const [{ rook, assignment }] = await twoAssigned();
  await assignment.delete();
  const mark = await cluster().controlPlane.audit.mark();
  await assignment.create({});
  const { ports } = await assignment.waitForReason('Ready', 'RollingOut');
  expect(ports).toEqual(OTHER_PORTS);
  expect(await cluster().writesUntilSettled(mark, assignment)).toEqual([STATUS_WRITE]);
  expect(await rook.layout()).toEqual(layoutOf(OTHER_PORTS));
});
