/** The condition Degraded: what needs attention, gravest first, and what the admin does about each. */
import type { PortConflict } from '../rules/api.js';
import { competing, type Plan } from '../rules/plan.js';
import { ROOK_CONFIG_NAME } from '../rules/rook-config.js';
import { SLOT_SPECS } from '../rules/slots.js';
import { livenessRemedy } from './compatibility.js';
import { describeContested } from './contested.js';
import type { DegradedReason } from './reasons.js';
import { rejectedWorkloads, type WriteResult } from './write-result.js';

export interface Finding {
  readonly reason: DegradedReason;
  readonly message: string;
}

/** Contested comes first: as long as it lasts, it keeps the other findings from being mended. */
export function degradedFindings(plan: Plan, results: readonly WriteResult[]): Finding[] {
  const findings: readonly [DegradedReason, string][] = [
    ['Contested', describeContested(results, plan)],
    ['PortConflict', describeConflicts(plan.conflicts.sidecars)],
    ['PatchRejected', describeRejections(results)],
    ['PinRejected', describePinRejection(results)],
    ['InvalidRookConfig', describeInvalidKeys(plan)],
    ['LivenessConflict', describeLivenessConflicts(plan)],
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

/** How many conflicts, and holders of each, a message names: the remedy that follows must not be cut off. */
const MAX_NAMED = 8;

/** Empty if there are none. The status lists them all. */
export function describeConflicts(conflicts: readonly PortConflict[]): string {
  const named = conflicts.slice(0, MAX_NAMED).map(({ port, holders }) => {
    return `host port ${port} is shared by ${holders.slice(0, MAX_NAMED).join(', ')}${andMore(holders)}`;
  });
  return `${named.join('; ')}${andMore(conflicts)}`;
}

function andMore({ length }: readonly unknown[]): string {
  return length <= MAX_NAMED ? '' : ` and ${length - MAX_NAMED} more`;
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

function describeLivenessConflicts({ conflicts: { liveness } }: Plan): string {
  return liveness.length === 0 ? '' : `${describeConflicts(liveness)}; ${livenessRemedy()}`;
}

function describeIgnoredKeys({ assignment }: Plan): string {
  const keys = SLOT_SPECS.filter(({ slot }) => assignment.ignoredKeys.includes(slot)).map(({ configKey }) => configKey);
  return keys.length === 0
    ? ''
    : `${keys.join(', ')} in ${ROOK_CONFIG_NAME}: set aside, as spec.ports or another key has the same port; give each a port of its own`;
}

function describeAbsentConfig({ rookConfig, rookConfigPolicy, workloads }: Plan): string {
  if (rookConfig !== undefined || rookConfigPolicy === 'Leave' || competing(workloads).length === 0) return '';
  return `ConfigMap ${ROOK_CONFIG_NAME} is absent, so Rook cannot be told the ports and reverts them when it restarts; create it, or set spec.rookConfig: Leave`;
}
