/** The conditions Ready, Progressing and Degraded: what is so, why, and what the admin does about it. */
import type { Condition, ConditionType } from '../rules/api.js';
import { retryTime } from '../rules/contested.js';
import { degradedFindings, describeRejections } from './degraded.js';
import { competing, type Plan, type WorkloadPlan } from '../rules/plan.js';
import { describePin } from '../rules/pin.js';
import { DEGRADED_REASONS, PROGRESSING_REASONS, READY_REASONS } from './reasons.js';
import type { DegradedReason, ProgressingReason, ReadyReason } from './reasons.js';
import { ROOK_CONFIG_NAME } from '../rules/rook-config.js';
import { describeRollout } from '../rules/rollout.js';
import type { Reconciled, WaitCause } from './outcome.js';
import { sanitize } from './sanitize.js';
import type { ConfigKey } from '../rules/slots.js';
import { rfc3339Seconds } from './time.js';

interface Verdict<Reason> {
  readonly status: 'True' | 'False';
  readonly reason: Reason;
  readonly message: string;
}

const WAITING_FOR_ROOK: Readonly<Record<WaitCause, string>> = {
  Pin: `the ports are in ${ROOK_CONFIG_NAME} now, and Rook is given time to render them`,
  ForeignChange: `${ROOK_CONFIG_NAME} was changed, and Rook is given time to write its workloads anew`,
};

/** All findings together may be longer; the schema takes eight times this. */
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
    message: sanitize(verdict.message, MAX_MESSAGE),
    observedGeneration: generation,
    lastTransitionTime: before?.status === verdict.status ? before.lastTransitionTime : now,
  };
}

function ready({ after, outcome }: Reconciled): Verdict<ReadyReason> {
  const no = (reason: ReadyReason, message: string): Verdict<ReadyReason> => ({ status: 'False', reason, message });
  const rows = competing(after.workloads);
  const drifted = rows.filter(({ state }) => state === 'Drifted');
  const rejected = describeRejections(after, outcome);
  if (rows.length === 0) return nothingToAssign(after);
  if (rejected !== '') return no(READY_REASONS.PatchRejected, rejected);
  if (drifted.length > 0) return notAssigned(after, drifted, outcome);
  if (rows.some(({ state }) => state === 'RollingOut')) return no(READY_REASONS.RollingOut, rollouts(rows));
  const ports = rows.map(({ slotSpec, assignedPort }) => `${slotSpec.workload} on ${assignedPort}`).join(', ');
  return {
    status: 'True',
    reason: READY_REASONS.PortsAssigned,
    message: `every csi-addons sidecar has its own host port: ${ports}${pinInDryRun(after)}`,
  };
}

function nothingToAssign({ workloads, provider }: Plan): Verdict<ReadyReason> {
  const states = workloads.map(({ slotSpec, state }) => `${slotSpec.workload} ${state}`).join(', ');
  const whose = provider === 'CephCSIOperator' ? '; ceph-csi-operator renders the CSI workloads here' : '';
  return {
    status: 'True',
    reason: READY_REASONS.NothingToAssign,
    message: `no csi-addons sidecar of Rook's competes for a host port: ${states}${whose}`,
  };
}

function notAssigned(
  after: Plan,
  drifted: readonly WorkloadPlan[],
  outcome: Reconciled['outcome'],
): Verdict<ReadyReason> {
  const moves = drifted.map(({ slotSpec, currentPort, assignedPort }) => {
    return `${slotSpec.kind} ${slotSpec.workload} from ${currentPort ?? 'no port'} to ${assignedPort}`;
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
  if (outcome.waitingForRook !== undefined) {
    const why = WAITING_FOR_ROOK[outcome.waitingForRook];
    return no(READY_REASONS.WaitingForRook, `${why}; what it leaves is then moved: ${list}`);
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

function progressing(reconciled: Reconciled): Verdict<ProgressingReason> {
  const { after, outcome } = reconciled;
  if (outcome.failure !== undefined) {
    return { status: 'True', reason: PROGRESSING_REASONS.Retrying, message: outcome.failure };
  }
  if (outcome.waitingForRook !== undefined) {
    const message = WAITING_FOR_ROOK[outcome.waitingForRook];
    return { status: 'True', reason: PROGRESSING_REASONS.WaitingForRook, message };
  }
  const backing = backingOff(reconciled);
  if (backing !== '') return { status: 'True', reason: PROGRESSING_REASONS.BackingOff, message: backing };
  const moving = rollouts(competing(after.workloads));
  if (moving !== '') return { status: 'True', reason: PROGRESSING_REASONS.RollingOut, message: moving };
  return { status: 'False', reason: PROGRESSING_REASONS.Settled, message: 'nothing is being changed' };
}

/** Contested objects that differ and are left so for now. */
function backingOff({ after, recent, held }: Reconciled): string {
  const differing = after.workloads.filter(
    ({ patch, slotSpec }) => patch !== undefined && held.workloads.has(slotSpec.workload),
  );
  const names = differing.map(({ slotSpec }) => slotSpec.workload);
  if (Object.keys(after.pin).some((key) => held.keys.has(key as ConfigKey))) names.push(ROOK_CONFIG_NAME);
  return recent
    .filter(({ name }) => names.includes(name))
    .map((object) => `${object.kind} ${object.name} is written again at ${rfc3339Seconds(new Date(retryTime(object)))}`)
    .join('; ');
}

function degraded(reconciled: Reconciled): Verdict<DegradedReason> {
  const findings = degradedFindings(reconciled);
  const [first] = findings;
  if (first === undefined)
    return { status: 'False', reason: DEGRADED_REASONS.AsExpected, message: 'nothing needs attention' };
  return { status: 'True', reason: first.reason, message: findings.map(({ message }) => message).join('; ') };
}
