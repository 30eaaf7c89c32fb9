/** What is wrong with the workloads of ceph-csi-operator, and what the admin does about it, by the installed version of Rook. */
import type { PortConflict, PortHolder } from '../rules/api.js';
import { driverOfWorkload, driverType } from '../rules/driver.js';
import { isCsiWorkload } from '../rules/host-network-pods.js';
import type { Plan } from '../rules/plan.js';
import { ROOK_CONFIG_NAME } from '../rules/rook-config.js';
import { isUpstreamWorkload } from '../rules/host-network-pods.js';
import { LIVENESS_CONTAINER } from '../rules/workload.js';
import {
  compatibilityOf,
  EACH_VERSION,
  LEFT_ON_1_20,
  REACHED_FROM_1_18_3,
  SEPARATE_LIVENESS,
} from './compatibility.js';
import { describeWithRemedies, listed } from './conflicts.js';
import { describeHolder } from './held-ports.js';

const OFF_THE_HOST_NETWORK = '{"spec":{"controllerPlugin":{"hostNetwork":false}}}';
const ON_THE_HOST_NETWORK = '{"spec":{"controllerPlugin":{"hostNetwork":true}}}';
/** Which of several Drivers gives way: the one that came last to Rook. */
const GIVES_WAY = ['nvmeof', 'cephfs', 'rbd'] as const;

/** With the remedy of each; also of Drivers that share no port, but should not be there. Empty if there are none. */
export function describeUpstreamConflicts(plan: Plan): string {
  const { conflicts, namespace, upstream } = plan;
  const described = describeWithRemedies(conflicts.upstream, namespace, (conflict) => remedyOf(conflict, plan));
  const isTold = conflicts.upstream.some(({ holders }) => isOfLeftBehind(holders, plan));
  if (upstream.leftBehind.length === 0 || isTold) return described;
  return [...(described === '' ? [] : [described]), deleteLeftBehind(plan)].join('; ');
}

/** Empty if there are none. */
export function describeDriversWithoutWorkloads({ upstream, namespace }: Plan): string {
  const names = upstream.withoutWorkloads;
  const [name] = names;
  if (name === undefined) return '';
  const ownerRef = JSON.stringify({ Namespace: namespace, Name: name });
  const others = names.length > 1 ? ', and so for each' : '';
  return (
    `${plural(names)} ${listed(names)} ${names.length > 1 ? 'have' : 'has'} no node plugin pod on any node. ` +
    `ceph-csi-operator renders nothing of a Driver whose CSIDriver object, as Rook's legacy mode left it, has no annotation csi.ceph.io/ownerref. ` +
    `Run: kubectl delete csidriver ${name} (it is made anew), or: kubectl annotate csidriver ${name} 'csi.ceph.io/ownerref=${ownerRef}'${others}; ` +
    `if the annotation is there, kubectl -n ${namespace} logs deploy/ceph-csi-controller-manager has the reason`
  );
}

/** Empty if there are none. */
export function describeLostHostNetwork(plan: Plan): string {
  const names = plan.upstream.withoutHostNetwork;
  if (names.length === 0) return '';
  const workloads = listed(names.map((name) => `Deployment ${name}-ctrlplugin`));
  return `no pod of ${workloads} is on the host network, which ROOK_ENFORCE_HOST_NETWORK asks for; ${hostNetworkRemedy(plan)}`;
}

function hostNetworkRemedy({ rookVersion, namespace, upstream }: Plan): string {
  switch (compatibilityOf(rookVersion, 'CephCSIOperator')?.id) {
    case 'csi-operator-pod-network':
      return REACHED_FROM_1_18_3;
    case 'csi-operator-liveness':
    case 'csi-operator-host-network':
      return `Rook sets it in each Driver with its next pass: change a key of ${ROOK_CONFIG_NAME}, for example ROOK_LOG_LEVEL`;
    case 'csi-operator-lost-host-network':
      return 'Rook v1.19.1 to v1.19.10 sets it in the OperatorConfig, from which ceph-csi-operator does not take it, and overwrites an edited Driver with its next pass: upgrade Rook to v1.20, and set spec.controllerPlugin.hostNetwork: true in each Driver there';
    case 'csi-operator-by-admin':
      return `from v1.20 on it is set in the Driver: ${upstream.withoutHostNetwork.map((name) => patchDriver(namespace, name, ON_THE_HOST_NETWORK)).join('; ')}`;
    case undefined:
    default:
      return `the remedy of each version of Rook is in ${EACH_VERSION}`;
  }
}

function remedyOf(conflict: PortConflict, plan: Plan): string {
  const { holders } = conflict;
  if (isOfLeftBehind(holders, plan)) return deleteLeftBehind(plan);
  const strangers = holders.filter(({ name }) => !isCsiWorkload(name));
  if (strangers.length > 0) return moveStrangers(strangers, plan);
  if (holders.some(({ namespace }) => namespace !== plan.namespace)) return partNamespaces(conflict, plan);
  if (holders.some(({ name }) => !isUpstreamWorkload(name))) return endTheSwitch(plan);
  return holders.some(({ container }) => container === LIVENESS_CONTAINER)
    ? partLiveness(plan)
    : partControllerPlugins(holders, plan);
}

function isOfLeftBehind(holders: readonly PortHolder[], { upstream, namespace }: Plan): boolean {
  return holders.some((holder) => {
    return holder.namespace === namespace && upstream.leftBehind.includes(driverOfWorkload(holder.name) ?? '');
  });
}

function deleteLeftBehind({ upstream: { leftBehind }, namespace }: Plan): string {
  const what = `${plural(leftBehind)} ${listed(leftBehind)} ${leftBehind.length > 1 ? 'are' : 'is'} left behind`;
  return `${what}: ROOK_USE_CSI_OPERATOR is not "true", so Rook renders these drivers itself. Run: kubectl -n ${namespace} delete drivers.csi.ceph.io ${leftBehind.join(' ')}`;
}

function moveStrangers(strangers: readonly PortHolder[], { namespace }: Plan): string {
  const names = strangers.map((holder) => describeHolder(holder, namespace));
  return `nothing of a Driver changes the port that ceph-csi-operator declares: give ${listed(names)} another port, or keep it off the nodes of the ctrlplugins`;
}

/** A slot of this Rook can be moved; of two Drivers neither can. */
function partNamespaces({ port, holders }: PortConflict, { assignment, portsInstead, namespace }: Plan): string {
  const foreign = holders.find((holder) => holder.namespace !== namespace && isUpstreamWorkload(holder.name));
  const driver = foreign === undefined ? undefined : driverOfWorkload(foreign.name);
  const offHost =
    foreign === undefined || driver === undefined
      ? "keep the two off each other's nodes by spec.controllerPlugin.affinity of their Drivers"
      : `take that ctrlplugin off the host network: ${patchDriver(foreign.namespace, driver, OFF_THE_HOST_NETWORK)}`;
  const own = Object.entries(portsInstead).filter(
    ([slot]) => assignment.ports[slot as keyof Plan['portsInstead']] === port,
  );
  if (own.length === 0) return offHost;
  const patch = JSON.stringify({ spec: { ports: Object.fromEntries(own) } });
  return `the port of a Driver is fixed. To give it the port run: kubectl -n ${namespace} patch csiports default --type=merge -p '${patch}'; or ${offHost}`;
}

function endTheSwitch({ rookVersion, namespace }: Plan): string {
  if (compatibilityOf(rookVersion, 'CephCSIOperator')?.id === 'csi-operator-by-admin') {
    return `Rook does not delete its own workloads from v1.20 on: delete them (${LEFT_ON_1_20})`;
  }
  return `in a switch to ceph-csi-operator this ends when Rook has deleted its own workloads; if it stays, kubectl -n ${namespace} logs deploy/rook-ceph-operator has the reason`;
}

function partLiveness({ rookVersion }: Plan): string {
  const row = compatibilityOf(rookVersion, 'CephCSIOperator');
  switch (row?.id) {
    case 'csi-operator-liveness':
      return row.lastingRemedy;
    case 'csi-operator-by-admin':
      return SEPARATE_LIVENESS;
    case undefined:
      return `if the Drivers are yours (Rook v1.20 and later), remove spec.liveness from them; the remedy of each version of Rook is in ${EACH_VERSION}`;
    default:
      return `this version of Rook sets no liveness port, and takes spec.liveness out of its Drivers with its next pass: change a key of ${ROOK_CONFIG_NAME}, for example ROOK_LOG_LEVEL`;
  }
}

/** Of RBD and NVMe-oF, as a rule. */
function partControllerPlugins(holders: readonly PortHolder[], { namespace }: Plan): string {
  const drivers = [...new Set(holders.flatMap(({ name }) => driverOfWorkload(name) ?? []))];
  const type = GIVES_WAY.find((candidate) => drivers.some((name) => driverType(name) === candidate));
  const driver = drivers.find((name) => driverType(name) === type) ?? drivers[0] ?? '';
  return `the ports are fixed (containerExtraArgs does not change what is declared). Take one of the ctrlplugins off the host network: ${patchDriver(namespace, driver, OFF_THE_HOST_NETWORK)}; or keep them off each other's nodes by spec.controllerPlugin.affinity`;
}

function patchDriver(namespace: string, name: string, patch: string): string {
  return `kubectl -n ${namespace} patch drivers.csi.ceph.io ${name} --type=merge -p '${patch}'`;
}

function plural({ length }: readonly string[]): string {
  return length > 1 ? 'Drivers' : 'Driver';
}
