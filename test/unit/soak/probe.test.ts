import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { probeUntil } from '../../../soak/probe.js';

const servers: ReturnType<typeof createServer>[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** @param answers the status of each answer in turn; undefined: none is given */
async function container(...answers: (number | undefined)[]): Promise<{ origin: string; asked: number[] }> {
  const asked: number[] = [];
  const server = createServer((_, response) => {
    const status = answers[asked.push(performance.now()) - 1];
    if (status !== undefined) response.writeHead(status).end();
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const httpGet = { path: '/healthz' };
const over = new AbortController().signal;

it('time-outs as long as the period follow each other at once: the period is from begin to begin', async () => {
  const { origin, asked } = await container();
  const probe = { httpGet, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 };
  expect(await probeUntil(origin, probe, { until: false, over })).toBe(false);
  expect(asked).toHaveLength(3);
  // From the end of each it would be eight seconds between the first and the last.
  expect(asked[2]! - asked[0]!).toBeLessThan(7_000);
  expect(asked[2]! - asked[0]!).toBeGreaterThan(3_500);
});

it('counts failures in a row only, and ends with the first success where that is asked for', async () => {
  const failing = await container(500, 200, 500, 500);
  const probe = { httpGet, periodSeconds: 0.01, timeoutSeconds: 10, failureThreshold: 2 };
  expect(await probeUntil(failing.origin, probe, { until: false, over })).toBe(false);
  expect(failing.asked).toHaveLength(4);
  const starting = await container(500, 200);
  expect(await probeUntil(starting.origin, probe, { until: true, over })).toBe(true);
  expect(starting.asked).toHaveLength(2);
});
