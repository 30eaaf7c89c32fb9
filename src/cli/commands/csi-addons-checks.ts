/**
 * The doctor's checks of csi-addons: whether the endpoint of each CSIAddonsNode has the port of its sidecar, and the manager
 * of csi-addons is connected to it.
 */
import { SLOT_SPECS, type Slot, type SlotSpec } from '../../domain/rules/slots.js';
import { isCompeting } from '../../domain/rules/workload.js';
import type { WorkloadPlan } from '../../domain/rules/workload-plan.js';
import type { RookSurvey } from '../survey.js';
import { isUnknown, worst } from './doctor-facts.js';
import type { CheckVerdict, CsiAddonsNodeFact, DoctorCheck, DoctorFacts } from './doctor-facts.js';
import { shellWord } from './shell.js';
import type { Step } from './steps.js';

/**
 * How long an endpoint may be behind: the sidecar looks every 5 minutes whether its old object is gone, and ends itself after
 * 3 (kubernetes-csi-addons 0.14).
 */
export const SETTLE_MS = 360_000;
const MAX_NAMED = 3;
/** The longest name first: the node plugin's begins those of the provisioner. */
const BY_LENGTH: readonly SlotSpec[] = [...SLOT_SPECS].sort((a, b) => b.workload.length - a.workload.length);

export interface Endpoint {
  /** Absent if it cannot be read. */
  readonly port?: number;
  /** Of pod://NAME.NAMESPACE:PORT. */
  readonly pod?: string;
  /** An IPv6 address without brackets, as sidecars before 0.12 write it: its port cannot be told from the address. */
  readonly lacksBrackets?: true;
}

export function parseEndpoint(endpoint: string): Endpoint {
  const [, pod, podPort] = /^pod:\/\/([^.:/]+)[^:/]*:(\d{1,5})$/.exec(endpoint) ?? [];
  if (pod !== undefined) return { pod, port: Number(podPort) };
  const address = endpoint.replace(/^\w+:\/\//, '');
  const port = /^(?:\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(address)?.[1];
  if (port !== undefined) return { port: Number(port) };
  return /^[\da-f:.%]*:[\da-f:.%]*:\d+$/i.test(address) ? { lacksBrackets: true } : {};
}

/** One check for each slot that has objects, and one for those of other workloads. */
export function checkCsiAddons(facts: DoctorFacts['csiAddonsNodes'], rook: RookSurvey): DoctorCheck[] {
  const title = `csi-addons in ${rook.namespace}`;
  if (isUnknown(facts)) return [{ title, verdict: 'unknown', detail: facts.unknown }];
  const own = facts.filter(({ namespace }) => namespace === rook.namespace);
  const rows = rook.plan.workloads.filter(({ workload }) => isCompeting(workload));
  if (own.length === 0) {
    return rows.length === 0 ? [] : [{ title, verdict: 'warn', detail: 'there is no CSIAddonsNode', remedy: REGISTER }];
  }
  const bySlot = Map.groupBy(own, slotOf);
  const checks = rows.map((row) => checkSlot(row, bySlot.get(row.slotSpec.slot) ?? [], rook));
  const others = bySlot.get(undefined) ?? [];
  return others.length === 0 ? checks : [...checks, checkOthers(others, rook)];
}

const REGISTER: Step = {
  text: 'A sidecar makes its own when it has started. If the pods run, their container csi-addons logs the reason.',
};

/** By its owner, by the pod of its endpoint, or by its name (0.11 and later: NODE-NAMESPACE-KIND-OWNER). */
function slotOf({ owner, endpoint, name }: CsiAddonsNodeFact): Slot | undefined {
  const { pod = '' } = parseEndpoint(endpoint);
  const isOf = ({ kind, workload }: SlotSpec): boolean =>
    (owner?.kind === kind && owner.name === workload) ||
    [owner?.kind === 'Pod' ? owner.name : '', pod, name].some((candidate) => candidate.startsWith(`${workload}-`)) ||
    name.endsWith(`-${kind.toLowerCase()}-${workload}`);
  return BY_LENGTH.find(isOf)?.slot;
}

interface Finding {
  readonly verdict: CheckVerdict;
  readonly text: string;
  readonly remedy?: Step;
}

function checkSlot(row: WorkloadPlan, nodes: readonly CsiAddonsNodeFact[], rook: RookSurvey): DoctorCheck {
  const { slotSpec, assignedPort, currentPort } = row;
  const title = `csi-addons of ${slotSpec.workload} in ${rook.namespace}`;
  if (nodes.length === 0)
    return { title, verdict: 'warn', detail: 'there is no CSIAddonsNode of it', remedy: REGISTER };
  const port = rook.isAssigned ? assignedPort : currentPort;
  const findings = nodes.map((node) => judgeNode(node, port, { row, rook }));
  return asCheck(title, findings, `${nodes.length} Connected on port ${port ?? 'unknown'}`);
}

function checkOthers(nodes: readonly CsiAddonsNodeFact[], { namespace, observed: { now } }: RookSurvey): DoctorCheck {
  const findings = nodes.map((node) => judgeState(node, now - node.createdAt < SETTLE_MS));
  return asCheck(`csi-addons of other workloads in ${namespace}`, findings, `${nodes.length} Connected`);
}

function asCheck(title: string, findings: readonly Finding[], healthy: string): DoctorCheck {
  const verdict = worst(findings.map((finding) => finding.verdict));
  const told = findings.filter((finding) => finding.verdict === verdict && finding.text !== '');
  const [first] = told;
  if (first === undefined) return { title, verdict, detail: healthy };
  const more = told.length > MAX_NAMED ? `; and ${told.length - MAX_NAMED} more` : '';
  const named = told.slice(0, MAX_NAMED).map(({ text }) => text);
  const detail = `${named.join('; ')}${more}`;
  return { title, verdict, detail, ...(first.remedy === undefined ? {} : { remedy: first.remedy }) };
}

interface Beside {
  readonly row: WorkloadPlan;
  readonly rook: RookSurvey;
}

function judgeNode(node: CsiAddonsNodeFact, port: number | undefined, { row, rook }: Beside): Finding {
  const { name, endpoint } = node;
  const read = parseEndpoint(endpoint);
  if (read.lacksBrackets === true) return withoutBrackets(node);
  if (read.port === undefined) return { verdict: 'warn', text: `${name}: ${endpoint} has no port` };
  const isSettling = isRecent(node, row, rook.observed.now);
  if (port !== undefined && read.port !== port) return oldPort(node, read.port, { port, row, isSettling });
  const found = judgeState(node, isSettling);
  const isShared = (rook.status.conflicts ?? []).some((conflict) => conflict.port === read.port);
  return found.verdict === 'ok' && isShared
    ? { verdict: 'warn', text: `${name}: ${read.port} is shared, so the sidecar of another pod may have answered` }
    : found;
}

function isRecent({ createdAt }: CsiAddonsNodeFact, { workload }: WorkloadPlan, now: number): boolean {
  return now - Math.max(createdAt, workload?.rollout.statusChangedAt ?? 0) < SETTLE_MS;
}

function withoutBrackets({ name, endpoint }: CsiAddonsNodeFact): Finding {
  const text = `${name}: ${endpoint} is an IPv6 address without brackets, to which the manager cannot connect`;
  return { verdict: 'fail', text, remedy: { text: 'Upgrade csi-addons to v0.12.0 or later, sidecar and manager.' } };
}

function oldPort(
  { namespace, name, endpoint, state = 'no state' }: CsiAddonsNodeFact,
  found: number,
  { port, row, isSettling }: { readonly port: number; readonly row: WorkloadPlan; readonly isSettling: boolean },
): Finding {
  const text = `${name}: ${endpoint} has port ${found}, and ${port} is assigned (${state})`;
  if (row.state !== 'Ready') return { verdict: 'warn', text: `${text}; the workload is ${row.state}` };
  if (isSettling) return { verdict: 'warn', text: `${text}; it may take six minutes after a rollout` };
  return { verdict: 'fail', text, remedy: removal(namespace, name) };
}

/** State is absent until the manager has looked at it. */
function judgeState({ namespace, name, state = '', message = '' }: CsiAddonsNodeFact, isSettling: boolean): Finding {
  if (state === 'Connected') return { verdict: 'ok', text: '' };
  const words = message === '' ? '' : `: ${message}`;
  const text = `${name} is ${state === '' ? 'without a state' : state}${words}`;
  if (isSettling) return { verdict: 'warn', text: `${text}; it may take six minutes after a rollout` };
  if (state === '') {
    return { verdict: 'warn', text, remedy: { text: 'Look whether the manager of csi-addons runs.' } };
  }
  return state === 'Failed' ? { verdict: 'fail', text, remedy: removal(namespace, name) } : { verdict: 'warn', text };
}

function removal(namespace: string, name: string): Step {
  return {
    text: 'Delete it if its pod is gone: the sidecar that is there makes its own anew. If it stays, a firewall may be open for 9070 alone.',
    command: `kubectl -n ${shellWord(namespace)} delete csiaddonsnode ${shellWord(name)}`,
  };
}
