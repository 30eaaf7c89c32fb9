/** One Lease (coordination.k8s.io/v1) as leader election uses it. */
import { FIELD_MANAGER } from '../domain/rules/api.js';
import { ApiError } from './errors.js';
import type { Call, Transport } from './transport.js';

/** Name of the operator's Lease, also in the Role that allows it. */
export const LEASE_NAME = 'csi-port-operator';

/** As in the API; times have six digits (time.ts). */
interface LeaseSpec {
  /** Empty if no process holds it. */
  readonly holderIdentity: string;
  /** How long a renewal is good for; undefined if absent. */
  readonly leaseDurationSeconds: number | undefined;
  readonly acquireTime: string;
  /** By the holder's clock; only used to distinguish renewals. */
  readonly renewTime: string;
  /** Number of changes of the holder. */
  readonly leaseTransitions: number;
}

export interface Lease extends LeaseSpec {
  readonly resourceVersion: string;
}

/** Half of the time for which a holder leads, so that a hanging connection costs a try and not the lease. */
const DEFAULT_TIMEOUT_MS = 5_000;

/** Every method rejects as Transport.call does, also if `signal` is aborted. */
export class LeaseClient {
  readonly #transport: Transport;
  readonly #name: string;
  readonly #common: Pick<Call, 'path' | 'lane' | 'timeoutMs'>;

  constructor(
    transport: Transport,
    options: { readonly namespace: string; readonly name: string; readonly timeoutMs?: number },
  ) {
    const { namespace, name, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    this.#transport = transport;
    this.#name = name;
    const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
    this.#common = { path, lane: 'lease', timeoutMs };
  }

  /** Resolves with undefined if there is none. */
  async read(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      return project(await this.#transport.call({ ...this.#common, method: 'GET' }, signal));
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    }
  }

  /**
   * Creates it without a holder, by server-side apply, which RBAC can limit to a name, unlike POST. If two processes
   * create it at once, neither takes anything from the other.
   */
  async create(signal: AbortSignal): Promise<Lease> {
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: this.#name }, spec: {} };
    return this.#patch('application/apply-patch+yaml', body, signal);
  }

  /** Fails with 409 if the Lease was written since it was read. */
  async write({ resourceVersion, ...spec }: Lease, signal: AbortSignal): Promise<Lease> {
    return this.#patch('application/merge-patch+json', { metadata: { resourceVersion }, spec }, signal);
  }

  async #patch(contentType: string, body: unknown, signal: AbortSignal): Promise<Lease> {
    const query = { fieldManager: FIELD_MANAGER };
    return project(await this.#transport.call({ ...this.#common, method: 'PATCH', query, body, contentType }, signal));
  }
}

interface RawLease {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec?: { readonly [K in keyof LeaseSpec]?: LeaseSpec[K] | null };
}

function project(raw: unknown): Lease {
  const { metadata, spec = {} } = raw as RawLease;
  return {
    resourceVersion: metadata.resourceVersion,
    holderIdentity: spec.holderIdentity ?? '',
    leaseDurationSeconds: spec.leaseDurationSeconds ?? undefined,
    acquireTime: spec.acquireTime ?? '',
    renewTime: spec.renewTime ?? '',
    leaseTransitions: spec.leaseTransitions ?? 0,
  };
}
