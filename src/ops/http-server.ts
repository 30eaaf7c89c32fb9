/** Listens for probes and scrapes, with bounds: a slow, silent or surplus client costs next to nothing. */
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

/** For createServer: a request must arrive within five seconds. */
export const SERVER_LIMITS = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  headersTimeout: REQUEST_TIMEOUT_MS,
  // By default node checks only every 30 s.
  connectionsCheckingInterval: REQUEST_TIMEOUT_MS,
} as const;

/** Serves one request per connection: each request that is sent ahead would cost a whole response in memory. */
function onePerConnection(handle: RequestListener): RequestListener {
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
 * Serves requests, and closes the oldest connection if there are too many: a greedy client shuts out itself, and not the
 * kubelet.
 *
 * @throws Error of listen(), e.g. EADDRINUSE or EACCES
 */
export async function listen<T extends HttpServer | HttpsServer>(
  server: T,
  { host, port }: BindAddress,
  handle: RequestListener,
): Promise<T> {
  server.on('request', onePerConnection(handle));
  server.timeout = REQUEST_TIMEOUT_MS;
  // Oldest first.
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
  // Without a host node listens on all IPv6 and IPv4 addresses, or on IPv4 alone if there is no IPv6.
  server.listen(host === '' ? { port } : { host, port }, () => resolve(server));
  return promise;
}
