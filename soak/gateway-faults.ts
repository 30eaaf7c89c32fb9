/** The faults that happen between the operator and the API server, as the gateway does them. */
import { errorEvent, MALFORMED, reject, type Matching, type What } from '../test/support/faults/fault.js';
import type { FaultKind } from './schedule.js';

export interface GatewayFault {
  /** None: the connections are cut, and that is all. */
  readonly inject?: { readonly matching: Matching; readonly what: What };
  /** Whether all connections are cut first, so that the watches and lists come anew, into the fault. */
  readonly cut: boolean;
}

/** With the lease in reach: that it is not is a fault of its own. */
const ALL_BUT_LEASE: Matching = { where: ({ resource }) => resource !== 'leases' };
const WATCHES: Matching = { moment: 'watch' };

export const GATEWAY_FAULTS = {
  'lease out of reach': { cut: false, inject: { matching: { resource: 'leases' }, what: reject(500) } },
  'connections cut': { cut: true },
  'watches expired': { cut: true, inject: { matching: WATCHES, what: errorEvent(410) } },
  'watches told of an error': { cut: true, inject: { matching: WATCHES, what: errorEvent(500) } },
  'watches with a line cut inside': { cut: true, inject: { matching: WATCHES, what: MALFORMED } },
  'watches silent': { cut: true, inject: { matching: WATCHES, what: { kind: 'silence' } } },
  'lists cut short': { cut: true, inject: { matching: { moment: 'list' }, what: { kind: 'cut', bytes: 300 } } },
  'API server busy (429)': {
    cut: false,
    inject: { matching: ALL_BUT_LEASE, what: reject(429, { retryAfterSeconds: 2 }) },
  },
  'API server failing (500)': { cut: true, inject: { matching: ALL_BUT_LEASE, what: reject(500) } },
  'requests reset': { cut: false, inject: { matching: ALL_BUT_LEASE, what: { kind: 'reset' } } },
  'answers to writes lost': {
    cut: false,
    inject: { matching: { moment: ['patch', 'pin', 'status'] }, what: { kind: 'lose' } },
  },
  'requests slow': { cut: false, inject: { matching: ALL_BUT_LEASE, what: { kind: 'delay', ms: 800 } } },
} as const satisfies Readonly<Partial<Record<FaultKind, GatewayFault>>>;

export type GatewayFaultKind = keyof typeof GATEWAY_FAULTS;

export function isGatewayFault(kind: FaultKind): kind is GatewayFaultKind {
  return kind in GATEWAY_FAULTS;
}
