/**
 * HTTP/1.1 to the API server over node's own client: one pool of kept-alive connections for calls, and a connection
 * of its own for each watch, so that a stuck watch never holds up a write. HTTP/1.1, as on one HTTP/2 session a
 * half-open connection takes every stream with it (docs/decisions.md).
 */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { createSecureContext } from 'node:tls';
import type { Credentials, RequestCredentials, TlsTrust } from './credentials.js';
import { ApiError, UnreachableError } from './errors.js';

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
}

export interface TransportOptions {
  readonly userAgent: string;
  /** For one call from request to the end of the answer, and for a watch until its first byte. */
  readonly timeoutMs?: number;
  readonly observer?: RequestObserver | undefined;
}

interface Pool {
  readonly calls: http.Agent;
  readonly watches: http.Agent;
}

const DEFAULT_TIMEOUT_MS = 15_000;
const MAX_CALL_SOCKETS = 8;
/** Shorter than the API server's own 90 s, so that a call never goes out on a connection that it is just closing. */
const IDLE_SOCKET_MS = 60_000;
const TCP_KEEPALIVE_MS = 15_000;

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
    return this.#inTime(call.method, call, stop, async (signal) => {
      const response = await this.#answer(call, 'calls', signal);
      return JSON.parse(await text(response)) as unknown;
    });
  }

  /**
   * Opens a watch; resolves with its stream once the API server has accepted it.
   * @throws as call()
   */
  async watch(path: string, query: Readonly<Record<string, string>>, stop: AbortSignal): Promise<IncomingMessage> {
    const call: Call = { method: 'GET', path, query };
    return this.#inTime('WATCH', call, stop, (signal) => this.#answer(call, 'watches', signal));
  }

  /** Cuts every connection: for the end of the process. */
  close(): void {
    this.#pool?.calls.destroy();
    this.#pool?.watches.destroy();
  }

  /** Gives `work` its time, and makes every failure of it one of the three that the callers know. */
  async #inTime<T>(
    verb: Method | 'WATCH',
    call: Call,
    stop: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const begun = performance.now();
    const limit = new AbortController();
    const timer = setTimeout(() => {
      limit.abort(new Error(`no answer within ${this.#timeoutMs} ms`));
    }, this.#timeoutMs);
    try {
      return await work(stop === undefined ? limit.signal : AbortSignal.any([stop, limit.signal]));
    } catch (error) {
      if (error instanceof ApiError) throw error;
      stop?.throwIfAborted();
      throw new UnreachableError(nameOf(call), limit.signal.aborted ? limit.signal.reason : error);
    } finally {
      clearTimeout(timer);
      this.#observer?.took(verb, performance.now() - begun);
    }
  }

  /** A token may have been replaced a moment ago: one refusal is asked again with what the credentials say then. */
  async #answer(call: Call, pool: keyof Pool, signal: AbortSignal): Promise<IncomingMessage> {
    const first = await this.#observed(call, this.#send(call, pool, signal));
    if (first.statusCode !== 401) return this.#accept(call, first);
    first.resume();
    this.#credentials.refused();
    return this.#accept(call, await this.#observed(call, this.#send(call, pool, signal)));
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
    throw new ApiError(nameOf(call), status, await text(response), response.headers['retry-after']);
  }

  async #send(call: Call, pool: keyof Pool, signal: AbortSignal): Promise<IncomingMessage> {
    const credentials = await unlessAborted(this.#credentials.forRequest(), signal);
    const agent = credentials.proxy ?? this.#poolFor(credentials.trust)[pool];
    try {
      return await this.#request(call, credentials, agent, signal);
    } catch (error) {
      if (!(error instanceof ClosedWhileIdle)) throw error;
      return this.#request(call, credentials, agent, signal);
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
          signal,
          ...(credentials.trust.servername === undefined ? {} : { servername: credentials.trust.servername }),
        },
        resolve,
      );
      request.once('socket', guard);
      request.on('error', (error: NodeJS.ErrnoException) => {
        reject(request.reusedSocket && error.code === 'ECONNRESET' ? new ClosedWhileIdle(error) : error);
      });
      request.end(body);
    });
  }

  /** New connections follow a rotated CA or client certificate; those in use are left to end by themselves. */
  #poolFor(trust: TlsTrust): Pool {
    if (this.#pool !== undefined && this.#trust !== undefined && sameTrust(trust, this.#trust)) return this.#pool;
    if (this.#pool !== undefined) Object.values(this.#pool).forEach(retire);
    this.#trust = trust;
    this.#pool = this.#secure ? securePool(trust) : plainPool();
    return this.#pool;
  }
}

/** An exec plugin may hang: the wait for it ends with the call. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function nameOf({ method, path }: Call): string {
  return `${method} ${path}`;
}

/** The server closed a kept-alive connection just when a call went out on it: nothing was processed, so ask again. */
class ClosedWhileIdle extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

function sameTrust(a: TlsTrust, b: TlsTrust): boolean {
  return (
    a === b ||
    (a.ca === b.ca &&
      a.cert === b.cert &&
      a.key === b.key &&
      a.servername === b.servername &&
      a.rejectUnauthorized === b.rejectUnauthorized)
  );
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

/** Closes the idle connections of a pool now, and the others as soon as they are idle. */
function retire(agent: http.Agent): void {
  agent.maxFreeSockets = 0;
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}

function securePool({ ca, cert, key, rejectUnauthorized }: TlsTrust): Pool {
  // One secure context for all connections: parsing the CA for each costs milliseconds.
  const secureContext = createSecureContext({
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
  const common = {
    secureContext,
    keepAlive: true,
    keepAliveMsecs: TCP_KEEPALIVE_MS,
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
  return {
    calls: new https.Agent({ ...common, maxSockets: MAX_CALL_SOCKETS, timeout: IDLE_SOCKET_MS }),
    watches: new https.Agent(common),
  };
}

function plainPool(): Pool {
  return {
    calls: new http.Agent({ keepAlive: true, maxSockets: MAX_CALL_SOCKETS, timeout: IDLE_SOCKET_MS }),
    watches: new http.Agent({ keepAlive: true, keepAliveMsecs: TCP_KEEPALIVE_MS }),
  };
}
