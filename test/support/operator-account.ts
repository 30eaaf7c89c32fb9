/** The operator's own account as config/ makes it, and rights by which its roles are known to be in force. */
import type { ResourceRight } from './access.js';

export const OPERATOR_NAMESPACE = 'csi-port-operator-system';
/** Of the ServiceAccount, the Deployment and the Lease. */
export const OPERATOR_NAME = 'csi-port-operator';
/** How the API server names the operator in its audit log. */
export const OPERATOR_USER = `system:serviceaccount:${OPERATOR_NAMESPACE}:${OPERATOR_NAME}`;

const ASSIGNMENT = { group: 'csiports.io', resource: 'csiportassignments', name: 'default' };

// Each is taken up when the whole of its role and binding is.
export const TO_READ: ResourceRight = { verb: 'list', ...ASSIGNMENT };
export const TO_LEAD: ResourceRight = {
  verb: 'patch',
  group: 'coordination.k8s.io',
  resource: 'leases',
  name: OPERATOR_NAME,
  namespace: OPERATOR_NAMESPACE,
};

export function toWriteTheStatus(namespace: string): ResourceRight {
  return { verb: 'patch', ...ASSIGNMENT, subresource: 'status', namespace };
}
