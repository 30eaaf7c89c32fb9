/** One Lease (coordination.k8s.io/v1) as leader election uses it. */
import { FIELD_MANAGER } from '../domain/rules/api.js';
import { ApiError } from './errors.js';
import type { Call, Transport } from './transport.js';

export interface Lease {
  readonly resourceVersion: string;
  /** Empty: nobody's. */
  readonly holder: string;
  /** For how long after a renewal its holder counts on it, in milliseconds; undefined where it does not say. */
  readonly durationMs: number | undefined;
  readonly acquireTime: string;
  /** By the holder's clock: good for telling one renewal from the next, and nothing else. */
  readonly renewTime: string;
  /** How often it has changed hands. */
  readonly transitions: number;
}

/** As the API has it; times with six digits (micro-time.ts). */
export interface LeaseSpec {
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly leaseTransitions: number;
}

/** Half of the time for which a holder leads, so that a connection that has fallen silent costs a try and not the lease. */
const DEFAULT_TIMEOUT_MS = 5_000;

/** All of these reject with what Transport.call rejects with, also where `signal` is aborted. */
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

  /** Resolves with undefined where there is none. */
  async read(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      return project(await this.#transport.call({ ...this.#common, method: 'GET' }, signal));
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    }
  }

  /**
   * Makes it, without a holder. By server-side apply, since RBAC can limit that to a name, which it cannot for POST; of two
   * that make it at once neither takes anything from the other.
   */
  async create(signal: AbortSignal): Promise<Lease> {
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: this.#name }, spec: {} };
    return this.#patch('application/apply-patch+yaml', body, signal);
  }

  /** Only onto the version that was read: 409 where somebody was faster. */
  async write({ resourceVersion }: Lease, spec: LeaseSpec, signal: AbortSignal): Promise<Lease> {
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
  const { leaseDurationSeconds: seconds } = spec;
  return {
    resourceVersion: metadata.resourceVersion,
    holder: spec.holderIdentity ?? '',
    durationMs: typeof seconds === 'number' ? seconds * 1000 : undefined,
    acquireTime: spec.acquireTime ?? '',
    renewTime: spec.renewTime ?? '',
    transitions: spec.leaseTransitions ?? 0,
  };
}
