import { expect, test } from 'vitest';
import { HostNetworkPods } from '../../../../src/domain/rules/host-network-pods.js';
import { portNotLeft } from '../../../../src/domain/rules/node-plugin-port.js';
import type { WorkloadPlan } from '../../../../src/domain/rules/workload-plan.js';
import { SLOT_SPECS, type Slot } from '../../../../src/domain/rules/slots.js';
import { podsOf } from '../pods.js';
import { project, rawWorkload } from '../raw-workload.js';

type State = WorkloadPlan['state'];

function row(slot: Slot, state: State, assignedPort?: number): WorkloadPlan {
  return {
    slotSpec: SLOT_SPECS.find((slotSpec) => slotSpec.slot === slot)!,
    workload: project(rawWorkload(slot)),
    state,
    ...(assignedPort === undefined ? {} : { assignedPort }),
  };
}

/** The node plugin is still on 9070 on one node of two. */
const PODS = HostNetworkPods.of([...podsOf('rbdNodePlugin', ['a'], 9070), ...podsOf('rbdNodePlugin', ['b'], 9072)]);

test.each<[string, State, State, number | undefined, HostNetworkPods | undefined, number | undefined]>([
  ['a provisioner waits for what a stuck node plugin has', 'Stuck', 'RollingOut', 9070, PODS, 9070],
  ['a stuck provisioner, too', 'Stuck', 'Stuck', 9070, PODS, 9070],
  ['not while the node plugin moves', 'RollingOut', 'RollingOut', 9070, PODS, undefined],
  ['not of a provisioner that runs', 'Stuck', 'Ready', 9070, PODS, undefined],
  ['not of one that waits for something else', 'Stuck', 'Stuck', 9075, PODS, undefined],
  ['not of one without a port', 'Stuck', 'Absent', undefined, PODS, undefined],
  ['not without pods', 'Stuck', 'RollingOut', 9070, HostNetworkPods.of([]), undefined],
  ['not where pods cannot be listed', 'Stuck', 'RollingOut', 9070, undefined, undefined],
])('%s', (...[, nodePlugin, provisioner, port, pods, expected]) => {
  const rows = [
    row('rbdProvisioner', provisioner, port),
    row('cephfsProvisioner', 'Ready', 9071),
    row('rbdNodePlugin', nodePlugin, 9072),
  ];
  expect(portNotLeft(rows, pods)).toBe(expected);
});

test('not of a port that the spec names, which no other slot may have beside it', () => {
  const rows = [row('rbdProvisioner', 'Stuck', 9070), row('rbdNodePlugin', 'Stuck', 9072)];
  expect(portNotLeft(rows, PODS, { rbdProvisioner: 9070 })).toBeUndefined();
  expect(portNotLeft(rows, PODS, { cephfsProvisioner: 9085 })).toBe(9070);
});
