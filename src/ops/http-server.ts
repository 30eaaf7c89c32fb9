/** Listening for probes and scrapes, bounded: a client that is slow, silent or one of too many costs next to nothing. */
import type { RequestListener, Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';

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

/**
 * One request a connection: of those that a client sends ahead each would be answered at once, at the cost of a whole
 * answer in memory.
 */
export function onePerConnection(handle: RequestListener): RequestListener {
  const served = new WeakSet<Socket>();
  return (request, response) => {
    if (served.has(request.socket)) {
      request.socket.destroy();
      return;
    }
    served.add(request.socket);
    response.shouldKeepAlive = false;
    handle(request, response);
  };
}

/**
 * Where there are too many connections the oldest goes: whoever keeps them busy shuts out himself, and not the kubelet.
 *
 * @throws Error of listen(), e.g. EADDRINUSE or EACCES
 */
export async function listen<T extends HttpServer | HttpsServer>(server: T, { host, port }: BindAddress): Promise<T> {
  server.timeout = REQUEST_TIMEOUT_MS;
  // In the order of their coming.
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const [oldest] = open;
    if (open.size > MAX_CONNECTIONS) oldest?.destroy();
  });
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  server.once('error', (error) =>
    reject(new Error(`cannot listen on ${host}:${port}: ${error.message}`, { cause: error })),
  );
  // An empty host listens on all IPv6 and IPv4 addresses, and on IPv4 alone where there is no IPv6.
  server.listen(host === '' ? { port } : { host, port }, () => resolve(server));
  return promise;
}
