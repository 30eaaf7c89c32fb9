/**
 * The operator beside a Rook that runs: what each event of a cluster's life costs, in rollouts per workload (RBD
 * provisioner, CephFS provisioner, node plugin) and in writes of the operator.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { DaemonSet } from '../support/rook/api-types.js';
import { rookKinds } from '../support/rook/living-rook.js';
import { RECORDED, RolloutRecorder } from '../support/rook/rollouts.js';
import {
  CEPHFS_PATCH,
  cost,
  costOf,
  NODE_PATCH,
  PASS,
  PIN,
  pinned,
  RBD_PATCH,
  Scenario,
} from '../support/rook/scenario.js';

const cluster = useCluster();

/** Rollouts by patches alone. */
const ASLEEP = { rbdProvisioner: 0, cephfsProvisioner: 1, rbdNodePlugin: 1 };

describe.each(rookKinds('1.16.4', '1.17.9'))('$name', (kind) => {
  test('the conflict is solved', async () => {
    const scenario = await Scenario.begin(cluster(), kind);
    expect(await scenario.rook.layout()).toEqual([9070, 9070, 9070]);
    const measured = await scenario.cost('conflict solved', () => scenario.startOperator());
    const one = cost([2, 2, 1], PIN, CEPHFS_PATCH, RBD_PATCH);
    expect(measured).toEqual(costOf(kind, { one, three: cost([0, 1, 1], PIN) }));
  });

  test('the conflict is solved with the node plugin left where it is', async () => {
    const scenario = await Scenario.begin(cluster(), kind, { spec: { ports: { rbdNodePlugin: 9070 } } });
    const start = (): Promise<void> => scenario.startOperator();
    const measured = await scenario.cost('conflict solved, node plugin stays', start, pinned(9072, 9071, 9070));
    const one = cost([1, 1, 0], PIN, CEPHFS_PATCH, RBD_PATCH);
    expect(measured).toEqual(costOf(kind, { one, three: cost([1, 1, 0], PIN) }));
  });

  test('an unrelated key changes', async () => {
    const scenario = await Scenario.solved(cluster(), kind);
    const measured = await scenario.cost('unrelated key', () => scenario.setKeys({ ROOK_LOG_LEVEL: 'DEBUG' }));
    expect(measured).toEqual(costOf(kind, PASS));
  });

  test('Rook restarts', async () => {
    const scenario = await Scenario.solved(cluster(), kind);
    const measured = await scenario.cost('Rook restarts', () => scenario.living.restart());
    expect(measured).toEqual(costOf(kind, PASS));
  });

  test("a provisioner's port in the assignment is edited", async () => {
    const scenario = await Scenario.solved(cluster(), kind);
    const edit = (): Promise<unknown> => scenario.assignment.edit({ ports: { cephfsProvisioner: 9171 } });
    const measured = await scenario.cost('spec.ports.cephfsProvisioner edited', edit, pinned(9070, 9171, 9072));
    const one = cost([2, 2, 0], PIN, CEPHFS_PATCH, RBD_PATCH);
    expect(measured).toEqual(costOf(kind, { one, three: cost([0, 1, 0], PIN) }));
  });

  test("the node plugin's port in the assignment is edited", async () => {
    const scenario = await Scenario.solved(cluster(), kind);
    const edit = (): Promise<unknown> => scenario.assignment.edit({ ports: { rbdNodePlugin: 9172 } });
    const measured = await scenario.cost('spec.ports.rbdNodePlugin edited', edit, pinned(9070, 9071, 9172));
    const one = cost([2, 2, 1], PIN, CEPHFS_PATCH, RBD_PATCH);
    expect(measured).toEqual(costOf(kind, { one, three: cost([0, 0, 1], PIN) }));
  });
});

test('the conflict is solved while Rook does not run', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const recorder = await RolloutRecorder.start(cluster().controlPlane, rook.namespace);
  onTestFinished(() => recorder.stop());
  await waitFor('every pod of the node plugin to exist', async () => {
    const { status } = (await rook.workload('rbdNodePlugin')) as DaemonSet;
    return status?.numberReady === 3;
  });
  await recorder.mark();
  const mark = await cluster().controlPlane.audit.mark();
  await cluster().startOperator();
  await assignment.waitUntilAssigned();
  const writes = await cluster().writesUntilSettled(mark, assignment);
  const restarts = await recorder.sinceMark();
  expect(RECORDED.map((name) => restarts[name].rollouts)).toEqual(RECORDED.map((name) => ASLEEP[name]));
  const [first, ...others] = writes.filter((write) => /configmaps|deployments|daemonsets/.test(write));
  expect([first, ...others.sort()]).toEqual([PIN, NODE_PATCH, CEPHFS_PATCH]);
});
