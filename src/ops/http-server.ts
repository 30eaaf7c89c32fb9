/** Listening for probes and scrapes, bounded: a client that is slow, silent or one of too many costs next to nothing. */
import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';

export interface BindAddress {
  /** Empty: all addresses, IPv6 and IPv4. */
  readonly host: string;
  readonly port: number;
}

const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 5_000;

/** For createServer: a request has five seconds to arrive, and its answer is to be taken without such a pause. */
export const SERVER_LIMITS = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  headersTimeout: REQUEST_TIMEOUT_MS,
  // By itself node looks for requests that take too long every 30 s.
  connectionsCheckingInterval: REQUEST_TIMEOUT_MS,
} as const;

/** @throws Error of listen(), e.g. EADDRINUSE or EACCES */
export async function listen<T extends HttpServer | HttpsServer>(server: T, { host, port }: BindAddress): Promise<T> {
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = REQUEST_TIMEOUT_MS;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  server.once('error', reject);
  // An empty host listens on all IPv6 and IPv4 addresses, and on IPv4 alone where there is no IPv6.
  server.listen(host === '' ? { port } : { host, port }, () => resolve(server));
  return promise;
}
