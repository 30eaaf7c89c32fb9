/** The port that a node plugin is slow to leave, while a provisioner waits for it. */
import type { Ports } from './assignment.js';
import type { HostNetworkPods } from './host-network-pods.js';
import type { WorkloadPlan } from './workload-plan.js';

/**
 * If the node plugin stayed on this port, the provisioner would be given another one, and no node would have to follow. That is
 * not so of a port that the spec names: no two slots may have the same there.
 *
 * @param wanted spec.ports
 * @returns undefined if no provisioner is kept off by a node plugin that is stuck, or as far as is known
 */
export function portNotLeft(
  rows: readonly WorkloadPlan[],
  pods: HostNetworkPods | undefined,
  wanted: Ports = {},
): number | undefined {
  const nodePlugin = rows.find(({ slotSpec }) => slotSpec.kind === 'DaemonSet');
  if (nodePlugin?.state !== 'Stuck' || nodePlugin.workload === undefined || pods === undefined) return undefined;
  const taken = new Set<number>();
  for (const { ports } of pods.of(nodePlugin.workload)) for (const { port } of ports) taken.add(port);
  const provisioners = rows.filter(({ slotSpec: { kind }, state }) => kind === 'Deployment' && state !== 'Ready');
  const given = provisioners.flatMap(({ assignedPort }) => assignedPort ?? []);
  return given.find((port) => taken.has(port) && !Object.values(wanted).includes(port));
}
