/** plan: what the operator would write, and how to write it without the operator. */
import type { Mode, Provider, WorkloadState } from '../../domain/rules/api.js';
import type { Ports } from '../../domain/rules/assignment.js';
import { planPin, type Pin } from '../../domain/rules/pin.js';
import { ROOK_CONFIG_NAME } from '../../domain/rules/rook-config.js';
import type { JsonPatch } from '../../domain/rules/sidecar-port.js';
import { SLOT_SPECS, type ConfigKey, type Slot, type WorkloadKind } from '../../domain/rules/slots.js';
import { competing, type WorkloadPlan } from '../../domain/rules/workload-plan.js';
import { describeHeldPorts } from '../../domain/report/held-ports.js';
import type { Gap, RookSurvey, Survey } from '../survey.js';
import { head, type DocumentHead } from './document-head.js';
import { ROOK_CONFIG, describeGap, hidesPlan, mayHideConflict } from './gaps.js';
import { helmValues, type HelmValues } from './helm-values.js';
import { assign, contestSteps } from './next-steps.js';
import { manualPhases, type Phase } from './plan-commands.js';
import { diffOf, type Hunk } from './plan-diff.js';
import { stepsOf, type Step } from './steps.js';
import { conditionOf } from './verdict.js';

export interface PlannedWorkload {
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly slot: Slot;
  readonly state: WorkloadState;
  /** Absent if the sidecar has no port. */
  readonly from?: number;
  readonly to: number;
  /** What the change restarts. */
  readonly restarts: string;
  readonly hunks: readonly Hunk[];
  readonly patch: JsonPatch;
}

export interface PlannedKey {
  readonly key: ConfigKey;
  /** Absent if it is not set. */
  readonly from?: string;
  readonly to: string;
}

export interface PlannedRook {
  readonly namespace: string;
  readonly rookVersion?: string;
  readonly provider: Provider;
  /** Absent without a CSIPortAssignment: the plan is that of an empty one. */
  readonly mode?: Mode;
  /** The ports that the sidecars are to have. */
  readonly ports: Ports;
  /** In the order in which they are written: provisioners first. */
  readonly workloads: readonly PlannedWorkload[];
  /** Of ConfigMap rook-ceph-operator-config. */
  readonly keys: readonly PlannedKey[];
  readonly helm: HelmValues;
  /** The same without the operator, one phase after the other. */
  readonly byHand: readonly Phase[];
  /** With the operator; empty if nothing is to be done for it to write. */
  readonly withOperator: readonly Step[];
  /** What no write of the operator mends. */
  readonly notes: readonly string[];
}

export interface PlanReport extends DocumentHead<'PlanReport'> {
  readonly source: string;
  /** Whether all was read that the plan depends on. */
  readonly isCertain: boolean;
  readonly summary: string;
  readonly rooks: readonly PlannedRook[];
  readonly gaps: readonly Gap[];
}

export function planReport(survey: Survey): PlanReport {
  const { source, gaps } = survey;
  const rooks = survey.rooks.map((rook) => planRook(rook, isUnread(gaps, rook)));
  const isCertain = !mayHideConflict(survey) && !gaps.some(hidesPlan);
  return { ...head('PlanReport'), source, isCertain, summary: summarize(rooks, survey, isCertain), rooks, gaps };
}

type Drifted = WorkloadPlan & Required<Pick<WorkloadPlan, 'workload' | 'assignedPort' | 'patch'>>;

/** Whether nobody knows what Rook's settings are, or whether there are any. */
function isUnread(gaps: readonly Gap[], { namespace }: RookSurvey): boolean {
  return gaps.some((gap) => gap.what === ROOK_CONFIG && hidesPlan(gap) && (gap.namespace ?? namespace) === namespace);
}

function planRook(rook: RookSurvey, isConfigUnread: boolean): PlannedRook {
  const { namespace, plan, isAssigned } = rook;
  const { rookVersion, provider } = plan;
  const drifted = plan.workloads.filter((row): row is Drifted => row.patch !== undefined);
  const pin = completePin(rook);
  const keys = keysOf(pin, rook);
  const isWritten = drifted.length > 0 || keys.length > 0;
  const ports = portsInForce(rook);
  return {
    namespace,
    ...(rookVersion === undefined ? {} : { rookVersion }),
    provider,
    ...(isAssigned ? { mode: plan.mode } : {}),
    ports,
    workloads: drifted.map(plannedWorkload),
    keys,
    helm: isWritten ? helmValues(rookVersion, provider, ports) : { values: {} },
    byHand: manualPhases({ drifted, pin: isConfigUnread && rook.observed.rookConfig === undefined ? {} : pin, rook }),
    withOperator: isWritten ? withOperator(rook, objectsOf(drifted, keys)) : [],
    notes: notesOf(rook, isConfigUnread),
  };
}

function plannedWorkload({ slotSpec, workload, state, currentPort, assignedPort, patch }: Drifted): PlannedWorkload {
  return {
    kind: slotSpec.kind,
    name: slotSpec.workload,
    slot: slotSpec.slot,
    state,
    ...(currentPort === undefined ? {} : { from: currentPort }),
    to: assignedPort,
    restarts: restartOf(workload),
    hunks: workload.sidecar === undefined ? [] : diffOf(patch, workload.sidecar),
    patch,
  };
}

function restartOf({
  kind,
  rollout: { desired, paused, onDelete, maxUnavailable = '1' },
}: Drifted['workload']): string {
  const pods = `${desired} ${desired === 1 ? 'pod' : 'pods'}`;
  if (paused) return `nothing until the rollout is resumed, then ${pods}`;
  if (onDelete) return `nothing until its pods are deleted: ${pods}`;
  return kind === 'Deployment' ? pods : `${pods}, ${maxUnavailable} at a time`;
}

/** The keys of all slots that may be moved: also of those that wait for the pods of others. */
function completePin({ observed, plan }: RookSurvey): Pin {
  const { rookConfig = { keys: {} }, rookOperator } = observed;
  if (plan.rookConfigPolicy === 'Leave' || observed.rookConfig?.deleting === true) return {};
  const rows = competing(plan.workloads);
  return planPin(rookConfig, {
    ports: portsOf(
      rows.filter(({ state }) => state !== 'PortInUse'),
      ({ assignedPort }) => assignedPort,
    ),
    currentPorts: portsOf(plan.workloads, ({ currentPort }) => currentPort),
    rookOperator,
  });
}

function portsInForce({ plan }: RookSurvey): Ports {
  return portsOf(competing(plan.workloads), ({ state, assignedPort, currentPort }) => {
    return state === 'PortInUse' ? currentPort : assignedPort;
  });
}

function portsOf(rows: readonly WorkloadPlan[], portOf: (row: WorkloadPlan) => number | undefined): Ports {
  const entries = rows.flatMap((row) => {
    const port = portOf(row);
    return port === undefined ? [] : [[row.slotSpec.slot, port] as const];
  });
  return Object.fromEntries(entries);
}

function keysOf(pin: Pin, { observed }: RookSurvey): PlannedKey[] {
  return SLOT_SPECS.flatMap(({ configKey: key }): PlannedKey[] => {
    const to = pin[key];
    const from = observed.rookConfig?.keys[key]?.value;
    return to === undefined ? [] : [{ key, ...(from === undefined ? {} : { from }), to }];
  });
}

/** As the operator's messages name them. */
function objectsOf(drifted: readonly Drifted[], keys: readonly PlannedKey[]): string[] {
  const settings = keys.length === 0 ? [] : [`ConfigMap ${ROOK_CONFIG_NAME}`];
  return [...drifted.map(({ workload: { kind, name } }) => `${kind} ${name}`), ...settings];
}

/** @param objects to be written */
function withOperator(rook: RookSurvey, objects: readonly string[]): Step[] {
  const { isAssigned, namespace, plan } = rook;
  if (!isAssigned)
    return [
      {
        text: 'Install csi-port-operator (docs/admin/install.md), and have it assign the ports here:',
        command: assign(namespace),
      },
    ];
  if (plan.mode !== 'Enforce')
    return [{ text: `spec.mode is ${plan.mode}: the operator writes this when it is Enforce.` }];
  const contest = contestSteps(rook) ?? [];
  const contested = objects.filter((object) => contest.some(({ text }) => text.includes(`${object} `)));
  if (contested.length === 0) return [{ text: 'The operator writes this by itself.' }];
  return contested.length === objects.length
    ? contest
    : [...contest, { text: 'The operator writes the rest by itself.' }];
}

function notesOf(rook: RookSurvey, isConfigUnread: boolean): string[] {
  const { plan, status } = rook;
  const ready = conditionOf(status, 'Ready');
  const unreadable = plan.workloads.flatMap(({ slotSpec, unreadable: why }) => {
    return why === undefined ? [] : [`${slotSpec.kind} ${slotSpec.workload} is not written: ${why}`];
  });
  const lacksConfig = plan.lacksRookConfig && plan.rookConfigPolicy === 'Pin' && !isConfigUnread;
  return [
    describeHeldPorts(plan),
    ...unreadable,
    lacksConfig ? `ConfigMap ${ROOK_CONFIG_NAME} is absent: the operator pins the keys when it is there` : '',
    ready?.reason === 'NoRook' || ready?.reason === 'UpstreamConflict' ? ready.message : '',
    plan.conflicts.liveness.length > 0 ? livenessNote(rook) : '',
  ].filter((note) => note !== '');
}

function livenessNote({ status }: RookSurvey): string {
  const { reason, message = '' } = conditionOf(status, 'Degraded') ?? {};
  return reason === 'LivenessConflict'
    ? message
    : 'liveness sidecars share host ports, too; to see them: kubectl csiports check';
}

function summarize(rooks: readonly PlannedRook[], { gaps }: Survey, isCertain: boolean): string {
  const written = rooks.filter(({ workloads, keys }) => workloads.length > 0 || keys.length > 0);
  const doubt = isCertain ? '' : `; not certain, as not everything was read${gapNote(gaps)}`;
  if (rooks.length === 0) return `nothing to write: no Rook was found${doubt}`;
  if (written.length === 0) return `nothing to write${doubt}`;
  return `to write: ${written.map(describeWrites).join('; ')}${doubt}`;
}

function describeWrites({ namespace, workloads, keys }: PlannedRook): string {
  const parts = [
    workloads.length === 0 ? '' : `${workloads.length} ${workloads.length === 1 ? 'workload' : 'workloads'}`,
    keys.length === 0 ? '' : `${keys.length} ${keys.length === 1 ? 'key' : 'keys'} of ${ROOK_CONFIG_NAME}`,
  ];
  return `${parts.filter((part) => part !== '').join(' and ')} in ${namespace}`;
}

function gapNote(gaps: readonly Gap[]): string {
  const [first] = gaps.filter(hidesPlan);
  return first === undefined ? '' : `: ${describeGap(first)}`;
}

/** A message as steps, for the text output. */
export function noteSteps(notes: readonly string[]): Step[] {
  return notes.flatMap(stepsOf);
}
