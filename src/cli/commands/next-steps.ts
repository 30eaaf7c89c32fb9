/** What ends what was found: the remedies of the operator's own messages and, without an assignment, how to make one. */
import { API_GROUP, API_VERSION, ASSIGNMENT_KIND, ASSIGNMENT_NAME } from '../../domain/rules/api.js';
import { degradedFindings, type Finding } from '../../domain/report/degraded.js';
import { describeConflicts } from '../../domain/report/conflicts.js';
import type { RookSurvey } from '../survey.js';
import { kubectl, shellJson, shellWord } from './shell.js';
import { stepsOf, type Step } from './steps.js';
import { conditionOf, type Judgement, type Verdict } from './verdict.js';

/** What a reconcile would find without a write of its own. */
export function findingsOf({ plan }: RookSurvey): Finding[] {
  return degradedFindings(plan, []);
}

/** In the order in which they are taken. */
export function nextSteps(rook: RookSurvey, judgement: Judgement): Step[] {
  if (judgement.verdict === 'NoRook') return stepsOf(conditionOf(rook.status, 'Ready')?.message ?? '');
  const remedies = findingsOf(rook).flatMap((finding) => stepsOf(remedyOf(finding, rook, judgement)));
  const needsAssignment =
    !rook.isAssigned &&
    (rook.plan.conflicts.sidecars.length > 0 || remedies.some(({ command }) => command?.includes('csiports') === true));
  const unreadable = rook.plan.workloads.flatMap(({ slotSpec, unreadable: why }) =>
    why === undefined ? [] : [{ text: `${slotSpec.kind} ${slotSpec.workload}: ${why}` }],
  );
  return [...(needsAssignment ? install(rook) : inMode(rook, judgement.verdict)), ...unreadable, ...remedies];
}

/** Without what the summary says already. */
function remedyOf({ reason, message }: Finding, { plan, namespace }: RookSurvey, { summary }: Judgement): string {
  if (reason === 'PortConflict') return '';
  const { liveness, upstream } = plan.conflicts;
  const told = [summary, describeConflicts(liveness, namespace), describeConflicts(upstream, namespace)];
  const start = told.find((text) => text !== '' && message.startsWith(text)) ?? '';
  return message.slice(start.length);
}

function install({ namespace }: RookSurvey): Step[] {
  return [
    {
      text: 'Install csi-port-operator, unless it is there (docs/admin/install.md), and have it assign the ports here:',
      command: assign(namespace),
    },
    {
      text: 'Or do without it. What it would write, as a diff and as kubectl patch lines:',
      command: `kubectl csiports plan -n ${shellWord(namespace)}`,
    },
  ];
}

/** Makes a CSIPortAssignment with an empty spec; one that is there, and was not read, is not replaced. */
export function assign(namespace: string): string {
  const assignment = {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: ASSIGNMENT_KIND,
    metadata: { name: ASSIGNMENT_NAME, namespace },
  };
  return `echo ${shellJson(assignment)} | kubectl create -f -`;
}

function inMode(rook: RookSurvey, verdict: Verdict): Step[] {
  const { plan, namespace, isAssigned } = rook;
  const contested = contestSteps(rook);
  if (contested !== undefined) return contested;
  if (!isAssigned || (plan.conflicts.sidecars.length === 0 && verdict !== 'Differs')) return [];
  if (plan.mode !== 'Enforce') {
    const patch = shellJson({ spec: { mode: 'Enforce' } });
    const text = `spec.mode is ${plan.mode}, so nothing is moved. To have the operator move the sidecars:`;
    return [{ text, command: kubectl(namespace, 'patch csiports default --type=merge -p', patch) }];
  }
  const text = 'The operator ends this by itself, unless something is in its way. To see whether it runs:';
  return [{ text, command: doctor(namespace) }];
}

/** What keeps the operator from writing at once; undefined if nothing was contested when it last wrote the status. */
export function contestSteps(rook: RookSurvey): Step[] | undefined {
  const contest = storedContest(rook);
  if (contest === undefined) return undefined;
  return [{ text: contest }, { text: 'To see whether the operator runs:', command: doctor(rook.namespace) }];
}

function doctor(namespace: string): string {
  return `kubectl csiports doctor -n ${shellWord(namespace)}`;
}

/** See describeContested() in domain/report/contested.ts. */
const CONTEST = /^.*the ports are: [^;]*/s;

/**
 * In the operator's own words: only its writes show that an object is contested. They hold the name that another writer chose for
 * itself, so no part of them is a command. The findings that follow in the same message have steps of their own.
 */
function storedContest({ stored, observed }: RookSurvey): string | undefined {
  const degraded = conditionOf({ conditions: stored?.conditions ?? [] }, 'Degraded');
  if (degraded?.reason !== 'Contested' || degraded.observedGeneration !== observed.assignment.generation)
    return undefined;
  return CONTEST.exec(degraded.message)?.[0] ?? degraded.message;
}
