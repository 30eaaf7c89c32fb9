/** Serves the probes over HTTP, for the kubelet. */
import { createServer, type Server } from 'node:http';
import { listen, onePerConnection, SERVER_LIMITS, type BindAddress } from './http-server.js';
import type { ProbeResponse } from './probes.js';

export interface Probes {
  readonly '/healthz': () => ProbeResponse;
  readonly '/readyz': () => ProbeResponse;
}

/** @throws Error of listen(), e.g. EADDRINUSE or EACCES */
export function serveProbes(address: BindAddress, probes: Probes): Promise<Server> {
  const listener = onePerConnection((request, response) => {
    const path = (request.url ?? '').split('?')[0];
    const probe = path === '/healthz' || path === '/readyz' ? probes[path] : undefined;
    const { ok, body } = probe?.() ?? { ok: false, body: 'not found: this server has /healthz and /readyz\n' };
    response.writeHead(probe === undefined ? 404 : ok ? 200 : 503, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(body);
  });
  return listen(createServer({ ...SERVER_LIMITS, maxHeaderSize: 4096 }, listener), address);
}
