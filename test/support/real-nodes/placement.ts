/** On which nodes the pods of a provisioner may be: by labels, as an admin chooses them for Rook. */
import { specOf } from '../slots.js';
import type { Slot } from '../../../src/domain/rules/slots.js';
import type { RealCluster } from './real-cluster.js';

/** For its pod template; before the first allowOn() no node will do. */
export function nodeSelector(slot: Slot): Record<string, string> {
  return { [labelOf(slot)]: 'yes' };
}

/** Of pods that come from now on: those that are there stay. */
export async function allowOn(
  { controlPlane, nodes }: RealCluster,
  slot: Slot,
  names: readonly string[],
): Promise<void> {
  for (const { name } of nodes) {
    const labels = { [labelOf(slot)]: names.includes(name) ? 'yes' : null };
    await controlPlane.api.patch<object>(`/api/v1/nodes/${name}`, { metadata: { labels } });
  }
}

function labelOf(slot: Slot): string {
  return `example.com/${specOf(slot).workload}`;
}
