/** The address of the API server, and the trust in it. */
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { InClusterCredentials, type Credentials, type TlsTrust } from '../../../src/kube/credentials.js';
import { createIdentity, type ApiServerDouble } from '../../support/api-server-double.js';
import { bearer, connect, failure, scratch, startDouble, transportTo, eventually } from './connections.js';

const GET = { method: 'GET', path: '/api/v1/x' } as const;

function trusting(server: ApiServerDouble, trust: TlsTrust): Credentials {
  return bearer(server, { forRequest: () => Promise.resolve({ headers: {}, trust }) });
}

test('the server may have an IPv6 address', async () => {
  const { server, transport } = await connect({ host: '::1' });
  server.handler = (_, exchange) => exchange.json(200, {});
  await transport.call(GET);
  expect(server.requests[0]!.headers.host).toBe(`[::1]:${server.port}`);
});

test.each(['/k8s/clusters/c-1', '/k8s/clusters/c-1/'])('the server may have a path: %s', async (path) => {
  const server = await startDouble();
  server.handler = (_, exchange) => exchange.json(200, {});
  const transport = transportTo(bearer(server, { server: new URL(path, server.url) }));
  await transport.call({ ...GET, query: { limit: '1' } });
  expect(server.requests[0]).toMatchObject({ path: '/k8s/clusters/c-1/api/v1/x', query: { limit: '1' } });
});

test('the server may speak plain HTTP, as kubectl proxy does', async () => {
  const { server, transport } = await connect({ plain: true });
  server.handler = (_, exchange) => exchange.json(200, { plain: true });
  expect(await transport.call(GET)).toEqual({ plain: true });
  await transport.call(GET);
  expect(server.connections).toBe(1);
});

test('a server with an untrusted CA gets no request, unless trust is waived', async () => {
  const server = await startDouble();
  server.handler = (_, exchange) => exchange.json(200, {});
  const other = createIdentity('another-ca').cert;
  const error = await failure(transportTo(trusting(server, { ca: other })).call(GET));
  expect(error.cause).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  expect(server.requests).toEqual([]);
  expect(await transportTo(trusting(server, { rejectUnauthorized: false })).call(GET)).toEqual({});
});

test('the certificate is checked against tls-server-name', async () => {
  const server = await startDouble({ identity: createIdentity('inner.example') });
  server.handler = (_, exchange) => exchange.json(200, {});
  const ca = server.identity.cert;
  const error = await failure(transportTo(trusting(server, { ca, servername: 'outer.example' })).call(GET));
  expect(error.cause).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  expect(await transportTo(trusting(server, { ca, servername: 'inner.example' })).call(GET)).toEqual({});
});

test('a client certificate is shown', async () => {
  const server = await startDouble();
  server.handler = (_, exchange) => exchange.json(200, {});
  const client = createIdentity('admin');
  await transportTo(trusting(server, { ca: server.identity.cert, ...client })).call(GET);
  expect(server.requests[0]!.client).toBe('admin');
});

test('a rotated token goes out on the existing connection', async () => {
  const server = await startDouble();
  server.handler = (_, exchange) => exchange.json(200, {});
  const { path, write } = scratch();
  write('namespace', 'system');
  write('ca.crt', server.identity.cert);
  write('token', 'first\n');
  const inPod = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(server.port) };
  const credentials = new InClusterCredentials(inPod, path);
  const transport = transportTo(credentials);
  await transport.call(GET);
  write('token', 'second\n');
  credentials.invalidate();
  await transport.call(GET);
  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
  expect(server.connections).toBe(1);
});

test('after a rotation of the CA, calls and watches go out on new connections, and those in hand are finished', async () => {
  const server = await startDouble();
  const ca = server.identity.cert;
  let trust: TlsTrust = { ca };
  const transport = transportTo(bearer(server, { forRequest: () => Promise.resolve({ headers: {}, trust }) }));
  const inHand: (() => void)[] = [];
  server.handler = (request, exchange) => {
    if (request.path === '/slow') inHand.push(() => exchange.json(200, { slow: true }));
    else if (request.path === '/watch') {
      exchange.push('first');
      inHand.push(
        () => exchange.push(' second'),
        () => exchange.end(),
      );
    } else exchange.json(200, {});
  };
  const watch = await transport.watch('/watch', {}, new AbortController().signal);
  const slow = transport.call({ method: 'GET', path: '/slow' });
  await transport.call(GET);
  await eventually(() => inHand.length).toBe(3);
  const before = server.connections;

  trust = { ca: `${createIdentity('next-ca').cert}${ca}` };
  await transport.call(GET);
  expect(server.connections).toBe(before + 1);
  for (const proceed of inHand) proceed();
  expect(await slow).toEqual({ slow: true });
  expect(await text(watch)).toBe('first second');
  await eventually(() => server.openConnections).toBe(1);
});

test('a CA that is read again and is equal changes nothing', async () => {
  const server = await startDouble();
  server.handler = (_, exchange) => exchange.json(200, {});
  const ca = server.identity.cert;
  const transport = transportTo(bearer(server, { forRequest: () => Promise.resolve({ headers: {}, trust: { ca } }) }));
  for (let call = 0; call < 3; call += 1) await transport.call(GET);
  expect(server.connections).toBe(1);
});
