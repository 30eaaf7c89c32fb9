/** What the status says of what lies outside the namespace: where Rook is, and what cannot be seen. */
import type { Plan } from '../rules/plan.js';

const MAX_NAMED = 8;

export function describeNoRook({ namespace, rooksElsewhere }: Plan): string {
  const what = "Rook's operator and its CSI workloads are not in this namespace";
  if (rooksElsewhere.length === 0)
    return `${what}, and were seen in no other; make the CSIPortAssignment in the namespace of Rook's operator`;
  const named = rooksElsewhere.slice(0, MAX_NAMED).join(', ');
  const more = rooksElsewhere.length > MAX_NAMED ? ` and ${rooksElsewhere.length - MAX_NAMED} more` : '';
  return `${what}, but were seen in ${named}${more}; make the CSIPortAssignment there, where the operator needs config/rbac/rook-namespace (Helm: rookNamespaces), and delete this one: kubectl -n ${namespace} delete csiports default`;
}

/** Empty if they are known. */
export function describeUnknownPods({ knowsPods }: Plan): string {
  if (knowsPods) return '';
  return '; pods on the host network cannot be listed, so the ports that others hold are not known; if the right to list them is missing, apply config/rbac/host-network-pods (Helm: hostNetworkPods.enabled)';
}
