/** The condition Degraded: what needs attention, gravest first, and what the admin does about each. */
import type { PortConflict } from '../rules/api.js';
import { livenessRemedy, lostHostNetwork, remedyForUpstreamConflict } from './compatibility.js';
import { describeConflicts, isAmongSidecars, sidecarOf } from '../rules/conflicts.js';
import { describeContested } from './contested-message.js';
import type { Outcome, Reconciled } from './outcome.js';
import { competing, type Plan, type StoredStatus, type WorkloadPlan } from '../rules/plan.js';
import { DEGRADED_REASONS, type DegradedReason } from './reasons.js';
import { ROOK_CONFIG_NAME } from '../rules/rook-config.js';
import { isRolledOut } from '../rules/rollout.js';
import { heldPorts } from '../rules/sidecar-port.js';
import { SLOT_SPECS } from '../rules/slots.js';

export interface Finding {
  readonly reason: DegradedReason;
  readonly message: string;
}

/** Contested comes first: as long as it lasts, it is what keeps the other findings from being mended. */
export function degradedFindings(reconciled: Reconciled): Finding[] {
  const { after, outcome, recent, rookKeys } = reconciled;
  const findings: readonly [DegradedReason, string][] = [
    [DEGRADED_REASONS.Contested, describeContested(recent, after, rookKeys)],
    [DEGRADED_REASONS.PortConflict, describeSidecarConflicts(reconciled)],
    [DEGRADED_REASONS.PatchRejected, describeRejections(after, outcome)],
    [DEGRADED_REASONS.PinRejected, describePinRejection(outcome)],
    [DEGRADED_REASONS.InvalidRookConfig, describeInvalidKeys(after)],
    [DEGRADED_REASONS.UpstreamConflict, describeUpstreamConflicts(after)],
    [DEGRADED_REASONS.LivenessConflict, describeLivenessConflicts(after)],
    [DEGRADED_REASONS.HostNetworkLost, describeLostHostNetwork(after)],
    [DEGRADED_REASONS.ClashingRookConfig, describeIgnoredKeys(after)],
    [DEGRADED_REASONS.RookConfigAbsent, describeAbsentConfig(after)],
  ];
  return findings.filter(([, message]) => message !== '').map(([reason, message]) => ({ reason, message }));
}

/** Every shared host port, those of the sidecars until no pod with the old port is left. */
export function lastingConflicts(reconciled: Reconciled): PortConflict[] {
  const { upstream, liveness } = reconciled.after.conflicts;
  return [...sidecarConflicts(reconciled), ...upstream, ...liveness].sort((a, b) => a.port - b.port);
}

/** Whether a stored status tells of sidecars that share a port. */
export function hasSidecarConflict(stored: StoredStatus | undefined): boolean {
  return stored?.conflicts?.some(isAmongSidecars) ?? false;
}

/**
 * Those of now, and with them whoever shared the port earlier and has left it, but not yet with all of its pods; one for
 * each port.
 */
function sidecarConflicts({ before, after, previous }: Reconciled): readonly PortConflict[] {
  const now = after.conflicts.sidecars;
  const earlier = [...before.conflicts.sidecars, ...(previous?.conflicts ?? []).filter(isAmongSidecars)];
  const rows = competing(after.workloads);
  const sharers = new Map<number, Set<string>>();
  for (const { port } of [...now, ...earlier]) sharers.set(port, new Set());
  for (const { port, holders } of earlier) for (const holder of holders) sharers.get(port)?.add(holder);
  return [...sharers].flatMap(([port, shared]) => {
    const isLeavingIt = (row: WorkloadPlan): boolean => shared.has(sidecarOf(row.slotSpec)) && isLeaving(row, port);
    const holders = rows.filter((row) => holds(row, port) || isLeavingIt(row));
    return holders.length < 2 ? [] : [{ port, holders: holders.map(({ slotSpec }) => sidecarOf(slotSpec)) }];
  });
}

function holds({ workload }: WorkloadPlan, port: number): boolean {
  return workload?.sidecar !== undefined && heldPorts(workload.sidecar).has(port);
}

/** Its template is on another port, but pods of an earlier one may still be there. */
function isLeaving(row: WorkloadPlan, port: number): boolean {
  return row.workload !== undefined && !holds(row, port) && !isRolledOut(row.workload.rollout);
}

function describeSidecarConflicts(reconciled: Reconciled): string {
  const now = reconciled.after.conflicts.sidecars;
  if (now.length > 0) return describeConflicts(now);
  return sidecarConflicts(reconciled).length === 0
    ? ''
    : 'sidecars shared a host port; their ports are distinct now and the pods are being replaced';
}

export function describeRejections({ workloads }: Plan, { rejections }: Outcome): string {
  return workloads
    .flatMap(({ slotSpec }) => {
      const cause = rejections[slotSpec.slot];
      return cause === undefined ? [] : [`${slotSpec.kind} ${slotSpec.workload}: ${cause}`];
    })
    .join('; ');
}

function describePinRejection({ pinRejection }: Outcome): string {
  return pinRejection === undefined ? '' : `${ROOK_CONFIG_NAME}: ${pinRejection}`;
}

function describeInvalidKeys({ invalidKeys }: Plan): string {
  return invalidKeys
    .map(({ key, value, consequence }) => {
      return `${key}: ${JSON.stringify(value.slice(0, 40))} in ${ROOK_CONFIG_NAME} is not valid: ${consequence}; set it to a port from 1024 to 65535 other than 9080 and 9081 (deleting it does not help Rook 1.16.5 and later)`;
    })
    .join('; ');
}

function describeUpstreamConflicts({ conflicts: { upstream }, rookVersion }: Plan): string {
  return upstream.length === 0 ? '' : `${describeConflicts(upstream)}; ${remedyForUpstreamConflict(rookVersion)}`;
}

function describeLivenessConflicts({ conflicts: { liveness } }: Plan): string {
  return liveness.length === 0 ? '' : `${describeConflicts(liveness)}; ${livenessRemedy()}`;
}

/** Told only where there is a ctrlplugin that should be on the host network by Rook's settings, and is not. */
function describeLostHostNetwork({ upstream, rookConfig, rookVersion }: Plan): string {
  if (rookConfig?.enforceHostNetwork !== true) return '';
  const lost = upstream.filter(({ kind, hostNetwork }) => kind === 'Deployment' && !hostNetwork);
  const remedy = lostHostNetwork(rookVersion);
  if (remedy === undefined || lost.length === 0) return '';
  return `${lost.map(({ name }) => name).join(', ')}: not on the host network, though ROOK_ENFORCE_HOST_NETWORK is true; ${remedy}`;
}

function describeIgnoredKeys({ assignment }: Plan): string {
  const keys = SLOT_SPECS.filter(({ slot }) => assignment.ignoredKeys.includes(slot)).map(({ configKey }) => configKey);
  return keys.length === 0
    ? ''
    : `${keys.join(', ')} in ${ROOK_CONFIG_NAME} set aside, as they clash with each other or with spec.ports; give each a port of its own`;
}

function describeAbsentConfig({ rookConfig, rookConfigPolicy, workloads }: Plan): string {
  if (rookConfig !== undefined || rookConfigPolicy === 'Leave' || competing(workloads).length === 0) return '';
  return `ConfigMap ${ROOK_CONFIG_NAME} is absent, so Rook cannot be told the ports and reverts them when it restarts; create it, or set spec.rookConfig: Leave`;
}
