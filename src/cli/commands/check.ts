/** check: which host ports the sidecars of each Rook share, who holds them on which nodes, and what to do. */
import type { Mode, PortConflict, Provider, WorkloadStatus } from '../../domain/rules/api.js';
import { listed } from '../../domain/report/conflicts.js';
import type { Finding } from '../../domain/report/degraded.js';
import type { Gap, RookSurvey, Survey } from '../survey.js';
import { head, type DocumentHead } from './document-head.js';
import { describeGap, hidesConflict, mayHideConflict } from './gaps.js';
import { findingsOf, nextSteps } from './next-steps.js';
import { occupancyOf, type Occupancy } from './occupancy.js';
import type { Step } from './steps.js';
import { gravest, isConflict, judge, type Judgement, type Verdict } from './verdict.js';

export interface CheckedWorkload extends WorkloadStatus {
  /** Whether one of the conflicts has the port that it has now. */
  readonly collides: boolean;
}

export interface CheckedRook {
  readonly namespace: string;
  readonly rookVersion?: string;
  readonly provider: Provider;
  /** Absent without a CSIPortAssignment: assigned ports are then those that an empty one would give. */
  readonly mode?: Mode;
  readonly verdict: Verdict;
  readonly summary: string;
  /** As status.conflicts of the CSIPortAssignment has them. */
  readonly conflicts: readonly PortConflict[];
  readonly workloads: readonly CheckedWorkload[];
  /** Absent if the pods on the host network are not known. */
  readonly occupancy?: Occupancy;
  /** The findings of the condition Degraded, gravest first. */
  readonly findings: readonly Finding[];
  readonly nextSteps: readonly Step[];
  /** The lasting remedy for this Rook. */
  readonly advice?: string;
}

export interface CheckReport extends DocumentHead<'CheckReport'> {
  readonly source: string;
  readonly verdict: Verdict;
  /** The answer, in a sentence. */
  readonly summary: string;
  readonly rooks: readonly CheckedRook[];
  readonly gaps: readonly Gap[];
}

export function checkReport(survey: Survey): CheckReport {
  const rooks = survey.rooks.map(checkRook);
  const { source, gaps } = survey;
  return { ...head('CheckReport'), source, ...overall(rooks, survey), rooks, gaps };
}

export function checkRook(rook: RookSurvey): CheckedRook {
  const { namespace, status, plan, isAssigned } = rook;
  const { rookVersion, provider, conflicts = [], advice } = status;
  const judgement = judge(rook);
  const occupancy = occupancyOf(rook);
  const colliding = new Set(conflicts.map(({ port }) => port));
  return {
    namespace,
    ...(rookVersion === undefined ? {} : { rookVersion }),
    provider,
    ...(isAssigned ? { mode: plan.mode } : {}),
    ...judgement,
    conflicts,
    workloads: status.workloads.map((row) => ({ ...row, collides: collides(row, colliding) })),
    ...(occupancy === undefined ? {} : { occupancy }),
    findings: findingsOf(rook),
    nextSteps: nextSteps(rook, judgement),
    ...(advice === undefined ? {} : { advice }),
  };
}

function collides({ hostNetwork, currentPort }: WorkloadStatus, ports: ReadonlySet<number>): boolean {
  return hostNetwork && currentPort !== undefined && ports.has(currentPort);
}

/** What was not read hides nothing if there is a conflict anyway. */
export function overall(rooks: readonly CheckedRook[], survey: Survey): Judgement {
  const verdict = gravest(rooks.map((rook) => rook.verdict));
  if (!isConflict(verdict) && mayHideConflict(survey)) {
    return { verdict: 'CannotTell', summary: describeDoubt(rooks, survey.gaps) };
  }
  const [first, ...others] = rooks.filter((rook) => rook.verdict === verdict);
  if (first === undefined) return { verdict, summary: describeNothing(survey) };
  const more = others.length === 0 ? '' : `; also in ${listed(others.map(({ namespace }) => namespace))}`;
  return { verdict, summary: rooks.length === 1 ? first.summary : `in ${first.namespace}: ${first.summary}${more}` };
}

function describeNothing({ namespace }: Survey): string {
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  return `neither Rook's operator nor its CSI workloads were found${where}`;
}

function describeDoubt(rooks: readonly CheckedRook[], gaps: readonly Gap[]): string {
  const found = rooks.length === 0 ? 'no Rook was found' : 'no conflict was found';
  const [first, ...others] = gaps.filter(hidesConflict);
  if (first === undefined) return `${found}, but the pods on the host network are not known, and may hide one`;
  const more = others.length > 0 ? `, and ${others.length} more` : '';
  return `${found}, but not everything was read: ${describeGap(first)}${more}`;
}
