/** The gateway by itself: the operator's own transport on one side, a scripted API server on the other. */
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { ApiError, UnreachableError } from '../../../../src/kube/errors.js';
import { kubeconfigCredentials } from '../../../../src/kube/kubeconfig.js';
import type { Transport } from '../../../../src/kube/transport.js';
import type { ApiServerDouble } from '../../../support/api-server-double.js';
import { apiRequest } from '../../../support/faults/api-request.js';
import { MALFORMED, reject, type What } from '../../../support/faults/fault.js';
import { FaultGateway } from '../../../support/faults/gateway.js';
import { eventually, failure, scratch, startDouble, transportTo } from '../../kube/connections.js';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/rook-ceph/deployments';
const PATCH = { method: 'PATCH', path: `${DEPLOYMENTS}/csi-rbdplugin-provisioner`, body: [] } as const;
const GET = { method: 'GET', path: DEPLOYMENTS } as const;
const WATCH = { watch: 'true', resourceVersion: '5' };
const STREAMED_LIST = { watch: 'true', sendInitialEvents: 'true' };
const END_OF_LIST = { metadata: { resourceVersion: '9', annotations: { 'k8s.io/initial-events-end': 'true' } } };

async function throughGateway(): Promise<{ server: ApiServerDouble; gateway: FaultGateway; transport: Transport }> {
  const server = await startDouble();
  const gateway = await FaultGateway.start({
    server: server.url.origin,
    ca: server.identity.cert,
    directory: scratch().path,
    serviceAccountToken: (namespace, name) => Promise.resolve(`token-of-${namespace}-${name}`),
  });
  onTestFinished(() => gateway.stop());
  const transport = transportTo(kubeconfigCredentials([await gateway.kubeconfig('ns', 'account')]));
  return { server, gateway, transport };
}

test('a request and its answer pass as they are, with the token of the one who asks', async () => {
  const { server, gateway, transport } = await throughGateway();
  server.handler = (_, exchange) => exchange.json(201, { answer: 'Grüße' });
  const call = { method: 'POST', path: '/apis/x/v1/ys', query: { fieldManager: 'm n' }, body: { a: 'ü' } } as const;
  expect(await transport.call(call)).toEqual({ answer: 'Grüße' });
  const [request] = server.requests;
  expect(request).toMatchObject({ method: 'POST', path: '/apis/x/v1/ys', query: { fieldManager: 'm n' } });
  expect(JSON.parse(request!.body)).toEqual({ a: 'ü' });
  expect(request!.headers.authorization).toBe('Bearer token-of-ns-account');
  expect(gateway.requests).toMatchObject([{ method: 'POST', resource: 'ys', moment: 'other', fault: undefined }]);
});

test('the events of a watch pass as they come, and its end is told to the API server', async () => {
  const { server, transport } = await throughGateway();
  let closed = false;
  server.handler = (_, exchange) => {
    exchange.events({ first: 1 });
    void exchange.closed.then(() => (closed = true));
  };
  const stop = new AbortController();
  const stream = await transport.watch(DEPLOYMENTS, WATCH, stop.signal);
  for await (const chunk of stream) {
    expect(String(chunk)).toBe('{"first":1}\n');
    break;
  }
  stop.abort();
  await eventually(() => closed).toBe(true);
});

test.each([
  ['GET', `${DEPLOYMENTS}?watch=true&resourceVersion=5`, 'deployments', 'watch'],
  ['GET', `${DEPLOYMENTS}?watch=true&sendInitialEvents=true`, 'deployments', 'list'],
  ['GET', `${DEPLOYMENTS}?limit=250`, 'deployments', 'list'],
  ['GET', '/api/v1/configmaps?watch=true', 'configmaps', 'watch'],
  ['GET', PATCH.path, 'deployments', 'read'],
  ['PATCH', PATCH.path, 'deployments', 'patch'],
  ['PATCH', '/api/v1/namespaces/rook-ceph/configmaps/rook-ceph-operator-config', 'configmaps', 'pin'],
  [
    'PATCH',
    '/apis/csiports.io/v1alpha1/namespaces/n/csiportassignments/default/status',
    'csiportassignments/status',
    'status',
  ],
  ['GET', '/apis/coordination.k8s.io/v1/namespaces/n/leases/csi-port-operator', 'leases', 'lease'],
  ['POST', '/apis/events.k8s.io/v1/namespaces/n/events', 'events', 'event'],
  ['GET', '/version', '', 'list'],
])('%s %s is about %s, moment %s', (method, url, resource, moment) => {
  expect(apiRequest({ method, url })).toMatchObject({ method, resource, moment });
});

test('a rejection strikes as often as it is said, only what matches, and in the place of the API server', async () => {
  const { server, gateway, transport } = await throughGateway();
  server.handler = (_, exchange) => exchange.json(200, {});
  const what = reject(429, { retryAfterSeconds: 3 });
  const fault = gateway.inject({ matching: { moment: 'patch', resource: 'deployments' }, times: 1, what });
  await transport.call(GET);
  const error = await failure(transport.call(PATCH));
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 429, reason: 'TooManyRequests', retryAfterMs: 3_000 });
  await transport.call(PATCH);
  expect(fault.hits).toBe(1);
  expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'PATCH']);
  expect(gateway.requests.map(({ fault: kind }) => kind)).toEqual([undefined, 'answer', undefined]);
});

test('a fault ends with clear(), and with its time', async () => {
  const { server, gateway, transport } = await throughGateway();
  server.handler = (_, exchange) => exchange.json(200, {});
  gateway.inject({ matching: { method: 'GET' }, what: reject(500) });
  await failure(transport.call(GET));
  gateway.clear();
  await transport.call(GET);
  gateway.inject({ matching: { method: 'GET' }, forMs: 0, what: reject(500) });
  await transport.call(GET);
});

test.each<[What['kind'], What, number, string]>([
  ['reset', { kind: 'reset' }, 0, 'read ECONNRESET'],
  ['lose', { kind: 'lose' }, 1, 'read ECONNRESET'],
  ['cut', { kind: 'cut', bytes: 3 }, 1, 'aborted'],
])('%s: no answer comes; the API server has seen the request, or not', async (_, what, seen, cause) => {
  const { server, gateway, transport } = await throughGateway();
  server.handler = (_, exchange) => exchange.json(200, { some: 'answer' });
  // On a connection that was not used before: on another, node's client cannot tell it from one closed while idle.
  gateway.inject({ matching: { moment: 'patch' }, what });
  const error = await failure(transport.call(PATCH));
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error.message).toBe(`PATCH ${PATCH.path}: ${cause}`);
  expect(server.requests).toHaveLength(seen);
});

test.each<[string, What, string]>([
  ['a line before all others', MALFORMED, '{"type":"MODIFIED","object":{"metadata"\n{"type":"ADDED"}\n'],
  ['pieces that cut characters', { kind: 'pieces', bytes: 1 }, '{"type":"ADDED"}\n'],
  ['an end at once', { kind: 'end' }, ''],
])('a watch with %s', async (_, what, expected) => {
  const { server, gateway, transport } = await throughGateway();
  server.handler = (_, exchange) => {
    exchange.events({ type: 'ADDED' });
    exchange.end();
  };
  gateway.inject({ matching: { moment: 'watch' }, what });
  const stream = await transport.watch(DEPLOYMENTS, WATCH, new AbortController().signal);
  expect(await text(stream)).toBe(expected);
});

test('a silent watch is accepted, and then nothing comes until it is cut', async () => {
  const { server, gateway, transport } = await throughGateway();
  server.handler = (_, exchange) => exchange.events({ type: 'ADDED' });
  gateway.inject({ matching: { moment: 'watch' }, what: { kind: 'silence' } });
  const stream = await transport.watch(DEPLOYMENTS, WATCH, new AbortController().signal);
  let received = 0;
  stream.on('data', () => (received += 1));
  const closed = failure(text(stream));
  gateway.clear();
  server.handler = (_, exchange) => exchange.json(200, {});
  await transport.call(GET);
  expect(stream.closed).toBe(false);
  gateway.cut();
  await closed;
  expect(received).toBe(0);
});

test('a delayed request reaches the API server though the client has given up', async () => {
  const { server, gateway, transport } = await throughGateway();
  server.handler = (_, exchange) => exchange.json(200, {});
  const fault = gateway.inject({ matching: { moment: 'patch' }, what: { kind: 'delay', ms: 200 } });
  await failure(transport.call({ ...PATCH, body: [{ op: 'test' }], timeoutMs: 50 }));
  expect([fault.hits, fault.done, server.requests.length]).toEqual([1, 0, 0]);
  await eventually(() => fault.done).toBe(1);
  expect(JSON.parse(server.requests[0]!.body)).toEqual([{ op: 'test' }]);
});

test('gzip: the body is compressed and says so', async () => {
  const { server, gateway, transport } = await throughGateway();
  server.handler = (_, exchange) => exchange.json(200, {});
  gateway.inject({ matching: { moment: 'list' }, what: { kind: 'gzip' } });
  const { headers } = await transport.watch(DEPLOYMENTS, STREAMED_LIST, new AbortController().signal);
  expect(headers['content-encoding']).toBe('gzip');
});

test('a stale list is the first one that passed', async () => {
  const { server, gateway, transport } = await throughGateway();
  let version = 0;
  server.handler = ({ query }, exchange) => {
    version += 1;
    if (query.watch === 'true') {
      exchange.events({ type: 'ADDED', version }, { type: 'BOOKMARK', object: END_OF_LIST }, { type: 'LATER' });
      exchange.end();
    } else exchange.json(200, { version });
  };
  const { signal } = new AbortController();
  await transport.call(GET);
  await text(await transport.watch(DEPLOYMENTS, STREAMED_LIST, signal));
  gateway.inject({ matching: { moment: 'list' }, what: { kind: 'stale' } });
  expect(await transport.call(GET)).toEqual({ version: 1 });
  const lines = (await text(await transport.watch(DEPLOYMENTS, STREAMED_LIST, signal))).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    { type: 'ADDED', version: 2 },
    { type: 'BOOKMARK', object: END_OF_LIST },
  ]);
});

test('another page is promised', async () => {
  const { server, gateway, transport } = await throughGateway();
  server.handler = (_, exchange) => exchange.json(200, { items: [], metadata: { resourceVersion: '7' } });
  gateway.inject({ matching: { moment: 'list' }, what: { kind: 'another page' } });
  expect(await transport.call(GET)).toEqual({ items: [], metadata: { resourceVersion: '7', continue: 'expired' } });
});
