/** Serves the probes over HTTP, bounded: kubelet is the only client it has to please. */
import { createServer, type Server } from 'node:http';
import type { ProbeAnswer } from './probes.js';

export interface BindAddress {
  /** Empty: all addresses, IPv6 and IPv4. */
  readonly host: string;
  readonly port: number;
}

const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 5_000;

export interface Probes {
  readonly '/healthz': () => ProbeAnswer;
  readonly '/readyz': () => ProbeAnswer;
}

/** @throws Error of listen(), e.g. EADDRINUSE or EACCES */
export async function serveProbes({ host, port }: BindAddress, probes: Probes): Promise<Server> {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 4096 },
    (request, response) => {
      const path = (request.url ?? '').split('?')[0];
      const probe = path === '/healthz' || path === '/readyz' ? probes[path] : undefined;
      const { ok, body } = probe?.() ?? { ok: false, body: 'not found: this server has /healthz and /readyz\n' };
      response.writeHead(probe === undefined ? 404 : ok ? 200 : 503, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(body);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  server.once('error', reject);
  // An empty host listens on all IPv6 and IPv4 addresses, and on IPv4 alone where there is no IPv6.
  server.listen(host === '' ? { port } : { host, port }, () => resolve(server));
  return promise;
}
