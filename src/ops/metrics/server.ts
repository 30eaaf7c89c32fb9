/** Serves GET /metrics: without TLS to any client, with TLS to authorized ones. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import { messageOf, type Log } from '../../log.js';
import { listen, SERVER_LIMITS, type BindAddress } from '../http-server.js';
import type { ScrapeAccess } from './access.js';
import { followCertificate, TLS_OPTIONS, type Certificate } from './certificate.js';
import type { MetricsText } from './registry.js';

export interface SecureOptions {
  readonly certificate: Certificate;
  readonly access: Pick<ScrapeAccess, 'check'>;
  readonly logger: Pick<Log, 'info' | 'warn'>;
  readonly reloadAfterMs?: number;
}

export interface MetricsServerOptions {
  readonly scrape: () => Promise<MetricsText>;
  /** Undefined: plain HTTP for any client. */
  readonly secure?: SecureOptions | undefined;
}

/** A bearer token may be several KiB long. */
const LIMITS = { ...SERVER_LIMITS, maxHeaderSize: 16 * 1024 } as const;
const HANDSHAKE_TIMEOUT_MS = 5_000;

/** @throws Error of listen(), e.g. EADDRINUSE or EACCES */
export async function serveMetrics(
  address: BindAddress,
  { scrape, secure }: MetricsServerOptions,
): Promise<Server | https.Server> {
  const handle = handler(scrape, secure?.access);
  if (secure === undefined) return listen(createServer(LIMITS), address, handle);
  const { certificate, logger, reloadAfterMs } = secure;
  const { cert, key } = certificate;
  const options = { ...LIMITS, cert, key, ...TLS_OPTIONS, handshakeTimeout: HANDSHAKE_TIMEOUT_MS };
  const server = await listen(https.createServer(options), address, handle);
  const following = followCertificate(server, certificate, logger, reloadAfterMs);
  server.once('close', () => clearInterval(following));
  return server;
}

interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

const PLAIN_TEXT = { 'Content-Type': 'text/plain; charset=utf-8' };

function handler(scrape: () => Promise<MetricsText>, access: Pick<ScrapeAccess, 'check'> | undefined) {
  const respond = async ({ method, url = '', headers }: IncomingMessage): Promise<HttpResponse> => {
    if (url.split('?')[0] !== '/metrics') return { status: 404, body: 'not found: this server has /metrics\n' };
    if (method !== 'GET') return { status: 405, headers: { Allow: 'GET' }, body: 'only GET is allowed\n' };
    const verdict = await access?.check(headers.authorization);
    if (verdict !== undefined && verdict.status !== 200) {
      const challenge = verdict.status === 401 ? { headers: { 'WWW-Authenticate': 'Bearer' } } : {};
      return { status: verdict.status, ...challenge, body: `${verdict.message}\n` };
    }
    const { contentType, text } = await scrape();
    return { status: 200, headers: { 'Content-Type': contentType }, body: text };
  };
  return (request: IncomingMessage, response: ServerResponse): void => {
    void respond(request)
      .catch((error: unknown) => ({ status: 500, headers: {}, body: `no metrics: ${messageOf(error)}\n` }))
      .then(({ status, headers, body }) => response.writeHead(status, { ...PLAIN_TEXT, ...headers }).end(body));
  };
}
