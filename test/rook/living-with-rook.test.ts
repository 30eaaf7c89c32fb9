/**
 * The operator beside a Rook that runs: what each event of a cluster's life costs, in rollouts of each workload and in
 * writes of the operator.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { DaemonSet } from '../support/rook/api-types.js';
import { rookKinds } from '../support/rook/living-rook.js';
import { RolloutRecorder } from '../support/rook/rollouts.js';
import {
  cost,
  costOf,
  PASS,
  PIN,
  pinned,
  PROVISIONER_PATCHES,
  Scenario,
  SOLVED,
  times,
} from '../support/rook/scenario.js';
import { forEachSlot } from '../../src/domain/rules/slots.js';
import { CONFLICT_LAYOUT, MOVED, patchOf, PROVISIONERS } from '../support/slots.js';

const cluster = useCluster();

describe.each(rookKinds('1.16.4', '1.17.9'))('$name', (kind) => {
  test('the conflict is solved', async () => {
    const scenario = await Scenario.begin(cluster(), kind);
    expect(await scenario.rook.layout()).toEqual(CONFLICT_LAYOUT);
    const measured = await scenario.cost('conflict solved', () => scenario.startOperator());
    expect(measured).toEqual(costOf(kind, SOLVED));
  });

  test('the conflict is solved with the node plugin left where it is', async () => {
    const scenario = await Scenario.begin(cluster(), kind, { spec: { ports: { rbdNodePlugin: 9070 } } });
    const start = (): Promise<void> => scenario.startOperator();
    const measured = await scenario.cost(
      'conflict solved, node plugin stays',
      start,
      pinned({ rbdProvisioner: 9072, rbdNodePlugin: 9070 }),
    );
    const one = cost(times(1, PROVISIONERS), PIN, ...PROVISIONER_PATCHES);
    expect(measured).toEqual(costOf(kind, { one, three: cost(times(1, PROVISIONERS), PIN) }));
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
    const measured = await scenario.cost(
      'spec.ports.cephfsProvisioner edited',
      edit,
      pinned({ cephfsProvisioner: 9171 }),
    );
    const one = cost(times(2, PROVISIONERS), PIN, ...PROVISIONER_PATCHES);
    expect(measured).toEqual(costOf(kind, { one, three: cost({ cephfsProvisioner: 1 }, PIN) }));
  });

  test("the node plugin's port in the assignment is edited", async () => {
    const scenario = await Scenario.solved(cluster(), kind);
    const edit = (): Promise<unknown> => scenario.assignment.edit({ ports: { rbdNodePlugin: 9172 } });
    const measured = await scenario.cost('spec.ports.rbdNodePlugin edited', edit, pinned({ rbdNodePlugin: 9172 }));
    const one = cost({ ...times(2, PROVISIONERS), rbdNodePlugin: 1 }, PIN, ...PROVISIONER_PATCHES);
    expect(measured).toEqual(costOf(kind, { one, three: cost({ rbdNodePlugin: 1 }, PIN) }));
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
  // By the patches alone.
  expect(forEachSlot(({ slot }) => restarts[slot].rollouts)).toEqual(cost(times(1, MOVED)).rollouts);
  const ofRook = writes.filter((write) => /configmaps|deployments|daemonsets/.test(write));
  // The node plugin, and its key, in a second step.
  expect(ofRook).toEqual(MOVED.flatMap((slot) => [PIN, patchOf(slot)]));
});
