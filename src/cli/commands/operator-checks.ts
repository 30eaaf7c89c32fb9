/** The doctor's checks of what the operator needs: rights, the CRD, its Deployment and Lease, and the Rook that it serves. */
import { API_GROUP, API_VERSION, ASSIGNMENT_PLURAL } from '../../domain/rules/api.js';
import type { RookSurvey } from '../survey.js';
import type {
  CheckVerdict,
  CrdFact,
  DoctorCheck,
  DoctorFacts,
  Fact,
  LeaseFact,
  OperatorFact,
  RightFact,
} from './doctor-facts.js';
import { isUnknown, worst } from './doctor-facts.js';
import { assign } from './next-steps.js';
import { shellWord } from './shell.js';
import { stepsOf } from './steps.js';
import { conditionOf, isConflict, judge } from './verdict.js';

const CRD = `CustomResourceDefinition ${ASSIGNMENT_PLURAL}.${API_GROUP}`;
const INSTALL = { text: 'docs/admin/install.md has the steps, with kustomize and with Helm.' };
const LOGS = 'logs -l app.kubernetes.io/name=csi-port-operator --prefix --tail=100';
const MAX_NAMED = 5;
/** What a Lease without a duration is taken to have: the default of the operator's. */
const DEFAULT_LEASE_SECONDS = 15;
/** Clocks differ: a Lease counts as left only when it is this much older than it may be. */
const TOLERANCE_SECONDS = 45;

export function checkRights(rights: DoctorFacts['rights']): DoctorCheck {
  const title = 'Your rights to read';
  if (isUnknown(rights)) return { title, verdict: 'unknown', detail: rights.unknown };
  const missing = rights.filter(({ allowed }) => !allowed);
  const [first] = missing;
  if (first === undefined) return { title, verdict: 'ok', detail: `all ${rights.length} that this plugin uses` };
  const named = missing.slice(0, MAX_NAMED).map(describeRight).join('; ');
  const more = missing.length > MAX_NAMED ? `; and ${missing.length - MAX_NAMED} more` : '';
  return {
    title,
    verdict: 'unknown',
    detail: `missing: ${named}${more}`,
    remedy: { text: 'Have them granted. To see one:', command: canI(first) },
  };
}

function describeRight({ verb, resource, namespace }: RightFact): string {
  return `${verb} ${resource} ${namespace === undefined ? 'in all namespaces' : `in ${namespace}`}`;
}

function canI({ verb, resource, namespace }: RightFact): string {
  const where = namespace === undefined ? '-A' : `-n ${shellWord(namespace)}`;
  return `kubectl auth can-i ${shellWord(verb)} ${shellWord(resource)} ${where}`;
}

export function checkCrd(crd: Fact<CrdFact>): DoctorCheck {
  if (isUnknown(crd)) return { title: CRD, verdict: 'unknown', detail: crd.unknown };
  if (!crd.installed) return { title: CRD, verdict: 'fail', detail: 'not installed', remedy: INSTALL };
  if (crd.servedVersions.includes(API_VERSION)) return { title: CRD, verdict: 'ok', detail: `serves ${API_VERSION}` };
  const served = crd.servedVersions.length === 0 ? 'no version' : crd.servedVersions.join(', ');
  const detail = `serves ${served}, and not ${API_VERSION}, which the operator reads`;
  return { title: CRD, verdict: 'fail', detail, remedy: { text: 'Apply the crds folder of the release that runs.' } };
}

export function checkOperator(operators: DoctorFacts['operators']): DoctorCheck {
  const title = 'Operator';
  if (isUnknown(operators)) return { title, verdict: 'unknown', detail: operators.unknown };
  const [first] = operators;
  if (first === undefined) return { title, verdict: 'fail', detail: 'not installed', remedy: INSTALL };
  const verdict = worst(operators.map(operatorVerdict));
  const detail = operators.map(describeOperator).join('; ');
  if (verdict === 'ok') return { title, verdict, detail };
  const { namespace } = operators.find((operator) => operatorVerdict(operator) === verdict) ?? first;
  const command = `kubectl -n ${shellWord(namespace)} ${LOGS}`;
  return { title, verdict, detail, remedy: { text: 'Its log has the reason:', command } };
}

function operatorVerdict({ replicas, readyReplicas }: OperatorFact): CheckVerdict {
  if (readyReplicas === 0) return 'fail';
  return readyReplicas < replicas ? 'warn' : 'ok';
}

function describeOperator({ namespace, name, image, replicas, readyReplicas }: OperatorFact): string {
  return `Deployment ${namespace}/${name}, ${image}, ${readyReplicas} of ${replicas} ready`;
}

/** One check for each Lease. An operator that runs without leader election has none. */
export function checkLeases({ leases, operators }: DoctorFacts, now: number): DoctorCheck[] {
  const title = 'Leader';
  if (isUnknown(leases)) return [{ title, verdict: 'unknown', detail: leases.unknown }];
  if (leases.length > 0) return leases.map((lease) => checkLease(lease, now));
  const isInstalled = !isUnknown(operators) && operators.some(({ readyReplicas }) => readyReplicas > 0);
  return isInstalled ? [{ title, verdict: 'warn', detail: 'no Lease, as with --leader-elect=false' }] : [];
}

function checkLease(lease: LeaseFact, now: number): DoctorCheck {
  const { namespace, name, holder = '', renewedAt, leaseDurationSeconds = DEFAULT_LEASE_SECONDS } = lease;
  const title = `Leader (Lease ${namespace}/${name})`;
  const remedy = { text: 'The log has the reason:', command: `kubectl -n ${shellWord(namespace)} ${LOGS}` };
  if (holder === '' || renewedAt === undefined) {
    return { title, verdict: 'warn', detail: 'nobody holds it, so nothing is written', remedy };
  }
  const age = Math.round((now - renewedAt) / 1000);
  const detail = `${holder}, renewed ${describeAge(age)}`;
  return age <= leaseDurationSeconds + TOLERANCE_SECONDS
    ? { title, verdict: 'ok', detail }
    : { title, verdict: 'fail', detail: `${detail}: nobody leads, so nothing is written`, remedy };
}

/** Of a clock that is behind the age is negative. */
function describeAge(seconds: number): string {
  if (seconds < 120) return `${Math.max(0, seconds)} s ago`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
}

/** Its version with the lasting remedy, its assignment, and whether its ports are distinct. */
export function checkRook(rook: RookSurvey): DoctorCheck[] {
  const { namespace, status, plan } = rook;
  if (!plan.hasRook && status.provider === 'None') return [misplaced(rook)];
  const { rookVersion, advice = 'no CSI workloads' } = status;
  const title = `Rook in ${namespace}`;
  return [
    rookVersion === undefined
      ? { title, verdict: 'warn', detail: `its version is not known; ${advice}` }
      : { title, verdict: 'ok', detail: advice },
    checkAssignment(rook),
  ];
}

function misplaced({ namespace, status }: RookSurvey): DoctorCheck {
  const [step] = stepsOf(conditionOf(status, 'Ready')?.message ?? '');
  return {
    title: `CSIPortAssignment in ${namespace}`,
    verdict: 'fail',
    detail: 'there is no Rook in this namespace',
    ...(step === undefined ? {} : { remedy: step }),
  };
}

function checkAssignment(rook: RookSurvey): DoctorCheck {
  const { namespace, isAssigned, plan } = rook;
  const title = `Ports in ${namespace}`;
  const { verdict, summary: detail } = judge(rook);
  if (isConflict(verdict)) {
    const command = isAssigned ? `kubectl csiports status -n ${shellWord(namespace)}` : assign(namespace);
    const text = isAssigned ? 'What is in the way:' : 'Nobody may move them: make a CSIPortAssignment.';
    return { title, verdict: 'fail', detail, remedy: { text, command } };
  }
  if (verdict === 'CannotTell') return { title, verdict: 'unknown', detail };
  const isQuiet = verdict === 'NoConflict' && (isAssigned || plan.provider !== 'Rook');
  const note = isAssigned ? '' : '; no CSIPortAssignment keeps them';
  return { title, verdict: isQuiet || verdict === 'NoRook' ? 'ok' : 'warn', detail: `${detail}${note}` };
}
