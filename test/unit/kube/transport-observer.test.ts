/** What the transport reports of its requests. */
import { expect, test } from 'vitest';
import type { RequestObserver } from '../../../src/kube/transport.js';
import { connect, failure, type Connection } from './connections.js';

interface Recorded {
  readonly responded: string[];
  readonly took: { readonly verb: string; readonly milliseconds: number }[];
}

async function observed(timeoutMs?: number): Promise<Connection & Recorded> {
  const responded: string[] = [];
  const took: Recorded['took'] = [];
  const observer: RequestObserver = {
    responded: (method, status) => void responded.push(`${method} ${status}`),
    took: (verb, milliseconds) => void took.push({ verb, milliseconds }),
  };
  const connection = await connect({ observer, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  return { ...connection, responded, took };
}

const GET = { method: 'GET', path: '/x' } as const;

test('a call is reported at the end of its response, with status and time', async () => {
  const { server, transport, responded, took } = await observed();
  server.handler = (_, exchange) => {
    exchange.push('{');
    setTimeout(() => {
      exchange.push('}');
      exchange.end();
    }, 50);
  };
  await transport.call({ ...GET, method: 'PATCH' });
  expect(responded).toEqual(['PATCH 200']);
  expect(took).toMatchObject([{ verb: 'PATCH' }]);
  expect(took[0]!.milliseconds).toBeGreaterThan(45);
});

test('a watch is a GET, and timed until its response begins', async () => {
  const { server, transport, responded, took } = await observed();
  server.handler = (_, exchange) => exchange.push();
  await transport.watch('/x', {}, new AbortController().signal);
  expect(responded).toEqual(['GET 200']);
  expect(took).toMatchObject([{ verb: 'WATCH' }]);
});

test('a rejected token makes two requests, counted twice and timed as one call', async () => {
  const { server, transport, responded, took } = await observed();
  server.handler = (_, exchange) =>
    server.requests.length === 1 ? exchange.reject(401, 'Unauthorized') : exchange.json(200, {});
  await transport.call(GET);
  expect(responded).toEqual(['GET 401', 'GET 200']);
  expect(took).toHaveLength(1);
});

test('without a response there is no status: a cut connection, a server that is away, a time-out', async () => {
  const { server, transport, responded, took } = await observed(100);
  server.handler = (_, exchange) => exchange.cut();
  await failure(transport.call(GET));
  server.handler = () => undefined;
  await failure(transport.call(GET));
  await server[Symbol.asyncDispose]();
  await failure(transport.call(GET));
  expect(responded).toEqual(['GET undefined', 'GET undefined', 'GET undefined']);
  expect(took).toHaveLength(3);
});
