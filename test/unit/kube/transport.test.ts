import { getEventListeners } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { ApiError, UnreachableError } from '../../../src/kube/errors.js';
import { bearer, connect, failure, startDouble, TOKEN, transportTo, eventually } from './connections.js';

const GET = { method: 'GET', path: '/api/v1/x' } as const;

test('a call carries method, path, query, headers and body, and resolves with the JSON of the response', async () => {
  const { server, transport } = await connect();
  server.handler = (_, exchange) => exchange.json(201, { made: true });
  const body = { note: 'Grüße' };
  const response = await transport.call({ method: 'POST', path: '/apis/a', query: { fieldManager: 'm n' }, body });
  expect(response).toEqual({ made: true });
  const [request] = server.requests;
  expect(request).toMatchObject({ method: 'POST', path: '/apis/a', query: { fieldManager: 'm n' } });
  expect(JSON.parse(request!.body)).toEqual(body);
  expect(request!.headers).toMatchObject({
    accept: 'application/json',
    authorization: `Bearer ${TOKEN}`,
    'user-agent': 'csi-port-operator/test',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(JSON.stringify(body))),
  });
});

test('a call without a body has no headers of one; a patch names its own type', async () => {
  const { server, transport } = await connect();
  server.handler = (_, exchange) => exchange.json(200, {});
  await transport.call(GET);
  await transport.call({ method: 'PATCH', path: '/p', body: [], contentType: 'application/json-patch+json' });
  const [get, patch] = server.requests;
  expect(get!.headers).not.toHaveProperty('content-type');
  expect(patch!.headers['content-type']).toBe('application/json-patch+json');
});

test('calls one after the other share a connection; at most eight are open at once', async () => {
  const { server, transport } = await connect();
  server.handler = (_, exchange) => exchange.json(200, {});
  for (let call = 0; call < 10; call += 1) await transport.call(GET);
  expect(server.connections).toBe(1);
  await Promise.all(Array.from({ length: 40 }, () => transport.call(GET)));
  expect(server.requests).toHaveLength(50);
  expect(server.connections).toBe(8);
});

test('a watch has its own connection, so that calls go on beside it', async () => {
  const { server, transport } = await connect();
  server.handler = (request, exchange) => {
    if (request.query.watch === 'true') exchange.push('{}\n');
    else exchange.json(200, {});
  };
  const stop = new AbortController();
  // More than there are connections for calls.
  const opening = Array.from({ length: 10 }, () => transport.watch('/w', { watch: 'true' }, stop.signal));
  const streams = await Promise.all(opening);
  await transport.call(GET);
  await transport.call(GET);
  const used = server.requests.map(({ path, connection }) => `${path} ${connection}`);
  expect(new Set(used).size).toBe(11);
  expect(server.connections).toBe(11);
  stop.abort();
  for (const stream of streams) await failure(text(stream));
});

test('a response that does not come in time is UnreachableError with that reason', async () => {
  const { server, transport } = await connect({ timeoutMs: 60 });
  server.handler = () => undefined;
  const error = await failure(transport.call(GET));
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error.message).toBe('GET /api/v1/x: no response within 60 ms');
});

test('a response that stops half-way is given up in time as well', async () => {
  const { server, transport } = await connect({ timeoutMs: 60 });
  server.handler = (_, exchange) => exchange.push('{"half":');
  const error = await failure(transport.call(GET));
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error.message).toBe('GET /api/v1/x: no response within 60 ms');
});

test('a watch has to open in time, and then may be silent for any time', async () => {
  const { server, transport } = await connect({ timeoutMs: 500 });
  server.handler = () => undefined;
  const { signal } = new AbortController();
  const error = await failure(transport.watch('/w', {}, signal));
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error.message).toBe('GET /w: no response within 500 ms');

  server.handler = (_, exchange) => {
    exchange.push();
    setTimeout(() => {
      exchange.push('late');
      exchange.end();
    }, 800);
  };
  expect(await text(await transport.watch('/w', {}, signal))).toBe('late');
});

test('stop ends a call and a watch, before, during and after the response, with its own reason', async () => {
  const { server, transport } = await connect();
  const reason = new Error('shutting down');
  const aborted = AbortSignal.abort(reason);
  expect(await failure(transport.call(GET, aborted))).toBe(reason);
  expect(await failure(transport.watch('/w', {}, aborted))).toBe(reason);
  expect(server.requests).toEqual([]);

  const stop = new AbortController();
  server.handler = () => stop.abort(reason);
  expect(await failure(transport.call(GET, stop.signal))).toBe(reason);

  const later = new AbortController();
  server.handler = (_, exchange) => exchange.push('{');
  const stream = await transport.watch('/w', {}, later.signal);
  later.abort(reason);
  await failure(text(stream));
  await eventually(() => server.openConnections).toBe(0);
});

test('a call that is stopped when its credentials are read is not sent', async () => {
  const server = await startDouble();
  server.handler = (_, exchange) => exchange.json(200, {});
  const stop = new AbortController();
  const credentials = bearer(server);
  const transport = transportTo({
    ...credentials,
    forRequest: () => {
      const known = credentials.forRequest();
      stop.abort(new Error('shutting down'));
      return known;
    },
  });
  expect((await failure(transport.call({ ...GET, path: '/stopped' }, stop.signal))).message).toBe('shutting down');
  await transport.call({ ...GET, path: '/next' });
  expect(server.requests.map(({ path }) => path)).toEqual(['/next']);
});

test('deadline and stop also end a call that waits for a connection', async () => {
  const { server, transport } = await connect();
  server.handler = () => undefined;
  const slow = Array.from({ length: 8 }, () => failure(transport.call(GET)));
  await eventually(() => server.requests.length).toBe(8);
  expect((await failure(transport.call({ ...GET, timeoutMs: 50 }))).message).toContain('no response within 50 ms');
  const stop = new AbortController();
  const ninth = failure(transport.call(GET, stop.signal));
  stop.abort(new Error('shutting down'));
  expect((await ninth).message).toBe('shutting down');
  expect(server.requests).toHaveLength(8);
  server.cutAll();
  await Promise.all(slow);
});

test('a request lets go of the signal that outlives it', async () => {
  const { server, transport } = await connect();
  server.handler = (_, exchange) => exchange.json(200, {});
  const { signal } = new AbortController();
  for (let count = 0; count < 20; count += 1) await transport.call(GET, signal);
  for (let count = 0; count < 20; count += 1) await text(await transport.watch('/w', {}, signal));
  server.handler = (_, exchange) => exchange.reject(500, 'InternalError');
  for (let count = 0; count < 20; count += 1) await failure(transport.watch('/w', {}, signal));
  await eventually(() => getEventListeners(signal, 'abort').length).toBe(0);
});

test('a call with a rejected token is repeated once, with a fresh one', async () => {
  const server = await startDouble();
  const tokens = ['old', 'new'];
  const transport = transportTo(
    bearer(server, {
      forRequest: () =>
        Promise.resolve({
          headers: { Authorization: `Bearer ${tokens[0]!}` },
          trust: { ca: server.identity.cert },
        }),
      invalidate: () => void tokens.shift(),
    }),
  );
  server.handler = ({ headers }, exchange) => {
    if (headers.authorization === 'Bearer new') exchange.json(200, { ok: true });
    else exchange.reject(401, 'Unauthorized');
  };
  expect(await transport.call(GET)).toEqual({ ok: true });
  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
});

test('credentials are read again for the next call if no connection succeeded', async () => {
  const server = await startDouble();
  const authorities = ['-----BEGIN CERTIFICATE-----\nMIIB', server.identity.cert];
  const transport = transportTo(
    bearer(server, {
      forRequest: () => Promise.resolve({ headers: {}, trust: { ca: authorities[0]! } }),
      invalidate: () => void authorities.shift(),
    }),
  );
  server.handler = (_, exchange) => exchange.json(200, { ok: true });
  expect(await failure(transport.call(GET))).toBeInstanceOf(UnreachableError);
  expect(await transport.call(GET)).toEqual({ ok: true });
});

test('a second rejection of the token is final, also for a watch', async () => {
  const { server, transport } = await connect();
  server.handler = (_, exchange) => exchange.reject(401, 'Unauthorized');
  expect(await failure(transport.call(GET))).toMatchObject({ status: 401, reason: 'Unauthorized' });
  expect(server.requests).toHaveLength(2);
  const watching = transport.watch('/w', {}, new AbortController().signal);
  expect(await failure(watching)).toBeInstanceOf(ApiError);
  expect(server.requests).toHaveLength(4);
});

test('a call on a kept connection that the server closes is repeated once, on a new one', async () => {
  const { server, transport } = await connect();
  const seen = new Set<number>();
  server.handler = ({ connection }, exchange) => {
    if (seen.has(connection)) exchange.cut();
    else exchange.json(200, { connection });
    seen.add(connection);
  };
  expect(await transport.call(GET)).toEqual({ connection: 1 });
  expect(await transport.call(GET)).toEqual({ connection: 2 });
  expect(server.requests.map(({ connection }) => connection)).toEqual([1, 1, 2]);
});

test('a repeated call may have been done before: node cannot distinguish a lost response', async () => {
  const { server, transport } = await connect();
  server.handler = ({ method, connection }, exchange) => {
    if (method === 'POST' && connection === 1) exchange.cut();
    else exchange.json(200, {});
  };
  await transport.call(GET);
  await transport.call({ method: 'POST', path: '/apis/a', body: {} });
  expect(server.requests.map(({ method, connection }) => `${method} ${connection}`)).toEqual([
    'GET 1',
    'POST 1',
    'POST 2',
  ]);
});

test('a call that meets two closed connections reports that', async () => {
  const { server, transport } = await connect();
  const held: (() => void)[] = [];
  server.handler = (_, exchange) => {
    held.push(() => exchange.json(200, {}));
    if (held.length === 2) for (const respond of held) respond();
  };
  await Promise.all([transport.call(GET), transport.call(GET)]);
  server.handler = (_, exchange) => exchange.cut();
  const error = await failure(transport.call(GET));
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error.message).toMatch(/^GET \/api\/v1\/x: (socket hang up|read ECONNRESET)$/);
  expect(server.requests).toHaveLength(4);
});

test('a call cut off on a new connection is not repeated: the server may have acted on it', async () => {
  const { server, transport } = await connect();
  server.handler = (_, exchange) => exchange.cut();
  expect(await failure(transport.call(GET))).toBeInstanceOf(UnreachableError);
  expect(server.requests).toHaveLength(1);
});

test('an absent server is UnreachableError with its cause', async () => {
  const server = await startDouble();
  const transport = transportTo(bearer(server));
  await server[Symbol.asyncDispose]();
  const error = await failure(transport.call(GET));
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' });
  expect(error.message).toMatch(/^GET \/api\/v1\/x: connect ECONNREFUSED 127\.0\.0\.1:\d+$/);
});

test('credentials that cannot be read are UnreachableError', async () => {
  const server = await startDouble();
  const reason = new Error('exec plugin says no');
  const transport = transportTo(bearer(server, { forRequest: () => Promise.reject(reason) }));
  const error = await failure(transport.call(GET));
  expect(error).toMatchObject({ name: 'UnreachableError', cause: reason });
  expect(server.connections).toBe(0);
});

test('a response that is not JSON, or empty, is UnreachableError', async () => {
  const { server, transport } = await connect();
  for (const body of ['', '<html>', '{"cut":']) {
    server.handler = (_, exchange) => exchange.send(200, body);
    expect(await failure(transport.call(GET))).toBeInstanceOf(UnreachableError);
  }
});

test('no message holds the token, whatever the failure', async () => {
  const { server, transport } = await connect({ timeoutMs: 800 });
  const messages: string[] = [];
  const attempt = async (): Promise<void> => void messages.push(String(await failure(transport.call(GET))));
  server.handler = (_, exchange) => exchange.reject(403, 'Forbidden');
  await attempt();
  server.handler = (_, exchange) => exchange.cut();
  await attempt();
  server.handler = () => undefined;
  await attempt();
  const broken = bearer(server, {
    forRequest: () => Promise.resolve({ headers: { Authorization: `Bearer ${TOKEN}\n` }, trust: {} }),
  });
  messages.push(String(await failure(transportTo(broken).call(GET))));
  expect(messages).toHaveLength(4);
  for (const message of messages) expect(message).not.toContain(TOKEN);
});

test('close() closes every connection', async () => {
  const { server, transport } = await connect();
  server.handler = (_, exchange) => exchange.json(200, {});
  await transport.call(GET);
  expect(server.openConnections).toBe(1);
  transport.close();
  await eventually(() => server.openConnections).toBe(0);
});
