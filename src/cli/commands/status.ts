/** status: each assignment as a diagnosis: what the operator last wrote, what it means, and whether it still holds. */
import type { Condition, ConditionType, StoredStatus } from '../../domain/rules/api.js';
import { explanationOf } from '../../domain/report/explanations.js';
import type { Gap, RookSurvey, Survey } from '../survey.js';
import { checkRook, overall, type CheckedRook } from './check.js';
import { head, type DocumentHead } from './document-head.js';
import { unquoted } from './explain.js';
import { describeGap, hidesAssignments } from './gaps.js';
import { stepsOf, type Step } from './steps.js';
import { conditionOf, isConflict, type Judgement, type Verdict } from './verdict.js';

/** Silent: it has never written a status. Behind: not for this spec. Differs: the objects say something else by now. */
export type OperatorState = 'UpToDate' | 'Silent' | 'Behind' | 'Differs';

export interface DiagnosedCondition extends Pick<Condition, 'type' | 'status' | 'reason' | 'message'> {
  /** RFC 3339; absent if the operator has not written it. */
  readonly since?: string;
  /** Of the reason; absent if it is not known here. */
  readonly meaning?: string;
  readonly whatToDo?: string;
}

export interface DiagnosedAssignment extends CheckedRook {
  readonly generation: number;
  readonly observedGeneration?: number;
  readonly operator: OperatorState;
  /** What follows from that, for people. */
  readonly operatorNote?: string;
  /** As the operator wrote them; before it has, as it would. */
  readonly conditions: readonly DiagnosedCondition[];
}

export interface StatusReport extends DocumentHead<'StatusReport'> {
  readonly source: string;
  readonly verdict: Verdict;
  readonly summary: string;
  readonly assignments: readonly DiagnosedAssignment[];
  /** Namespaces with a Rook and without an assignment. */
  readonly unassigned: readonly string[];
  readonly gaps: readonly Gap[];
}

const TYPES: readonly ConditionType[] = ['Ready', 'Progressing', 'Degraded'];

/** Reasons of Ready that follow from the objects alone. The others come of writes, which the plugin does not make. */
const OF_OBJECTS: ReadonlySet<string> = new Set([
  'PortsAssigned',
  'NothingToAssign',
  'NoRook',
  'RolloutStuck',
  'PortInUse',
  'UpstreamConflict',
]);

export function statusReport(survey: Survey): StatusReport {
  const { source, gaps } = survey;
  const assignments = survey.rooks.filter(({ isAssigned }) => isAssigned).map(diagnose);
  const unassigned = survey.rooks
    .filter(({ isAssigned, plan }) => !isAssigned && plan.hasRook)
    .map(({ namespace }) => namespace);
  return {
    ...head('StatusReport'),
    source,
    ...judgeAll(assignments, unassigned, survey),
    assignments,
    unassigned,
    gaps,
  };
}

function judgeAll(
  assignments: readonly DiagnosedAssignment[],
  unassigned: readonly string[],
  survey: Survey,
): Judgement {
  const hiding = survey.gaps.find(hidesAssignments);
  const found = overall(assignments, { ...survey, rooks: survey.rooks.filter(({ isAssigned }) => isAssigned) });
  if (!isConflict(found.verdict) && hiding !== undefined) {
    return { verdict: 'CannotTell', summary: `not everything was read: ${describeGap(hiding)}` };
  }
  if (assignments.length > 0) return found;
  const where = unassigned.length === 0 ? '' : `; there is a Rook in ${unassigned.join(', ')}`;
  return { verdict: 'NoRook', summary: `there is no CSIPortAssignment${where}` };
}

function diagnose(rook: RookSurvey): DiagnosedAssignment {
  const { observed, stored } = rook;
  const { generation } = observed.assignment;
  const observedGeneration = stored?.observedGeneration;
  const operator = operatorState(rook);
  const checked = checkRook(rook);
  const note = operatorNote(operator, rook);
  return {
    ...checked,
    generation,
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    operator,
    ...(note === undefined ? {} : { operatorNote: note }),
    conditions: TYPES.flatMap((type) => diagnosedCondition(type, rook)),
    nextSteps: [...checked.nextSteps, ...writtenSteps(rook, checked.nextSteps)],
  };
}

function operatorState({ observed, stored = {}, status }: RookSurvey): OperatorState {
  const written = readyReason(stored);
  if (written === undefined) return 'Silent';
  const { observedGeneration = 0 } = stored;
  if (observedGeneration < observed.assignment.generation) return 'Behind';
  return isOvertaken(written, readyReason(status)) ? 'Differs' : 'UpToDate';
}

function readyReason({ conditions = [] }: StoredStatus): string | undefined {
  return conditionOf({ conditions }, 'Ready')?.reason;
}

function isOvertaken(written: string, now = ''): boolean {
  return written !== now && OF_OBJECTS.has(written) && (OF_OBJECTS.has(now) || now === 'PortsDiffer');
}

function operatorNote(state: OperatorState, { observed, stored, status }: RookSurvey): string | undefined {
  const { generation } = observed.assignment;
  const doctor = 'if this stays, run kubectl csiports doctor';
  switch (state) {
    case 'UpToDate':
      return undefined;
    case 'Silent':
      return `the operator has not written the status below yet: it does not run, or may not write here; ${doctor}`;
    case 'Behind':
      return `the operator has seen generation ${stored?.observedGeneration ?? 0} of the spec, which is at ${generation}; ${doctor}`;
    case 'Differs':
      return `the objects say ${conditionOf(status, 'Ready')?.reason ?? ''} by now, which the operator has not written yet; ${doctor}`;
  }
}

function diagnosedCondition(type: ConditionType, { stored, status }: RookSurvey): DiagnosedCondition[] {
  const written = conditionOf({ conditions: stored?.conditions ?? [] }, type);
  const condition = written ?? conditionOf(status, type);
  if (condition === undefined) return [];
  const { reason, message, lastTransitionTime: since } = condition;
  const explanation = explanationOf(type, reason);
  return [
    {
      type,
      status: condition.status,
      reason,
      message,
      ...(written === undefined ? {} : { since }),
      ...(explanation === undefined
        ? {}
        : { meaning: unquoted(explanation.meaning), whatToDo: unquoted(explanation.whatToDo) }),
    },
  ];
}

/** What the operator's own writes have met with: nothing in the objects shows it. The steps of check have Contested. */
const OF_WRITES: ReadonlySet<string> = new Set(['PatchRejected', 'PinRejected']);

function writtenSteps({ stored }: RookSurvey, steps: readonly Step[]): Step[] {
  const degraded = conditionOf({ conditions: stored?.conditions ?? [] }, 'Degraded');
  if (degraded === undefined || !OF_WRITES.has(degraded.reason)) return [];
  const known = new Set(steps.map(({ text, command }) => `${text} ${command ?? ''}`));
  return stepsOf(degraded.message).filter(({ text, command }) => !known.has(`${text} ${command ?? ''}`));
}
