/**
 * HTTP/1.1 to the API server over node's own client. Each kind of call has a pool of kept-alive connections, and each
 * watch its own connection: a stuck watch never delays a write, nor a slow write the lease. HTTP/2 is not used, as a
 * half-open connection takes every stream of its session with it (docs/adr/0015-http-1-1-by-nodes-own-client.md).
 */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Credentials, RequestCredentials, TlsTrust } from './credentials.js';
import { ApiError, UnreachableError } from './errors.js';
import { Deadline, unlessAborted } from './deadline.js';
import { plainPool, retire, securePool, type CallLane, type Lane, type Pool } from './pools.js';

export type Method = 'GET' | 'POST' | 'PATCH';

/** Records the requests to the API server, for the metrics. Must not throw. */
export interface RequestObserver {
  /** One HTTP request; the status is undefined if there was no response. */
  responded(method: Method, status: number | undefined): void;
  /** A call until the end of its response, or a watch until the start of it; also one that failed. */
  took(verb: Method | 'WATCH', milliseconds: number): void;
}

export interface Call {
  readonly method: Method;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Pool of connections, independent of the other pools. By default `calls`. */
  readonly lane?: CallLane;
  /** By default that of the transport. */
  readonly timeoutMs?: number;
}

export interface TransportOptions {
  readonly userAgent: string;
  /** For a call until the end of its response, and for a watch until the start of it. */
  readonly timeoutMs?: number;
  readonly observer?: RequestObserver | undefined;
}

const DEFAULT_TIMEOUT_MS = 15_000;

export class Transport {
  readonly #credentials: Credentials;
  readonly #options: TransportOptions;
  readonly #timeoutMs: number;
  readonly #secure: boolean;
  #trust: TlsTrust | undefined;
  #pool: Pool | undefined;

  constructor(credentials: Credentials, options: TransportOptions) {
    this.#credentials = credentials;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#secure = credentials.server.protocol === 'https:';
  }

  /**
   * Makes one call and resolves with the JSON of a 2xx response.
   * @throws ApiError for any other response, UnreachableError if there is none in time, the reason of `stop` if aborted
   */
  async call(call: Call, stop?: AbortSignal): Promise<unknown> {
    const deadline = new Deadline(call.timeoutMs ?? this.#timeoutMs, stop);
    const json = await this.#withDeadline(call.method, call, deadline, async () => {
      const response = await this.#sendAuthorized(call, call.lane ?? 'calls', deadline.signal);
      return JSON.parse(await bodyOf(response)) as unknown;
    });
    deadline.release();
    return json;
  }

  /** Opens a watch and resolves with its stream once the API server has accepted it. @throws as call() */
  async watch(path: string, query: Readonly<Record<string, string>>, stop: AbortSignal): Promise<IncomingMessage> {
    const call: Call = { method: 'GET', path, query };
    const deadline = new Deadline(this.#timeoutMs, stop);
    const stream = await this.#withDeadline('WATCH', call, deadline, () =>
      this.#sendAuthorized(call, 'watches', deadline.signal),
    );
    stream.once('close', () => deadline.release());
    return stream;
  }

  /** Closes every connection, at the end of the process. */
  close(): void {
    Object.values(this.#pool ?? {}).forEach((agent) => agent.destroy());
  }

  /** Runs `work` until its deadline. If it fails, the deadline is released, and the error is one that call() documents. */
  async #withDeadline<T>(verb: Method | 'WATCH', call: Call, deadline: Deadline, work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    try {
      // Also by the signal: node ends a request that still waits for a connection only when it gets one.
      return await unlessAborted(work, deadline.signal);
    } catch (error) {
      deadline.release();
      if (error instanceof ApiError) throw error;
      deadline.stop?.throwIfAborted();
      throw new UnreachableError(nameOf(call), deadline.signal.aborted ? deadline.signal.reason : error);
    } finally {
      deadline.stopClock();
      this.#options.observer?.took(verb, performance.now() - begun);
    }
  }

  /** Repeats a call after one 401, with fresh credentials: the token may just have been rotated. */
  async #sendAuthorized(call: Call, lane: Lane, signal: AbortSignal): Promise<IncomingMessage> {
    let response = await this.#send(call, lane, signal);
    if (response.statusCode === 401) {
      response.resume();
      this.#credentials.invalidate();
      response = await this.#send(call, lane, signal);
    }
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw new ApiError(nameOf(call), status, await bodyOf(response), response.headers['retry-after']);
  }

  async #send(call: Call, lane: Lane, signal: AbortSignal): Promise<IncomingMessage> {
    let status: number | undefined;
    try {
      const credentials = await unlessAborted(() => this.#credentials.forRequest(), signal);
      const agent = credentials.proxy ?? this.#poolFor(credentials.trust)[lane];
      const request = (): Promise<IncomingMessage> => this.#request(call, credentials, agent, signal);
      const response = await request().catch((error: unknown) => {
        if (error instanceof ClosedOnReuse) return request();
        throw error;
      });
      status = response.statusCode;
      return response;
    } catch (error) {
      // The CA may have been rotated, or its file read during a write.
      this.#credentials.invalidate();
      throw error;
    } finally {
      this.#options.observer?.responded(call.method, status);
    }
  }

  #request(
    call: Call,
    credentials: RequestCredentials,
    agent: http.Agent,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const { server } = this.#credentials;
    const base = server.pathname === '/' ? '' : server.pathname.replace(/\/$/, '');
    const query = call.query === undefined ? '' : `?${new URLSearchParams(call.query).toString()}`;
    const headers: Record<string, string | number> = {
      Accept: 'application/json',
      'User-Agent': this.#options.userAgent,
      ...credentials.headers,
    };
    if (body !== undefined) {
      headers['Content-Type'] = call.contentType ?? 'application/json';
      headers['Content-Length'] = Buffer.byteLength(body);
    }
    return new Promise((resolve, reject) => {
      const request = (this.#secure ? https : http).request(
        {
          protocol: server.protocol,
          hostname: server.hostname.replace(/^\[|\]$/g, ''),
          port: server.port === '' ? undefined : server.port,
          path: `${base}${call.path}${query}`,
          method: call.method,
          headers,
          agent,
          servername: credentials.trust.servername,
        },
        resolve,
      );
      request.once('socket', guard);
      destroyOnAbort(request, signal);
      request.on('error', (error: NodeJS.ErrnoException) => {
        reject(request.reusedSocket && error.code === 'ECONNRESET' ? new ClosedOnReuse(error) : error);
      });
      request.end(body);
    });
  }

  /** New connections follow a rotated CA or client certificate; those in use end by themselves. */
  #poolFor(trust: TlsTrust): Pool {
    if (this.#pool !== undefined) {
      if (trust === this.#trust || isDeepStrictEqual(trust, this.#trust)) return this.#pool;
      retire(this.#pool);
    }
    this.#trust = trust;
    this.#pool = this.#secure ? securePool(trust) : plainPool();
    return this.#pool;
  }
}

/** Does what node's option `signal` does, at a fifth of the cost: that option watches the stream to its end. */
function destroyOnAbort(request: http.ClientRequest, signal: AbortSignal): void {
  const destroy = (): void => void request.destroy(signal.reason as Error);
  if (signal.aborted) destroy();
  signal.addEventListener('abort', destroy, { once: true });
  request.once('close', () => signal.removeEventListener('abort', destroy));
}

/** Reads by events: async iteration, as in node:stream/consumers, costs as much as the request itself. */
async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  await finished(response, { writable: false });
  return Buffer.concat(chunks).toString();
}

function nameOf({ method, path }: Call): string {
  return `${method} ${path}`;
}

/**
 * A kept-alive connection was closed when a call went out on it, and the call is sent again. Usually the server had closed
 * it while it was idle. If only the response was lost, node reports the same reset, so every call must be repeatable.
 * Reads and reviews store nothing. The guards of a workload's patch fail the second time, and so does the resourceVersion
 * of a write to the settings, the status or the Lease; the object is then read again. An event already exists by its name
 * (events.ts). Its count and the creation of the Lease are idempotent.
 */
class ClosedOnReuse extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/** Node removes its own listener when a response ends; an abort just then would be an uncaught error (node 24). */
function guard(socket: Socket): void {
  if (!socket.listeners('error').includes(ignore)) socket.on('error', ignore);
}

function ignore(): void {
  // The request has reported the error already.
}
