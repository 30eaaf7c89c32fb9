/** The faults of the network itself, as toxiproxy does them to every connection of the operator's. */
import type { Toxic } from '../test/support/faults/toxiproxy.js';
import type { FaultKind } from './schedule.js';

/** Nothing comes through, in neither direction, and nobody is told; its end closes the connections. */
const SILENCE: readonly Toxic[] = [
  { type: 'timeout', attributes: { timeout: 0 } },
  { type: 'timeout', stream: 'upstream', attributes: { timeout: 0 } },
];

export const NETWORK_FAULTS = {
  'network silent': SILENCE,
  'network silent for longer than the lease': SILENCE,
  'network slow': [{ type: 'latency', attributes: { latency: 400, jitter: 200 } }],
  'network in pieces': [{ type: 'slicer', attributes: { average_size: 200, size_variation: 100, delay: 1_000 } }],
} as const satisfies Readonly<Partial<Record<FaultKind, readonly Toxic[]>>>;

export type NetworkFaultKind = keyof typeof NETWORK_FAULTS;

export function isNetworkFault(kind: FaultKind): kind is NetworkFaultKind {
  return kind in NETWORK_FAULTS;
}
