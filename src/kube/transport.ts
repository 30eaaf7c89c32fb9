/**
 * HTTP/1.1 to the API server over node's own client: a pool of kept-alive connections for each kind of call, and a
 * connection of its own for each watch, so that a stuck watch never holds up a write, nor slow writes the lease.
 * HTTP/1.1, as on one HTTP/2 session a half-open connection takes every stream with it (docs/decisions.md).
 */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import type { Credentials, RequestCredentials, TlsTrust } from './credentials.js';
import { ApiError, UnreachableError } from './errors.js';
import { plainPool, retire, sameTrust, securePool, type CallLane, type Lane, type Pool } from './pools.js';
import { Deadline, unlessAborted } from './deadline.js';

export type Method = 'GET' | 'POST' | 'PATCH';

/** Told of what is asked of the API server, for the metrics. Must not throw. */
export interface RequestObserver {
  /** One HTTP request; without a status there was no answer. */
  answered(method: Method, status: number | undefined): void;
  /** A call from its request to the end of its answer, or a watch until its answer began; also one that failed. */
  took(verb: Method | 'WATCH', milliseconds: number): void;
}

export interface Call {
  readonly method: Method;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** On which connections: those of another lane are not waited for. By default `calls`. */
  readonly lane?: CallLane;
  /** By default that of the transport. */
  readonly timeoutMs?: number;
}

export interface TransportOptions {
  readonly userAgent: string;
  /** For one call from request to the end of the answer, and for a watch until its first byte. */
  readonly timeoutMs?: number;
  readonly observer?: RequestObserver | undefined;
}

const DEFAULT_TIMEOUT_MS = 15_000;

export class Transport {
  readonly #credentials: Credentials;
  readonly #userAgent: string;
  readonly #timeoutMs: number;
  readonly #secure: boolean;
  readonly #observer: RequestObserver | undefined;
  #trust: TlsTrust | undefined;
  #pool: Pool | undefined;

  constructor(credentials: Credentials, options: TransportOptions) {
    this.#credentials = credentials;
    this.#userAgent = options.userAgent;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#secure = credentials.server.protocol === 'https:';
    this.#observer = options.observer;
  }

  /**
   * One call; resolves with the JSON of a 2xx answer.
   * @throws ApiError for any other answer, UnreachableError where there is none in time, the reason of `stop` where
   *   that was aborted
   */
  async call(call: Call, stop?: AbortSignal): Promise<unknown> {
    const limit = new Deadline(call.timeoutMs ?? this.#timeoutMs, stop);
    try {
      return await this.#inTime(call.method, call, limit, async () => {
        const response = await this.#answer(call, call.lane ?? 'calls', limit.signal);
        return JSON.parse(await bodyOf(response)) as unknown;
      });
    } finally {
      limit.release();
    }
  }

  /**
   * Opens a watch; resolves with its stream once the API server has accepted it.
   * @throws as call()
   */
  async watch(path: string, query: Readonly<Record<string, string>>, stop: AbortSignal): Promise<IncomingMessage> {
    const call: Call = { method: 'GET', path, query };
    const limit = new Deadline(this.#timeoutMs, stop);
    try {
      const stream = await this.#inTime('WATCH', call, limit, () => this.#answer(call, 'watches', limit.signal));
      stream.once('close', () => limit.release());
      return stream;
    } catch (error) {
      limit.release();
      throw error;
    }
  }

  /** Cuts every connection: for the end of the process. */
  close(): void {
    Object.values(this.#pool ?? {}).forEach((agent) => agent.destroy());
  }

  /** Gives `work` its time, and makes every failure of it one of the three that the callers know. */
  async #inTime<T>(verb: Method | 'WATCH', call: Call, limit: Deadline, work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    try {
      // By the signal, too: node ends a request that still waits for a connection only when it gets one.
      return await unlessAborted(work, limit.signal);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      limit.stop?.throwIfAborted();
      throw new UnreachableError(nameOf(call), limit.signal.aborted ? limit.signal.reason : error);
    } finally {
      limit.stopClock();
      this.#observer?.took(verb, performance.now() - begun);
    }
  }

  /** A token may have been replaced a moment ago: one rejection is asked again with what the credentials say then. */
  async #answer(call: Call, lane: Lane, signal: AbortSignal): Promise<IncomingMessage> {
    const first = await this.#observed(call, this.#send(call, lane, signal));
    if (first.statusCode !== 401) return this.#accept(call, first);
    first.resume();
    this.#credentials.rejected();
    return this.#accept(call, await this.#observed(call, this.#send(call, lane, signal)));
  }

  async #observed({ method }: Call, sent: Promise<IncomingMessage>): Promise<IncomingMessage> {
    let status: number | undefined;
    try {
      const response = await sent;
      status = response.statusCode;
      return response;
    } finally {
      this.#observer?.answered(method, status);
    }
  }

  async #accept(call: Call, response: IncomingMessage): Promise<IncomingMessage> {
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw new ApiError(nameOf(call), status, await bodyOf(response), response.headers['retry-after']);
  }

  async #send(call: Call, lane: Lane, signal: AbortSignal): Promise<IncomingMessage> {
    const credentials = await unlessAborted(() => this.#credentials.forRequest(), signal);
    const agent = credentials.proxy ?? this.#poolFor(credentials.trust)[lane];
    const request = (): Promise<IncomingMessage> => this.#request(call, credentials, agent, signal);
    try {
      return await request().catch((error: unknown) => {
        if (error instanceof ClosedOnReuse) return request();
        throw error;
      });
    } catch (error) {
      // The authority may be another one by now, or its file have been read while it was being written.
      this.#credentials.rejected();
      throw error;
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
      'User-Agent': this.#userAgent,
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
          ...(credentials.trust.servername === undefined ? {} : { servername: credentials.trust.servername }),
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

  /** New connections follow a rotated CA or client certificate; those in use are left to end by themselves. */
  #poolFor(trust: TlsTrust): Pool {
    if (this.#pool !== undefined && this.#trust !== undefined && sameTrust(trust, this.#trust)) return this.#pool;
    if (this.#pool !== undefined) retire(this.#pool);
    this.#trust = trust;
    this.#pool = this.#secure ? securePool(trust) : plainPool();
    return this.#pool;
  }
}

/** What node's option `signal` does, at a fifth of its price: that option watches the whole life of the stream. */
function destroyOnAbort(request: http.ClientRequest, signal: AbortSignal): void {
  const destroy = (): void => void request.destroy(signal.reason as Error);
  if (signal.aborted) destroy();
  signal.addEventListener('abort', destroy, { once: true });
  request.once('close', () => signal.removeEventListener('abort', destroy));
}

/** By events: async iteration, as of node:stream/consumers, costs as much as the request itself. */
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
 * A kept-alive connection was closed when a call went out on it, and the call is sent again. Mostly the server had closed it
 * while it was idle, and saw nothing of the call; but it may have done what was asked, and only the answer was lost: both are
 * the same reset to node. So every call must bear to be done twice. Reads and reviews store nothing. Of a workload's patch
 * the guards fail the second time, of a write to the settings, the status or the Lease the resourceVersion, and the object
 * is read again. An event is there already, by its name (events.ts); its count, and the making of the Lease, come to the same.
 */
class ClosedOnReuse extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/**
 * Node takes its own listener off a socket when the answer ends; an abort at that very moment would then be an
 * uncaught error of the socket (node 24, as run).
 */
function guard(socket: Socket): void {
  if (!socket.listeners('error').includes(ignore)) socket.on('error', ignore);
}

function ignore(): void {
  // The request has told its caller.
}
