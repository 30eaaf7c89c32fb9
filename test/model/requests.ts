/** The operator's requests as the API server answers them (run on 1.36), and the connection that they come by. */
import { FIELD_MANAGER } from '../../src/domain/rules/api.js';
import type { JsonPatch } from '../../src/domain/rules/sidecar-port.js';
import { ApiError } from '../../src/kube/errors.js';
import { Transport, type Call } from '../../src/kube/transport.js';
import { applyPatch } from '../unit/domain/json-patch.js';
import { mergePatch } from '../unit/domain/merge-patch.js';
import type { ApiServer } from './api-server.js';
import { keyOf, type StoredObject, type Written } from './objects.js';

/** An object, or an error as the API server says it. */
export type Answer = { readonly object: StoredObject } | { readonly error: ApiError };

const OPERATOR = { manager: FIELD_MANAGER };

/** @param isRejected whether an admission policy rejects the operator's writes to the object of this name */
export function answer(server: ApiServer, call: Call, isRejected: (name: string) => boolean): Answer {
  const { name, isStatus } = targetOf(call);
  const stored = server.get(name);
  if (stored === undefined) return failed(call, 404, { reason: 'NotFound', message: `"${name}" not found` });
  if (call.method === 'GET') return { object: stored };
  const patched = patchedBy(call, stored, isStatus);
  if ('error' in patched) return patched;
  if (isRejected(name) && !isStatus) {
    const message = `admission webhook "policy.example" denied the request: leave ${name} alone`;
    return failed(call, 403, { reason: 'Forbidden', message });
  }
  if (call.query?.dryRun === 'All') return { object: server.preview(stored, patched.written, OPERATOR) };
  return { object: server.update(name, patched.written, OPERATOR) };
}

export interface RequestTarget {
  readonly namespace: string;
  /** The object's key. */
  readonly name: string;
  readonly isStatus: boolean;
}

/** Which object a request is about, and whether about its status. */
export function targetOf({ path }: Call): RequestTarget {
  const parts = path.split('/');
  const isStatus = parts.at(-1) === 'status';
  const namespace = parts[parts.indexOf('namespaces') + 1] ?? '';
  return { namespace, name: keyOf(namespace, parts.at(isStatus ? -2 : -1) ?? ''), isStatus };
}

type Patched = { readonly written: Written } | { readonly error: ApiError };

function patchedBy(call: Call, stored: StoredObject, isStatus: boolean): Patched {
  if (call.contentType === 'application/json-patch+json') return jsonPatched(call, stored);
  const patch = call.body as { metadata?: { resourceVersion?: string }; status?: object; data?: object };
  const version = patch.metadata?.resourceVersion;
  if (version !== undefined && version !== stored.metadata.resourceVersion) {
    const message = 'the object has been modified; please apply your changes to the latest version and try again';
    return failed(call, 409, { reason: 'Conflict', message });
  }
  // The subresource takes the status alone, and the object everything but the status.
  const taken = isStatus ? { status: patch.status } : { data: patch.data };
  return { written: mergePatch(stored, taken) as Written };
}

function jsonPatched(call: Call, stored: StoredObject): Patched {
  try {
    return { written: applyPatch<Written>(stored, call.body as JsonPatch) };
  } catch {
    const message = 'the server rejected our request due to an error in our request';
    return failed(call, 422, { reason: 'Invalid', message, details: {} });
  }
}

function failed({ method, path }: Call, status: number, body: object): { readonly error: ApiError } {
  return {
    error: new ApiError(`${method} ${path}`, status, JSON.stringify({ kind: 'Status', code: status, ...body })),
  };
}

/** The network's edge: what is called is handed over, and whoever has it answers when it likes, or never. */
export class HandedOver extends Transport {
  readonly #onCall: (call: Call) => Promise<unknown>;

  constructor(onCall: (call: Call) => Promise<unknown>) {
    const forRequest = (): Promise<never> => Promise.reject(new Error('nothing is sent'));
    const server = new URL('http://localhost');
    super({ server, forRequest, invalidate: () => undefined }, { userAgent: 'csi-port-operator/model' });
    this.#onCall = onCall;
  }

  override call(call: Call): Promise<unknown> {
    return this.#onCall(call);
  }
}
