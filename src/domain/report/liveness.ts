/** Conflicts of the liveness sidecars that Rook renders, with the remedy of each. The operator never changes these ports. */
import type { PortConflict, PortHolder } from '../rules/api.js';
import type { Plan } from '../rules/plan.js';
import { ROOK_CONFIG_NAME } from '../rules/rook-config.js';
import { LIVENESS_CONTAINER } from '../rules/workload.js';
import { compatibilityOf, LEFT_ON_1_20, livenessRemedy } from './compatibility.js';
import { describeWithRemedies } from './conflicts.js';
import { describeHolder } from './held-ports.js';

/** By the name of Rook's workload: the driver of a liveness sidecar, and the key of its port. */
const DRIVERS = [
  { name: /^csi-rbdplugin(-provisioner)?$/, key: 'CSI_RBD_LIVENESS_METRICS_PORT' },
  { name: /^csi-cephfsplugin(-provisioner)?$/, key: 'CSI_CEPHFS_LIVENESS_METRICS_PORT' },
] as const;

/** Empty if there are none. */
export function describeLivenessConflicts(plan: Plan): string {
  const { conflicts, namespace } = plan;
  return describeWithRemedies(conflicts.liveness, namespace, (conflict) => remedyOf(conflict, plan));
}

function remedyOf({ holders }: PortConflict, { namespace, rookVersion }: Plan): string {
  const own = holders.filter((holder) => holder.namespace === namespace && holder.container === LIVENESS_CONTAINER);
  const keys = own.flatMap(({ name }) => DRIVERS.find((driver) => driver.name.test(name))?.key ?? []);
  if (keys.length === 0) return `give ${describeOthers(holders, [], namespace)} another port in its own manifest`;
  if (compatibilityOf(rookVersion, 'Rook')?.id === 'legacy-left-behind') {
    return `Rook does not render these workloads any more: have ceph-csi-operator render them (${LEFT_ON_1_20})`;
  }
  // A second holder of the same key is the other workload of the driver.
  if (new Set(keys).size < keys.length) return livenessRemedy();
  const others = describeOthers(holders, own, namespace);
  const end = 'or set CSI_ENABLE_LIVENESS to "false" there (Helm: csi.enableLiveness: false)';
  const beside = others === '' ? '' : ` that ${others} does not take`;
  return `set ${keys[0]} in ${ROOK_CONFIG_NAME} to another port${beside}, ${end}`;
}

function describeOthers(holders: readonly PortHolder[], own: readonly PortHolder[], namespace: string): string {
  const others = holders.filter((holder) => !own.includes(holder));
  return others.map((holder) => describeHolder(holder, namespace)).join(' or ');
}
