/** What the transport tells of its requests. */
import { expect, test } from 'vitest';
import type { RequestObserver } from '../../../src/kube/transport.js';
import { connect, failure, type Connection } from './connections.js';

interface Told {
  readonly answered: string[];
  readonly took: { readonly verb: string; readonly milliseconds: number }[];
}

async function observed(timeoutMs?: number): Promise<Connection & Told> {
  const answered: string[] = [];
  const took: Told['took'] = [];
  const observer: RequestObserver = {
    answered: (method, status) => void answered.push(`${method} ${status}`),
    took: (verb, milliseconds) => void took.push({ verb, milliseconds }),
  };
  const connection = await connect({ observer, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  return { ...connection, answered, took };
}

const GET = { method: 'GET', path: '/x' } as const;

test('a call is told of when its answer is whole, with the status and the time', async () => {
  const { server, transport, answered, took } = await observed();
  server.handler = (_, exchange) => {
    exchange.push('{');
    setTimeout(() => {
      exchange.push('}');
      exchange.end();
    }, 50);
  };
  await transport.call({ ...GET, method: 'PATCH' });
  expect(answered).toEqual(['PATCH 200']);
  expect(took).toMatchObject([{ verb: 'PATCH' }]);
  expect(took[0]!.milliseconds).toBeGreaterThan(45);
});

test('a watch is a GET, and timed until its answer begins', async () => {
  const { server, transport, answered, took } = await observed();
  server.handler = (_, exchange) => exchange.push();
  await transport.watch('/x', {}, new AbortController().signal);
  expect(answered).toEqual(['GET 200']);
  expect(took).toMatchObject([{ verb: 'WATCH' }]);
});

test('a rejected token is asked twice, and so counted twice; timed as the one call that it is', async () => {
  const { server, transport, answered, took } = await observed();
  server.handler = (_, exchange) =>
    server.requests.length === 1 ? exchange.reject(401, 'Unauthorized') : exchange.json(200, {});
  await transport.call(GET);
  expect(answered).toEqual(['GET 401', 'GET 200']);
  expect(took).toHaveLength(1);
});

test('without an answer there is no status: a cut connection, a server that is away, a time-out', async () => {
  const { server, transport, answered, took } = await observed(100);
  server.handler = (_, exchange) => exchange.cut();
  await failure(transport.call(GET));
  server.handler = () => undefined;
  await failure(transport.call(GET));
  await server[Symbol.asyncDispose]();
  await failure(transport.call(GET));
  expect(answered).toEqual(['GET undefined', 'GET undefined', 'GET undefined']);
  expect(took).toHaveLength(3);
});
