/** The condition Degraded: what needs attention, gravest first, and what the admin does about each. */
import type { Plan } from '../rules/plan.js';
import { ROOK_CONFIG_NAME } from '../rules/rook-config.js';
import { SLOT_SPECS } from '../rules/slots.js';
import { causesFirst } from '../rules/stuck.js';
import type { WorkloadPlan } from '../rules/workload-plan.js';
import { describeConflicts } from './conflicts.js';
import { describeContested } from './contested.js';
import { describeHeldPorts } from './held-ports.js';
import { describeLivenessConflicts } from './liveness.js';
import { describeStuck, keepNodePlugin } from './rollout-messages.js';
import type { DegradedReason } from './reasons.js';
import { describeDriversWithoutWorkloads, describeLostHostNetwork, describeUpstreamConflicts } from './upstream.js';
import { rejectedWorkloads, type WriteResult } from './write-result.js';

export interface Finding {
  readonly reason: DegradedReason;
  readonly message: string;
}

/** Contested comes first: as long as it lasts, it keeps the other findings from being mended. */
export function degradedFindings(plan: Plan, results: readonly WriteResult[]): Finding[] {
  const findings: readonly [DegradedReason, string][] = [
    ['Contested', describeContested(results, plan)],
    ['PortInUse', describeHeldPorts(plan)],
    ['PortConflict', describeConflicts(plan.conflicts.sidecars, plan.namespace)],
    ['RolloutStuck', describeStuckRollouts(withoutSymptoms(plan))],
    ['DriverWithoutWorkloads', describeDriversWithoutWorkloads(plan)],
    ['PatchRejected', describeRejections(results)],
    ['PinRejected', describePinRejection(results)],
    ['InvalidRookConfig', describeInvalidKeys(plan)],
    ['LivenessConflict', describeLivenessConflicts(plan)],
    ['UpstreamConflict', describeUpstreamConflicts(plan)],
    ['HostNetworkLost', describeLostHostNetwork(plan)],
    ['ClashingRookConfig', describeIgnoredKeys(plan)],
    ['RookConfigAbsent', describeAbsentConfig(plan)],
  ];
  return findings.filter(([, message]) => message !== '').map(([reason, message]) => ({ reason, message }));
}

export function describeRejections(results: readonly WriteResult[]): string {
  return rejectedWorkloads(results)
    .map(({ kind, name, cause = '' }) => `${kind} ${name}: ${cause}`)
    .join('; ');
}

/** Pods that wait for a port that is shared follow from the conflict, which is told before. */
function withoutSymptoms(plan: Plan): Plan {
  const shared = new Set(plan.conflicts.sidecars.map(({ port }) => port));
  const isSymptom = ({ stuck, currentPort }: WorkloadPlan): boolean => {
    return stuck?.lacksPort === true && currentPort !== undefined && shared.has(currentPort);
  };
  return { ...plan, workloads: plan.workloads.filter((row) => !isSymptom(row)) };
}

/** With the way out where a node plugin that does not move keeps a provisioner off its port. */
export function describeStuckRollouts({ workloads, namespace, portNotLeft }: Plan): string {
  const rows = workloads.flatMap(({ workload, stuck }) => {
    return workload === undefined || stuck === undefined ? [] : [{ workload, stuck }];
  });
  const stuck = causesFirst(rows).map((row) => describeStuck(row.stuck, row.workload));
  if (stuck.length === 0 || portNotLeft === undefined) return stuck.join('; ');
  const wayOut = `to let the provisioners run at once, without the node plugin: ${keepNodePlugin(namespace, portNotLeft)}`;
  return `${stuck.join('; ')}; ${wayOut}`;
}

function describePinRejection(results: readonly WriteResult[]): string {
  const rejected = results.find(({ slot, outcome }) => slot === undefined && outcome === 'Rejected');
  return rejected === undefined ? '' : `${ROOK_CONFIG_NAME}: ${rejected.cause ?? ''}`;
}

function describeInvalidKeys({ invalidKeys }: Plan): string {
  return invalidKeys
    .map(({ key, value, consequence }) => {
      return `${key}: ${JSON.stringify(value.slice(0, 40))} in ${ROOK_CONFIG_NAME} is not valid: ${consequence}; set it to a port from 1024 to 65535 other than 9080 and 9081 (deleting it does not help Rook 1.16.5 and later)`;
    })
    .join('; ');
}

function describeIgnoredKeys({ assignment }: Plan): string {
  const keys = SLOT_SPECS.filter(({ slot }) => assignment.ignoredKeys.includes(slot)).map(({ configKey }) => configKey);
  return keys.length === 0
    ? ''
    : `${keys.join(', ')} in ${ROOK_CONFIG_NAME}: set aside, as spec.ports, another key or another holder has the same port; give each a port of its own`;
}

function describeAbsentConfig({ lacksRookConfig, rookConfigPolicy }: Plan): string {
  if (!lacksRookConfig || rookConfigPolicy === 'Leave') return '';
  return `ConfigMap ${ROOK_CONFIG_NAME} is absent, so Rook cannot be told the ports and reverts them when it restarts; create it, or set spec.rookConfig: Leave`;
}
