/** Ports that pods of others hold: none is taken, none of their pods has to go, and a port of the spec that is held is waited for. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AssignmentSpec } from '../../src/domain/rules/api.js';
import type { Assignment } from '../support/assignment.js';
import { useCluster } from '../support/cluster.js';
import { Holder, type HolderOptions } from '../support/holders.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { layoutOf, type Ports } from '../support/slots.js';

const cluster = useCluster();

interface Held {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly holder: Holder;
}

/** Gone after the test. */
async function startHolder(options: HolderOptions): Promise<Holder> {
  const holder = await Holder.start(cluster().controlPlane, options);
  onTestFinished(() => holder.remove());
  return holder;
}

/** Holder first, then Rook with the conflict, then the operator. */
async function heldBy(options: HolderOptions, spec: AssignmentSpec = {}): Promise<Held> {
  const holder = await startHolder(options);
  const installed = await cluster().installRookWithAssignment({}, spec);
  await cluster().startOperator();
  return { ...installed, holder };
}

const CRITICAL = 'system-node-critical';

test.each<HolderOptions & { readonly avoided: Partial<Ports> }>([
  { kind: 'DaemonSet', port: 9071, avoided: { cephfsProvisioner: 9073 } },
  { kind: 'DaemonSet', port: 9071, priorityClassName: CRITICAL, avoided: { cephfsProvisioner: 9073 } },
  { kind: 'DaemonSet', port: 9072, avoided: { rbdNodePlugin: 9073 } },
  { kind: 'DaemonSet', port: 9072, node: 'node-2', avoided: { rbdNodePlugin: 9073 } },
  { kind: 'DaemonSet', port: 9072, isDeclared: false, avoided: { rbdNodePlugin: 9073 } },
  { kind: 'DaemonSet', port: 9070, priorityClassName: CRITICAL, avoided: { rbdProvisioner: 9073 } },
  { kind: 'Deployment', port: 9071, avoided: { cephfsProvisioner: 9073 } },
  { kind: 'ReplicaSet', port: 9072, namespace: 'kube-system', avoided: { rbdNodePlugin: 9073 } },
  { kind: 'Pod', port: 9071, avoided: { cephfsProvisioner: 9073 } },
])('$kind in $namespace with $port (declared: $isDeclared, $priorityClassName, $node) keeps its pods', async (row) => {
  const { avoided, ...options } = row;
  const holder = await startHolder(options);
  const before = await holder.uids();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  await cluster().startOperator();
  const status = await assignment.waitUntilAssigned();
  expect(await rook.layout()).toEqual(layoutOf(avoided));
  expect(status).not.toHaveProperty('conflicts');
  expect(await assignment.condition('Degraded')).toMatchObject({ reason: 'AsExpected' });
  await rook.podsAtRest();
  expect(await holder.uids()).toEqual(before);
});

describe('a port of the spec that is held', () => {
  const SPEC = { ports: { cephfsProvisioner: 9075 } };

  test('is never written, and the message names the holder, its nodes and the ports that are free', async () => {
    const { rook, assignment, holder } = await heldBy({ kind: 'DaemonSet', port: 9075 }, SPEC);
    const status = await assignment.waitForReason('Ready', 'PortInUse');
    const { message } = await assignment.condition('Ready');
    expect(message).toContain(`host port 9075 of spec.ports.cephfsProvisioner is held by ${holder.title} (agent)`);
    expect(message).toContain('on node-1, node-2, node-3');
    expect(status.workloads.find(({ slot }) => slot === 'cephfsProvisioner')).toMatchObject({
      state: 'PortInUse',
      assignedPort: 9075,
      currentPort: 9070,
    });
    expect(await assignment.condition('Degraded')).toMatchObject({ status: 'True', reason: 'PortInUse' });
    const before = await holder.uids();

    const [, command] = /kubectl (.*)$/.exec(message)!;
    const [patch] = /'\{.*\}'/.exec(command!)!;
    const args = command!.replace(patch, '').trim().split(/\s+/);
    await cluster().controlPlane.kubectl([...args, patch.slice(1, -1)]);
    await assignment.waitUntilAssigned();
    // It has stayed on 9070 meanwhile, which the RBD provisioner had to leave to it.
    expect(await rook.layout()).toEqual([9071, 9070, 9072]);
    expect(await holder.uids()).toEqual(before);
  });

  test('is taken when its holder is gone', async () => {
    const { rook, assignment, holder } = await heldBy({ kind: 'DaemonSet', port: 9075 }, SPEC);
    await assignment.waitForReason('Ready', 'PortInUse');
    expect((await rook.ports('cephfsProvisioner')).argument).toBe(9070);
    await holder.remove();
    await assignment.waitUntilAssigned();
    await expectTaken(rook);
  });

  test('a terminating holder has it until it is gone', async () => {
    const { rook, assignment, holder } = await heldBy({ kind: 'Pod', port: 9075 }, SPEC);
    await assignment.waitForReason('Ready', 'PortInUse');
    const { api } = cluster().controlPlane;
    const path = '/api/v1/namespaces/default/pods/node-agent';
    await api.patch(path, { metadata: { finalizers: ['example.com/slow'] } });
    await api.delete(path);
    await assignment.waitUntilSettled();
    expect((await holder.pods())[0]!.metadata.deletionTimestamp).toBeDefined();
    expect(await assignment.condition('Ready')).toMatchObject({ reason: 'PortInUse' });
    await api.patch(path, { metadata: { finalizers: null } });
    await assignment.waitUntilAssigned();
    await expectTaken(rook);
  });

  async function expectTaken(rook: RookInstallation): Promise<void> {
    const [rbd, cephfs, nodePlugin] = await rook.layout();
    expect(cephfs).toBe(9075);
    expect(nodePlugin).not.toBe(rbd);
  }
});

test('a holder that comes later moves nothing that is in its place', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  await cluster().startOperator();
  await cluster().waitUntilAtRest(rook);
  const mark = await cluster().controlPlane.audit.mark();
  await startHolder({ kind: 'DaemonSet', port: 9075 });
  expect(await cluster().writesUntilSettled(mark, assignment)).toEqual([]);
});
