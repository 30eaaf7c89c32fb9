/** The conditions Ready, Progressing and Degraded: what is so, why, and what the admin does about it. */
import type { Condition, ConditionType } from './api.js';
import { inPlay, type Conflict, type Plan, type WorkloadPlan } from './plan.js';
import { describePin } from './pin.js';
import { DEGRADED_REASONS, PROGRESSING_REASONS, READY_REASONS } from './reasons.js';
import type { DegradedReason, ProgressingReason, ReadyReason } from './reasons.js';
import { ROOK_CONFIG_NAME } from './rook-config.js';
import { describeRollout, isRolledOut } from './rollout.js';
import { SLOT_LAYOUTS } from './slots.js';
import type { Reconciled } from './outcome.js';

interface Verdict<Reason> {
  readonly status: 'True' | 'False';
  readonly reason: Reason;
  readonly message: string;
}

/** An admission webhook may answer at any length; the schema takes eight times this. */
const MAX_MESSAGE = 4096;

export function conditions(reconciled: Reconciled): Condition[] {
  return [
    condition('Ready', ready(reconciled), reconciled),
    condition('Progressing', progressing(reconciled), reconciled),
    condition('Degraded', degraded(reconciled), reconciled),
  ];
}

function condition(
  type: ConditionType,
  verdict: Verdict<string>,
  { previous, generation, now }: Reconciled,
): Condition {
  const before = previous?.conditions?.find((candidate) => candidate.type === type);
  return {
    type,
    ...verdict,
    message: verdict.message.slice(0, MAX_MESSAGE),
    observedGeneration: generation,
    lastTransitionTime: before?.status === verdict.status ? before.lastTransitionTime : now,
  };
}

function ready({ after, outcome }: Reconciled): Verdict<ReadyReason> {
  const no = (reason: ReadyReason, message: string): Verdict<ReadyReason> => ({ status: 'False', reason, message });
  const competing = inPlay(after.workloads);
  const drifted = competing.filter(({ state }) => state === 'Drifted');
  const rejected = describeRejections(after, outcome);
  if (competing.length === 0) return nothingToAssign(after);
  if (rejected !== '') return no(READY_REASONS.PatchRejected, rejected);
  if (drifted.length > 0) return notAssigned(after, drifted, outcome);
  if (competing.some(({ state }) => state === 'RollingOut')) return no(READY_REASONS.RollingOut, rollouts(competing));
  const ports = competing.map(({ layout, assignedPort }) => `${layout.workload} on ${assignedPort}`).join(', ');
  return {
    status: 'True',
    reason: READY_REASONS.PortsAssigned,
    message: `every csi-addons sidecar has its own host port: ${ports}${pinInDryRun(after)}`,
  };
}

function nothingToAssign({ workloads }: Plan): Verdict<ReadyReason> {
  const states = workloads.map(({ layout, state }) => `${layout.workload} ${state}`).join(', ');
  return {
    status: 'True',
    reason: READY_REASONS.NothingToAssign,
    message: `no csi-addons sidecar of Rook's competes for a host port: ${states}`,
  };
}

function notAssigned(
  after: Plan,
  drifted: readonly WorkloadPlan[],
  outcome: Reconciled['outcome'],
): Verdict<ReadyReason> {
  const moves = drifted.map(({ layout, currentPort, assignedPort }) => {
    return `${layout.kind} ${layout.workload} from ${currentPort ?? 'no port'} to ${assignedPort}`;
  });
  const list = moves.join(', ');
  const no = (reason: ReadyReason, message: string): Verdict<ReadyReason> => ({ status: 'False', reason, message });
  if (after.mode === 'DryRun') {
    const accepted = outcome.failure === undefined && outcome.pinRejection === undefined;
    const answer = accepted ? 'the API server accepts it; ' : '';
    return no(
      READY_REASONS.DryRun,
      `would move ${list}${pinInDryRun(after)}; ${answer}to do it set spec.mode: Enforce`,
    );
  }
  if (after.mode === 'Paused') return no(READY_REASONS.Paused, `not moved: ${list}; to go on set spec.mode: Enforce`);
  if (outcome.waitingForRook) {
    return no(READY_REASONS.WaitingForRook, `the ports are in ${ROOK_CONFIG_NAME}; Rook is given time to move ${list}`);
  }
  return no(READY_REASONS.PortsDiffer, `still to move: ${list}`);
}

/** What Enforce would write to Rook's settings; empty in the other modes, which have written it or never will. */
function pinInDryRun({ mode, pin }: Plan): string {
  const keys = describePin(pin);
  return mode !== 'DryRun' || keys === '' ? '' : `; would set ${keys} in ${ROOK_CONFIG_NAME}`;
}

function rollouts(rows: readonly WorkloadPlan[]): string {
  return rows
    .filter(({ state }) => state === 'RollingOut')
    .map(({ workload }) =>
      workload === undefined ? '' : `${workload.kind} ${workload.name}: ${describeRollout(workload.rollout, workload)}`,
    )
    .join('; ');
}

function progressing({ after, outcome }: Reconciled): Verdict<ProgressingReason> {
  if (outcome.failure !== undefined) {
    return { status: 'True', reason: PROGRESSING_REASONS.Retrying, message: outcome.failure };
  }
  if (outcome.waitingForRook) {
    return {
      status: 'True',
      reason: PROGRESSING_REASONS.WaitingForRook,
      message: 'Rook is given time to render the ports',
    };
  }
  const moving = rollouts(inPlay(after.workloads));
  if (moving !== '') return { status: 'True', reason: PROGRESSING_REASONS.RollingOut, message: moving };
  return { status: 'False', reason: PROGRESSING_REASONS.Settled, message: 'nothing is being changed' };
}

function degraded(reconciled: Reconciled): Verdict<DegradedReason> {
  const findings = degradedFindings(reconciled);
  const [first] = findings;
  if (first === undefined)
    return { status: 'False', reason: DEGRADED_REASONS.AsExpected, message: 'nothing needs attention' };
  return { status: 'True', reason: first[0], message: findings.map(([, message]) => message).join('; ') };
}

/** What needs attention, gravest first. */
function degradedFindings(reconciled: Reconciled): [DegradedReason, string][] {
  const { after, outcome } = reconciled;
  const findings: [DegradedReason, string][] = [
    [DEGRADED_REASONS.PortConflict, describeConflict(reconciled)],
    [DEGRADED_REASONS.PatchRejected, describeRejections(after, outcome)],
    [
      DEGRADED_REASONS.PinRejected,
      outcome.pinRejection === undefined ? '' : `${ROOK_CONFIG_NAME}: ${outcome.pinRejection}`,
    ],
    [DEGRADED_REASONS.InvalidRookConfig, describeInvalidKeys(after)],
    [DEGRADED_REASONS.ClashingRookConfig, describeIgnoredKeys(after)],
    [DEGRADED_REASONS.RookConfigAbsent, describeAbsentConfig(after)],
  ];
  return findings.filter(([, message]) => message !== '');
}

/** A conflict lasts until no pod with the old port is left, so beyond the moment in which the templates are right. */
function describeConflict({ before, after, previous }: Reconciled): string {
  if (after.conflicts.length > 0) return describeConflicts(after.conflicts);
  const rows = inPlay(after.workloads);
  const wasThere = before.conflicts.length > 0 || hasConflict(previous?.conditions);
  if (!wasThere || rows.every(({ workload }) => workload !== undefined && isRolledOut(workload.rollout))) return '';
  return 'sidecars shared a host port; their ports are distinct now and the pods are being replaced';
}

export function hasConflict(stored: readonly Condition[] | undefined): boolean {
  return stored?.some(({ type, reason }) => type === 'Degraded' && reason === DEGRADED_REASONS.PortConflict) ?? false;
}

export function describeConflicts(conflicts: readonly Conflict[]): string {
  return conflicts.map(({ port, workloads }) => `host port ${port} is shared by ${workloads.join(', ')}`).join('; ');
}

function describeRejections({ workloads }: Plan, { rejections }: Reconciled['outcome']): string {
  return workloads
    .flatMap(({ layout }) => {
      const cause = rejections[layout.slot];
      return cause === undefined ? [] : [`${layout.kind} ${layout.workload}: ${cause}`];
    })
    .join('; ');
}

function describeInvalidKeys({ invalidKeys }: Plan): string {
  return invalidKeys
    .map(({ key, value, consequence }) => {
      return `${key}: ${JSON.stringify(value.slice(0, 40))} in ${ROOK_CONFIG_NAME} is not valid: ${consequence}; set it to a port from 1024 to 65535 other than 9080 and 9081 (deleting it does not help Rook 1.16.5 and later)`;
    })
    .join('; ');
}

function describeIgnoredKeys({ assignment }: Plan): string {
  const keys = SLOT_LAYOUTS.filter(({ slot }) => assignment.ignoredKeys.includes(slot)).map(
    ({ configKey }) => configKey,
  );
  return keys.length === 0
    ? ''
    : `${keys.join(', ')} in ${ROOK_CONFIG_NAME} set aside, as they clash with each other or with spec.ports; give each a port of its own`;
}

function describeAbsentConfig({ rookConfigAbsent, rookConfigPolicy, workloads }: Plan): string {
  if (!rookConfigAbsent || rookConfigPolicy === 'Leave' || inPlay(workloads).length === 0) return '';
  return `ConfigMap ${ROOK_CONFIG_NAME} is absent, so Rook cannot be told the ports and undoes them when it restarts; create it, or set spec.rookConfig: Leave`;
}
