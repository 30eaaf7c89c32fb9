/** The port that a node plugin is slow to leave, while a provisioner waits for it. */
import type { HostNetworkPods } from './host-network-pods.js';
import type { WorkloadPlan } from './workload-plan.js';

/**
 * If the node plugin stayed on this port, the provisioner would be given another one, and no node would have to follow.
 *
 * @returns undefined if no provisioner is kept off by a node plugin that is stuck, or as far as is known
 */
export function portNotLeft(rows: readonly WorkloadPlan[], pods: HostNetworkPods | undefined): number | undefined {
  const nodePlugin = rows.find(({ slotSpec }) => slotSpec.kind === 'DaemonSet');
  if (nodePlugin?.state !== 'Stuck' || nodePlugin.workload === undefined || pods === undefined) return undefined;
  const taken = new Set<number>();
  for (const { ports } of pods.of(nodePlugin.workload)) for (const { port } of ports) taken.add(port);
  const waiting = rows.find(({ slotSpec: { kind }, state, assignedPort }) => {
    return kind === 'Deployment' && state !== 'Ready' && assignedPort !== undefined && taken.has(assignedPort);
  });
  return waiting?.assignedPort;
}
