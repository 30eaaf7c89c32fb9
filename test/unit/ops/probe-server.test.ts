import http from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { serveProbes } from '../../../src/ops/probe-server.js';
import type { ProbeAnswer } from '../../../src/ops/probes.js';

const OK: ProbeAnswer = { ok: true, body: 'ok\n' };
const FAILED: ProbeAnswer = { ok: false, body: 'failed\n' };

async function serve(
  host = '127.0.0.1',
  port = 0,
): Promise<{ server: Server; port: number; state: { healthy: boolean } }> {
  const state = { healthy: true };
  const server = await serveProbes(
    { host, port },
    { '/healthz': () => (state.healthy ? OK : FAILED), '/readyz': () => FAILED },
  );
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port, state };
}

test('200 or 503 with a plain text body, asked anew each time', async () => {
  const { port, state } = await serve();
  const healthz = await fetch(`http://127.0.0.1:${port}/healthz?verbose`);
  expect(healthz.status).toBe(200);
  expect(healthz.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(await healthz.text()).toBe('ok\n');
  const readyz = await fetch(`http://127.0.0.1:${port}/readyz`);
  expect([readyz.status, await readyz.text()]).toEqual([503, 'failed\n']);
  state.healthy = false;
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(503);
});

test.each(['/', '/metrics', '/healthz/', '/HEALTHZ', '/__proto__', '/toString', '/%2e%2e/healthz'])(
  '404 for %s',
  async (path) => {
    const { port } = await serve();
    const status = await new Promise((resolve) => {
      http.get({ port, host: '127.0.0.1', path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
    });
    expect(status).toBe(404);
  },
);

test('a header beyond 4 KiB is refused', async () => {
  const { port } = await serve();
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { 'x-long': 'x'.repeat(5_000) } });
  expect(answer.status).toBe(431);
});

test('a client that sends no HTTP is shown out, and the next one served', async () => {
  const { port } = await serve();
  const client = connect(port, '127.0.0.1');
  client.write('\x16\x03\x01 hello\r\n\r\n');
  expect(await text(client)).toMatch(/^HTTP\/1\.1 400 /);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
});

test('it listens on an IPv6 address, and with no host on all addresses', async () => {
  const six = await serve('::1');
  expect((await fetch(`http://[::1]:${six.port}/healthz`)).status).toBe(200);
  const all = await serve('');
  expect((await fetch(`http://[::1]:${all.port}/healthz`)).status).toBe(200);
  expect((await fetch(`http://127.0.0.1:${all.port}/healthz`)).status).toBe(200);
});

test('an address that is in use is an error that names it', async () => {
  const { port } = await serve();
  await expect(serve('127.0.0.1', port)).rejects.toThrow(`listen EADDRINUSE: address already in use 127.0.0.1:${port}`);
});
