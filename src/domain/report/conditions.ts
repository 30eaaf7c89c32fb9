/** The conditions Ready, Progressing and Degraded: what is so, why, and what the admin does about it. */
import type { Condition, ConditionType, StoredStatus } from '../rules/api.js';
import { competing, type WorkloadPlan } from '../rules/workload-plan.js';
import type { Plan } from '../rules/plan.js';
import { describePin } from '../rules/pin.js';
import { ROOK_CONFIG_NAME } from '../rules/rook-config.js';
import { contestedOf, retryTime } from './contested.js';
import { degradedFindings, describeRejections, describeStuckRollouts } from './degraded.js';
import { describeHeldPorts } from './held-ports.js';
import { describeNoRook, describeUnknownPods } from './surroundings.js';
import type { DegradedReason, ProgressingReason, ReadyReason } from './reasons.js';
import { describeRollout } from './rollout-messages.js';
import { sanitize } from './sanitize.js';
import { rfc3339Seconds } from './time.js';
import { describeUpstreamConflicts } from './upstream.js';
import type { WriteOutcome, WriteResult } from './write-result.js';

/** What a reconcile found, did and left: all that a status is made from. */
export interface Report {
  /** The plan of the world as the reconcile left it. */
  readonly plan: Plan;
  readonly results: readonly WriteResult[];
  readonly generation: number;
  /** Of this only each condition's lastTransitionTime is used. */
  readonly stored: StoredStatus | undefined;
  /** RFC 3339, whole seconds. */
  readonly now: string;
}

interface Verdict<Reason> {
  readonly status: 'True' | 'False';
  readonly reason: Reason;
  readonly message: string;
}

const WAITING_FOR_ROOK = `${ROOK_CONFIG_NAME} was changed, and Rook is given 3 s to write its workloads anew`;

/** All findings together may be longer; the schema takes eight times this. */
const MAX_MESSAGE = 4096;

export function conditions(report: Report): Condition[] {
  return [
    condition('Ready', ready(report), report),
    condition('Progressing', progressing(report), report),
    condition('Degraded', degraded(report), report),
  ];
}

function condition(type: ConditionType, verdict: Verdict<string>, { stored, generation, now }: Report): Condition {
  const before = stored?.conditions?.find((candidate) => candidate.type === type);
  const since = Date.parse(before?.lastTransitionTime ?? '');
  const isSame = before?.status === verdict.status && !Number.isNaN(since);
  return {
    type,
    ...verdict,
    message: sanitize(verdict.message, MAX_MESSAGE),
    observedGeneration: generation,
    // Written anew: anybody with the right may have stored a time that the API server would reject.
    lastTransitionTime: isSame ? rfc3339Seconds(new Date(since)) : now,
  };
}

function ready(report: Report): Verdict<ReadyReason> {
  const { plan } = report;
  const rows = competing(plan.workloads);
  if (!plan.hasRook && plan.provider === 'None') return notReady('NoRook', describeNoRook(plan));
  if (plan.conflicts.upstream.length > 0) return notReady('UpstreamConflict', describeUpstreamConflicts(plan));
  if (rows.length === 0) return nothingToAssign(plan);
  return whatIsLeft(report, rows) ?? allAssigned(plan, rows);
}

function allAssigned(plan: Plan, rows: readonly WorkloadPlan[]): Verdict<ReadyReason> {
  const ports = rows.map(({ slotSpec, assignedPort }) => `${slotSpec.workload} on ${assignedPort}`).join(', ');
  const message = `every csi-addons sidecar has its own host port: ${ports}${pinInDryRun(plan)}`;
  return { status: 'True', reason: 'PortsAssigned', message };
}

/** Undefined if every sidecar has its port, in every pod. */
function whatIsLeft(report: Report, rows: readonly WorkloadPlan[]): Verdict<ReadyReason> | undefined {
  const { plan, results } = report;
  const rejected = describeRejections(results);
  if (rejected !== '') return notReady('PatchRejected', rejected);
  const held = describeHeldPorts(plan);
  const drifted = rows.filter(({ state }) => state === 'Drifted');
  // Where nothing is moved, pods may be stuck for that alone.
  const unmoved = drifted.length > 0 && plan.mode !== 'Enforce' ? notAssigned(report, drifted) : undefined;
  if (held !== '') return notReady('PortInUse', unmoved === undefined ? held : `${held}; ${unmoved.message}`);
  if (unmoved !== undefined) return unmoved;
  if (rows.some(({ state }) => state === 'Stuck')) return notReady('RolloutStuck', describeStuckRollouts(plan));
  if (drifted.length > 0) return notAssigned(report, drifted);
  return rows.some(({ state }) => state === 'RollingOut') ? notReady('RollingOut', rollouts(rows)) : undefined;
}

function notReady(reason: ReadyReason, message: string): Verdict<ReadyReason> {
  return { status: 'False', reason, message };
}

function nothingToAssign({ workloads, provider }: Plan): Verdict<ReadyReason> {
  const states = workloads.map(({ slotSpec, state }) => `${slotSpec.workload} ${state}`).join(', ');
  const whose = provider === 'CephCSIOperator' ? '; ceph-csi-operator renders the CSI workloads here' : '';
  const message = `no csi-addons sidecar of Rook's competes for a host port: ${states}${whose}`;
  return { status: 'True', reason: 'NothingToAssign', message };
}

function notAssigned({ plan, results }: Report, drifted: readonly WorkloadPlan[]): Verdict<ReadyReason> {
  const moves = drifted.map(({ slotSpec, currentPort, assignedPort }) => {
    return `${slotSpec.kind} ${slotSpec.workload} from ${currentPort ?? 'no port'} to ${assignedPort}`;
  });
  const list = moves.join(', ');
  if (plan.mode === 'DryRun') {
    const response = isAccepted(results) ? 'the API server accepts it; ' : '';
    const message = `would move ${list}${pinInDryRun(plan)}; ${response}to do it set spec.mode: Enforce`;
    return notReady('DryRun', message);
  }
  if (plan.mode === 'Paused') return notReady('Paused', `not moved: ${list}; to go on set spec.mode: Enforce`);
  if (hasOutcome(results, 'WaitingForRook')) {
    return notReady('WaitingForRook', `${WAITING_FOR_ROOK}; what it leaves is then moved: ${list}`);
  }
  const awaited = describeAwaited(results, drifted);
  if (awaited !== '') return notReady('AwaitingPods', awaited);
  return notReady('PortsDiffer', `still to move: ${list}`);
}

/** Empty if no workload waits for the pods of another one. */
function describeAwaited(results: readonly WriteResult[], rows: readonly WorkloadPlan[]): string {
  const waiting = rows.filter(({ slotSpec: { slot } }) => {
    return results.some((result) => result.slot === slot && result.outcome === 'AwaitingPods');
  });
  const described = waiting.flatMap(({ slotSpec, assignedPort, awaits }) => {
    if (awaits === undefined) return [];
    const until = awaits.isRefused ? 'are admitted, which are rejected now' : 'exist';
    return `${slotSpec.kind} ${slotSpec.workload} is moved to ${assignedPort} when the new pods of ${awaits.kind} ${awaits.name} ${until}`;
  });
  return described.join('; ');
}

/** Whether the API server was asked, and would store all of it. */
function isAccepted(results: readonly WriteResult[]): boolean {
  const asked = results.filter(({ outcome }) => outcome !== 'Unchanged');
  return asked.length > 0 && asked.every(({ outcome }) => outcome === 'Accepted');
}

/** What Enforce would write to Rook's settings; empty in the other modes, which have written it or never will. */
function pinInDryRun({ mode, pin }: Plan): string {
  const keys = describePin(pin);
  return mode !== 'DryRun' || keys === '' ? '' : `; would set ${keys} in ${ROOK_CONFIG_NAME}`;
}

function rollouts(rows: readonly WorkloadPlan[]): string {
  return rows
    .filter(({ state }) => state === 'RollingOut')
    .flatMap(({ workload }) => workload ?? [])
    .map((workload) => `${workload.kind} ${workload.name}: ${describeRollout(workload.rollout, workload)}`)
    .join('; ');
}

function progressing({ plan, results }: Report): Verdict<ProgressingReason> {
  const findings: readonly [ProgressingReason, string][] = [
    ['Retrying', describeFailure(results)],
    ['WaitingForRook', hasOutcome(results, 'WaitingForRook') ? WAITING_FOR_ROOK : ''],
    ['AwaitingPods', describeAwaited(results, competing(plan.workloads))],
    ['BackingOff', describeBackoff(results)],
    ['RollingOut', rollouts(competing(plan.workloads))],
  ];
  for (const [reason, message] of findings) if (message !== '') return { status: 'True', reason, message };
  return { status: 'False', reason: 'Settled', message: 'nothing is being changed' };
}

function describeFailure(results: readonly WriteResult[]): string {
  const failed = results.find(({ outcome }) => outcome === 'Failed' || outcome === 'Outdated');
  if (failed?.outcome === 'Outdated') return 'an object changed while it was being written; it is read again';
  return failed?.cause ?? '';
}

function describeBackoff(results: readonly WriteResult[]): string {
  return contestedOf(results)
    .filter(({ outcome }) => outcome === 'BackingOff')
    .map(({ kind, name, contest }) => `${kind} ${name} is written again at ${retryTime(contest)}`)
    .join('; ');
}

function hasOutcome(results: readonly WriteResult[], wanted: WriteOutcome): boolean {
  return results.some(({ outcome }) => outcome === wanted);
}

function degraded(report: Report): Verdict<DegradedReason> {
  const findings = degradedFindings(report.plan, report.results);
  const [first] = findings;
  const unknown = describeUnknownPods(report.plan);
  if (first === undefined) {
    return { status: 'False', reason: 'AsExpected', message: `nothing needs attention${unknown}` };
  }
  const found = findings.map(({ message }) => message).join('; ');
  return { status: 'True', reason: first.reason, message: `${found}${unknown}` };
}
