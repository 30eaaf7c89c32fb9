import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';

export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
  finalizers?: string[];
  managedFields?: { manager?: string; operation?: string; subresource?: string; fieldsV1?: object }[];
}

/** Any object as it is in JSON. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** The body of a rejection, a metav1.Status. */
export interface StatusBody {
  message?: string;
  reason?: string;
  code?: number;
  details?: { causes?: { reason?: string; message?: string; field?: string }[] };
}

export class AdminApiError extends Error {
  readonly status: number;
  readonly body: StatusBody;

  constructor(request: string, status: number, body: StatusBody) {
    super(`${request} answered ${status}: ${body.message ?? 'no message'}`);
    this.name = 'AdminApiError';
    this.status = status;
    this.body = body;
  }
}

export interface DeleteOptions {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
}

const REQUEST_TIMEOUT_MS = 30_000;

/** What tests set up and look at a cluster with: JSON in, JSON out, as the administrator, and nothing of the operator's code. */
export class AdminApi {
  readonly #server: string;
  readonly #token: string;
  #agent: Agent;

  constructor(server: string, ca: string, token: string) {
    this.#server = server;
    this.#token = token;
    this.#agent = agentTrusting(ca);
  }

  /** From now on the API server is another one's. */
  trust(ca: string): void {
    this.close();
    this.#agent = agentTrusting(ca);
  }

  get<T extends object = KubeObject>(path: string): Promise<T> {
    return this.#json<T>('GET', path);
  }

  async getOrUndefined<T extends object = KubeObject>(path: string): Promise<T | undefined> {
    try {
      return await this.get<T>(path);
    } catch (error) {
      if (error instanceof AdminApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** The items; the API server leaves out their apiVersion and kind. */
  async list<T extends object = KubeObject>(path: string): Promise<T[]> {
    const { items } = await this.get<{ items: T[] }>(path);
    return items;
  }

  create<T extends object = KubeObject>(path: string, object: T): Promise<T> {
    return this.#json<T>('POST', path, object);
  }

  /** PUTs exactly what is given. */
  replace<T extends object = KubeObject>(path: string, object: T): Promise<T> {
    return this.#json<T>('PUT', path, object);
  }

  patch<T extends object = KubeObject>(
    path: string,
    body: object,
    contentType = 'application/merge-patch+json',
  ): Promise<T> {
    return this.#json<T>('PATCH', path, body, contentType);
  }

  /** Answers the deleted object or a Status, as the API server does. */
  delete(path: string, options: DeleteOptions = {}): Promise<object> {
    const defaults = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' };
    return this.#json('DELETE', path, { ...defaults, ...options });
  }

  /** For what is no JSON: /readyz, /metrics. */
  async getText(path: string): Promise<string> {
    const response = await this.#send('GET', path);
    return bodyOf(`GET ${path}`, response);
  }

  /** Drops every connection. */
  close(): void {
    this.#agent.destroy();
  }

  async #json<T>(method: string, path: string, body?: object, contentType = 'application/json'): Promise<T> {
    const response = await this.#send(method, path, body === undefined ? undefined : JSON.stringify(body), contentType);
    return JSON.parse(await bodyOf(`${method} ${path}`, response)) as T;
  }

  #send(method: string, path: string, body?: string, contentType?: string): Promise<IncomingMessage> {
    const headers: Record<string, string> = {
      authorization: `Bearer ${this.#token}`,
      accept: 'application/json',
      'user-agent': 'control-plane-admin',
    };
    if (body !== undefined) {
      headers['content-type'] = contentType!;
      headers['content-length'] = String(Buffer.byteLength(body));
    }
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    return new Promise((resolve, reject) => {
      request(`${this.#server}${path}`, { method, headers, agent: this.#agent, signal }, resolve)
        .on('error', reject)
        .end(body);
    });
  }
}

/** Idle connections go before the API server closes them (90 s): a request on a closing one would fail. */
function agentTrusting(ca: string): Agent {
  return new Agent({ ca, keepAlive: true, timeout: REQUEST_TIMEOUT_MS });
}

async function bodyOf(request: string, response: IncomingMessage): Promise<string> {
  const body = await text(response);
  const status = response.statusCode!;
  if (status >= 300) throw new AdminApiError(request, status, statusBody(body));
  return body;
}

function statusBody(body: string): StatusBody {
  try {
    return JSON.parse(body) as StatusBody;
  } catch {
    return { message: body };
  }
}
