/** Serves GET /metrics. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listen, SERVER_LIMITS, type BindAddress } from '../http-server.js';
import type { MetricsText } from './metrics.js';

/** A bearer token may be several KiB long. */
const MAX_HEADER_BYTES = 16 * 1024;

export interface MetricsServerOptions {
  readonly scrape: () => Promise<MetricsText>;
}

/** @throws Error of listen(), e.g. EADDRINUSE or EACCES */
export function serveMetrics(address: BindAddress, options: MetricsServerOptions): Promise<Server> {
  const server = createServer({ ...SERVER_LIMITS, maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    answer(options, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  return listen(server, address);
}

async function answer(
  { scrape }: MetricsServerOptions,
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (url.split('?')[0] !== '/metrics') refuse(response, 404, 'not found: this server has /metrics');
  else if (method !== 'GET') refuse(response.setHeader('Allow', 'GET'), 405, 'only GET is allowed');
  else {
    const { contentType, text } = await scrape();
    response.writeHead(200, { 'Content-Type': contentType }).end(text);
  }
}

function refuse(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${body}\n`);
}
