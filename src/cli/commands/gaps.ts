/** What was not read, and whether it can hide a conflict. */
import { ASSIGNMENT_KIND, ASSIGNMENT_NAME } from '../../domain/rules/api.js';
import { ROOK_CONFIG_NAME } from '../../domain/rules/rook-config.js';
import { ROOK_OPERATOR_NAME } from '../../domain/rules/rook-operator.js';
import type { Gap, Survey } from '../survey.js';

const ASSIGNMENTS = `${ASSIGNMENT_KIND} ${ASSIGNMENT_NAME}`;
export const ROOK_CONFIG = `ConfigMap ${ROOK_CONFIG_NAME}`;
const ROLLOUTS = 'Status of the workloads';

/** Conflicts are read from workloads and pods: without these objects the findings say less, and none is missed. */
const WITHOUT_CONFLICTS: ReadonlySet<string> = new Set([
  ASSIGNMENTS,
  ROOK_CONFIG,
  `Deployment ${ROOK_OPERATOR_NAME}`,
  'Drivers of ceph-csi-operator',
  ROLLOUTS,
]);

/** What the API server does not serve is not there. */
export function hidesConflict({ what, reason }: Gap): boolean {
  return reason !== 'NotServed' && !WITHOUT_CONFLICTS.has(what);
}

/** The ports that are planned depend on all that there is, but for how far the pods are. */
export function hidesPlan({ what, reason }: Gap): boolean {
  return reason !== 'NotServed' && what !== ROLLOUTS;
}

export function hidesAssignments({ what, reason }: Gap): boolean {
  return reason !== 'NotServed' && (what === ASSIGNMENTS || !WITHOUT_CONFLICTS.has(what));
}

/** Whether a conflict may be there that was not found. */
export function mayHideConflict({ gaps, rooks }: Survey): boolean {
  return gaps.some(hidesConflict) || rooks.some(({ plan }) => plan.hasRook && !plan.knowsPods);
}

/** As "Pods on the host network in rook-ceph: pods is forbidden". */
export function describeGap({ what, namespace, message }: Gap): string {
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  return `${what}${where}: ${message}`;
}
