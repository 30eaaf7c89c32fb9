import http from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Server } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { serveProbes, type ProbeResponse } from '../../../src/ops/probes.js';
import { eventually } from '../kube/connections.js';

const OK: ProbeResponse = { ok: true, body: 'ok\n' };
const FAILED: ProbeResponse = { ok: false, body: 'failed\n' };

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

test('200 or 503 with a plain text body, checked at each request', async () => {
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

test('a header beyond 4 KiB is rejected', async () => {
  const { port } = await serve();
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { 'x-long': 'x'.repeat(5_000) } });
  expect(response.status).toBe(431);
});

test('a client that sends no HTTP is disconnected, and the next one served', async () => {
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

describe('hostile clients', () => {
  const client = (port: number): Socket => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  /** All of the response until the server closes the connection. */
  const responseTo = (port: number, ...sent: readonly string[]): Promise<string> => {
    const socket = client(port);
    for (const part of sent) socket.write(part);
    return text(socket).catch(() => 'cut');
  };

  test.each([
    ['HTTP/1.0', 'GET /healthz HTTP/1.0\r\n\r\n', 200],
    ['HTTP/1.1 without a host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['HTTP/2 without its preface being understood', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['HEAD', 'HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n', 200],
    ['OPTIONS', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', 404],
    ['a body with GET', `GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello`, 200],
    ['a body without an end', `POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nhello`, 200],
    [
      'chunks without an end',
      `POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
      200,
    ],
    ['two lengths', 'GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['Expect: 100-continue', 'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n', 100],
    ['another expectation', 'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: much\r\n\r\n', 417],
    ['an upgrade', 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 200],
    ['an address of 8 KiB', `GET /${'x'.repeat(8_192)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ['a header that is folded', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\r\n\tb\r\n\r\n', 400],
    ['a NUL in a header', 'GET /healthz HTTP/1.1\r\nHost: x\u0000\r\n\r\n', 400],
  ])('%s: gets a response, and the connection is closed', { timeout: 20_000 }, async (_, request, status) => {
    const { server, port } = await serve();
    expect(await responseTo(port, request)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    const connections = promisify(server.getConnections.bind(server));
    await eventually(() => connections(), { timeout: 12_000 }).toBe(0);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });

  test('CONNECT: cut without a response', async () => {
    const { port } = await serve();
    expect(await responseTo(port, 'CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
  });

  test('headers are limited in number, too', async () => {
    const { port } = await serve();
    const headers = Array.from({ length: 1_500 }, () => 'a:\r\n').join('');
    expect(await responseTo(port, `GET /healthz HTTP/1.1\r\nHost: x\r\n${headers}\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('the 65th connection closes the oldest, and the kubelet is served', async () => {
    const { port } = await serve();
    const clients = Array.from({ length: 64 }, () => client(port));
    await Promise.all(clients.map((socket) => once(socket, 'connect')));
    const oldest = once(clients[0]!.resume(), 'close');
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    clients[0]!.end();
    await oldest;
  });

  test('requests sent ahead get no response', async () => {
    const { port } = await serve();
    const responses = await responseTo(port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(500));
    expect(responses.split('HTTP/1.1').length - 1).toBeLessThanOrEqual(1);
  });

  test('silent and dripping clients are disconnected', { timeout: 20_000 }, async () => {
    const { server, port } = await serve();
    const connections = promisify(server.getConnections.bind(server));
    const silent = client(port).resume();
    const dripping = client(port).resume();
    for (const socket of [silent, dripping]) socket.on('end', () => socket.end());
    dripping.write('GET /healthz HTTP/1.1\r\nX-Slow: ');
    const drip = setInterval(() => dripping.write('x'), 500);
    onTestFinished(() => clearInterval(drip));
    await eventually(() => connections()).toBe(2);
    await eventually(() => connections(), { timeout: 18_000 }).toBe(0);
  });
});
