/** Ports of the spec that others hold: who, where, and which ports are free instead. */
import type { PortConflict, PortHolder } from '../rules/api.js';
import type { Assignment, Ports } from '../rules/assignment.js';
import type { Claim } from '../rules/claims.js';
import type { Plan } from '../rules/plan.js';
import type { WorkloadPlan } from '../rules/workload-plan.js';
import { SIDECAR_CONTAINER, isListenable } from '../rules/slots.js';
import { sanitize } from './sanitize.js';

const MAX_NAMED = 3;
/** Longer than any that the API server has checked; the name of a pod's owner it has not. */
const MAX_HOLDER = 500;

/** A slot whose port somebody else holds stays on the one that it has: to render the other one would evict the holder. */
export function portsInForce({ ports, staying }: Assignment): Ports {
  const open = Object.entries(staying).filter(([, port]) => isListenable(port));
  return { ...ports, ...Object.fromEntries(open) };
}

/** Empty if there are none. A port that is held is not written: the slot stays where it is. */
export function describeHeldPorts(plan: Plan): string {
  const held = plan.workloads.filter(({ state }) => state === 'PortInUse');
  if (held.length === 0) return '';
  const found = held.map((row) => describeHeldPort(row, plan.namespace));
  return `${found.join('; ')}${remedy(plan)}`;
}

/** As "DaemonSet default/node-agent (agent)"; the own namespace and the container csi-addons are not named. */
export function describeHolder({ namespace, kind, name, container }: PortHolder, own: string): string {
  const note = container === SIDECAR_CONTAINER ? '' : ` (${container})`;
  return sanitize(`${kind} ${namespace === own ? '' : `${namespace}/`}${name}${note}`, MAX_HOLDER);
}

/** As " on node-1, node-2 and 3 more nodes"; empty if none are known. */
export function describeNodes({
  nodes = [],
  nodeCount = nodes.length,
}: Pick<PortConflict, 'nodes' | 'nodeCount'>): string {
  const named = nodes.slice(0, MAX_NAMED);
  const more = nodeCount > named.length ? ` and ${nodeCount - named.length} more nodes` : '';
  return named.length === 0 ? '' : ` on ${named.join(', ')}${more}`;
}

function describeHeldPort({ slotSpec, assignedPort, currentPort, heldBy = [] }: WorkloadPlan, own: string): string {
  const where = `${slotSpec.kind} ${slotSpec.workload} stays on ${currentPort ?? 'no port'}`;
  if (assignedPort === undefined) return `no port from 9070 to 9099 is free, so ${where}`;
  const holders = heldBy.slice(0, MAX_NAMED).map((claim) => describeClaim(claim, own));
  const more = heldBy.length > MAX_NAMED ? ` and ${heldBy.length - MAX_NAMED} more` : '';
  const held = `host port ${assignedPort} of spec.ports.${slotSpec.slot} is held by ${holders.join(', ')}${more}`;
  return currentPort === assignedPort
    ? `${held}, beside which no pod of ${slotSpec.kind} ${slotSpec.workload} can run`
    : `${held}, so ${where}, and moves when the port is free`;
}

function describeClaim({ holder, nodes = [] }: Claim, own: string): string {
  return `${describeHolder(holder, own)}${describeNodes({ nodes })}`;
}

function remedy({ freePorts, namespace }: Plan): string {
  if (Object.keys(freePorts).length === 0) return '; set spec.ports to ports that are free';
  const patch = JSON.stringify({ spec: { ports: freePorts } });
  return `; to take free ports instead: kubectl -n ${namespace} patch csiports default --type=merge -p '${patch}'`;
}
