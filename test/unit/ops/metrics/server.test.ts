import type { Server } from 'node:http';
import { request } from 'node:https';
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { connect as connectTls, TLSSocket, type PeerCertificate, type SecureVersion } from 'node:tls';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Verdict } from '../../../../src/ops/metrics/access.js';
import { readCertificate } from '../../../../src/ops/metrics/certificate.js';
import { serveMetrics, type MetricsServerOptions } from '../../../../src/ops/metrics/server.js';
import { createIdentity, type Identity } from '../../../support/api-server-double.js';
import { eventually, scratch } from '../../kube/connections.js';

const TEXT = 'csiports_ready{namespace="rook-ceph"} 1\n';
const scrape = (body = TEXT) =>
  Promise.resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: body });

async function listening(more: Partial<MetricsServerOptions> = {}, host = '127.0.0.1'): Promise<Server> {
  const server = (await serveMetrics({ host, port: 0 }, { scrape, ...more })) as Server;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

/** @returns the port */
async function serve(...options: Parameters<typeof listening>): Promise<number> {
  return ((await listening(...options)).address() as AddressInfo).port;
}

describe('without TLS', () => {
  test('GET /metrics has the text and its content type', async () => {
    const response = await fetch(`http://127.0.0.1:${await serve()}/metrics?name=x`);
    expect([response.status, await response.text()]).toEqual([200, TEXT]);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test.each(['/', '/metrics/', '/METRICS', '/healthz', '/metrics/../x', '/__proto__'])('404 for %s', async (path) => {
    const response = await fetch(`http://127.0.0.1:${await serve()}${path}`);
    expect([response.status, await response.text()]).toEqual([404, 'not found: this server has /metrics\n']);
  });

  test.each(['POST', 'HEAD', 'DELETE', 'OPTIONS'])('405 for %s', async (method) => {
    const response = await fetch(`http://127.0.0.1:${await serve()}/metrics`, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
  });

  test('it listens on IPv6, and with no host on all addresses', async () => {
    expect((await fetch(`http://[::1]:${await serve({}, '::1')}/metrics`)).status).toBe(200);
    const port = await serve({}, '');
    expect((await fetch(`http://[::1]:${port}/metrics`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
  });

  test('metrics that cannot be read are 500, and the next scrape is served', async () => {
    let fails = true;
    const port = await serve({ scrape: () => (fails ? Promise.reject(new Error('broken')) : scrape()) });
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect([response.status, await response.text()]).toEqual([500, 'no metrics: broken\n']);
    fails = false;
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
  });
});

describe('bounds', () => {
  const client = (port: number): Socket => {
    const socket = connectTcp(port, '127.0.0.1').on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    return socket;
  };

  test('a header beyond 16 KiB is rejected', async () => {
    const port = await serve();
    const ask = (length: number): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${'x'.repeat(length)}` } });
    expect((await ask(12_000)).status).toBe(200);
    expect((await ask(17_000)).status).toBe(431);
  });

  test('the 65th connection closes the oldest: a greedy client shuts out itself', async () => {
    const port = await serve();
    const clients = Array.from({ length: 64 }, () => client(port));
    await Promise.all(clients.map((socket) => once(socket, 'connect')));
    const oldest = once(clients[0]!.resume(), 'close');
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
    await oldest;
    expect(clients.slice(1).every((socket) => !socket.destroyed)).toBe(true);
  });

  test('one request per connection: requests sent ahead get no response', async () => {
    let scrapes = 0;
    const port = await serve({
      scrape: () => {
        scrapes += 1;
        return scrape('x');
      },
    });
    const pipelining = client(port).resume();
    pipelining.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2_000));
    await new Promise((resolve) => pipelining.once('close', resolve));
    expect(scrapes).toBe(1);
    const { headers } = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(headers.get('connection')).toBe('close');
  });

  test('slow clients are disconnected: silent, dripping, and not reading', { timeout: 20_000 }, async () => {
    const server = await listening({ scrape: () => scrape('x'.repeat(64 * 1024 * 1024)) });
    const { port } = server.address() as AddressInfo;
    const connections = promisify(server.getConnections.bind(server));
    client(port).resume();
    const dripping = client(port).resume();
    dripping.write('GET /metrics HTTP/1.1\r\nX-Slow: ');
    const drip = setInterval(() => dripping.write('x'), 500);
    onTestFinished(() => clearInterval(drip));
    client(port).pause().write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => connections()).toBe(3);
    await eventually(() => connections(), { timeout: 18_000 }).toBe(0);
  });
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly challenge: string | undefined;
  /** Of the server. */
  readonly certificate: PeerCertificate;
}

/** On a connection of its own. */
function get(port: number, ca: string, authorization?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/metrics', ca, agent: false };
    const headers = authorization === undefined ? {} : { authorization };
    const asked = request({ ...options, headers }, (response) => {
      if (!(response.socket instanceof TLSSocket)) throw new Error('no TLS');
      const certificate = response.socket.getPeerCertificate();
      void text(response).then((body) => {
        const challenge = response.headers['www-authenticate'];
        resolve({ status: response.statusCode!, body, challenge, certificate });
      });
    });
    asked.on('error', reject).end();
  });
}

describe('with TLS', () => {
  const [one, two] = [createIdentity('one'), createIdentity('two')];

  async function secured(check: (authorization?: string) => Verdict = () => ({ status: 200 })): Promise<{
    port: number;
    write: (identity: Partial<Identity>) => void;
    log: string[];
  }> {
    const { path, write: writeFile } = scratch();
    const write = ({ cert, key }: Partial<Identity>): void => {
      if (cert !== undefined) writeFile('tls.crt', cert);
      if (key !== undefined) writeFile('tls.key', key);
    };
    write(one);
    const log: string[] = [];
    const record = (_: object, message: string): void => void log.push(message);
    const port = await serve({
      secure: {
        certificate: readCertificate(path),
        access: { check: (authorization) => Promise.resolve(check(authorization)) },
        logger: { info: record, warn: record },
        reloadAfterMs: 20,
      },
    });
    return { port, write, log };
  }

  test('no client gets metrics without a right, and each gets the reason', async () => {
    const verdicts: Record<string, Verdict> = {
      'Bearer good': { status: 200 },
      'Bearer bad': { status: 403, message: 'no right' },
      'Bearer any': { status: 503, message: 'ask later' },
    };
    const { port } = await secured((header = '') => verdicts[header] ?? { status: 401, message: 'no token' });
    expect(await get(port, one.cert, 'Bearer good')).toMatchObject({ status: 200, body: TEXT });
    expect(await get(port, one.cert)).toMatchObject({ status: 401, body: 'no token\n', challenge: 'Bearer' });
    expect(await get(port, one.cert, 'Bearer bad')).toMatchObject({ status: 403, body: 'no right\n' });
    expect(await get(port, one.cert, 'Bearer any')).toMatchObject({ status: 503, body: 'ask later\n' });
  });

  test('a renewed certificate is shown to new connections, without a restart', async () => {
    const { port, write, log } = await secured();
    expect((await get(port, one.cert)).certificate.subject.CN).toBe('one');
    write(two);
    await eventually(() => log).toEqual(['Reloaded the certificate of the metrics']);
    expect((await get(port, two.cert)).certificate.subject.CN).toBe('two');
  });

  test('half a renewal leaves the old certificate, and is logged once; the other half completes it', async () => {
    const { port, write, log } = await secured();
    write({ cert: two.cert });
    await eventually(() => log).toEqual(['Cannot reload the certificate of the metrics']);
    expect((await get(port, one.cert)).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 100));
    write({ key: two.key });
    await eventually(() => log).toHaveLength(2);
    expect((await get(port, two.cert)).status).toBe(200);
  });

  test.each<[SecureVersion, boolean]>([
    ['TLSv1.1', false],
    ['TLSv1.2', true],
    ['TLSv1.3', true],
  ])('%s is accepted: %s', async (version, accepted) => {
    const { port } = await secured();
    const options = { host: '127.0.0.1', port, ca: one.cert, minVersion: version, maxVersion: version };
    // OpenSSL itself rejects 1.1 at its usual level, which would prove nothing about the server.
    const socket = connectTls({ ...options, ciphers: 'DEFAULT@SECLEVEL=0' });
    const outcome = await Promise.race([
      once(socket, 'secureConnect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    expect(outcome).toBe(accepted);
  });

  test('a handshake that is never finished is cut, and the next scrape served', { timeout: 20_000 }, async () => {
    const { port } = await secured();
    const hello = Buffer.from('16030100050100', 'hex');
    const stuck = ['', hello].map((begun) => {
      const socket = connectTcp(port, '127.0.0.1').on('error', () => undefined);
      onTestFinished(() => void socket.destroy());
      socket.resume().write(begun);
      return socket;
    });
    const cut = Promise.all(stuck.map((socket) => once(socket, 'close')));
    expect((await get(port, one.cert)).status).toBe(200);
    await cut;
  });

  test('plain HTTP gets no response', async () => {
    const { port } = await secured();
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow();
  });
});

describe('a certificate that cannot be used', () => {
  test('a folder that is missing, or lacks a file, is named', () => {
    expect(() => readCertificate('/nonexistent')).toThrow(/cannot be read: ENOENT.*\/nonexistent\/tls\.crt/);
    const { path, write } = scratch();
    write('tls.crt', createIdentity('x').cert);
    expect(() => readCertificate(path)).toThrow(/cannot be read: ENOENT.*tls\.key/);
  });

  test('a key of another certificate, or a file without PEM, is reported without its content', () => {
    const { path, write } = scratch();
    write('tls.crt', createIdentity('one').cert);
    write('tls.key', createIdentity('two').key);
    expect(() => readCertificate(path)).toThrow(`tls.crt and tls.key in ${path} are not a certificate and its key: `);
    for (const name of ['tls.key', 'tls.crt']) {
      write(name, '');
      expect(() => readCertificate(path)).toThrow('are not a certificate and its key: ');
      write('tls.crt', createIdentity('x').cert);
    }
    write('tls.key', 'secret nonsense');
    expect(() => readCertificate(path)).toThrow(
      /^(?!.*secret nonsense)tls\.crt and tls\.key in .* are not a certificate/,
    );
  });
});
