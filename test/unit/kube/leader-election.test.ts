import { queryObjects } from 'node:v8';
import { expect, onTestFinished, test, vi } from 'vitest';
import { LeaderElection, type LeaderElectionObserver } from '../../../src/kube/leader-election.js';
import { NotLeadingError, permitToWrite, ALWAYS_LEADING } from '../../../src/kube/leadership.js';
import { LeaseClient } from '../../../src/kube/lease.js';
import type { Transport } from '../../../src/kube/transport.js';
import type { ApiServerDouble } from '../../support/api-server-double.js';
import { waitFor } from '../../support/control-plane/wait-for.js';
import { connect } from './connections.js';
import { LeaseServer } from './lease-server.js';

vi.setConfig({ testTimeout: 30_000 });

/** A fifth of the real figures, tried more often: a busy machine does not lose a lease by it. */
const TIMING = { leaseMs: 3_000, renewMs: 2_000, retryMs: 30 };
const PATH = '/apis/coordination.k8s.io/v1/namespaces/ours/leases/csi-port-operator';

class Candidate {
  readonly reported: string[] = [];
  readonly election: LeaderElection;
  readonly #stop = new AbortController();
  /** Added to the clock by which it measures, in milliseconds. */
  aheadMs = 0;

  constructor(
    lease: LeaseClient,
    readonly name: string,
    clockSkewMs = 0,
  ) {
    const observer: LeaderElectionObserver = {
      waiting: (holder) => this.reported.push(`waiting for ${holder}`),
      failed: (error) => this.reported.push(`failed: ${String(error)}`),
      recovered: () => this.reported.push('recovered'),
    };
    this.election = new LeaderElection({
      lease,
      identity: name,
      observer,
      now: () => new Date(Date.now() + clockSkewMs),
      monotonicMs: () => performance.now() + this.aheadMs,
      timing: TIMING,
    });
    onTestFinished(() => this.#stop.abort());
  }

  /** Takes the lease, and keeps it until `stop` or its loss. */
  async run(): Promise<'Never' | 'Released' | 'Kept' | 'Lost'> {
    return (await this.election.acquire(this.#stop.signal)) ? this.election.hold(this.#stop.signal) : 'Never';
  }

  stop(): void {
    this.#stop.abort();
  }

  async untilLeading(): Promise<void> {
    await waitFor(`${this.name} to lead`, () => Promise.resolve(this.election.isLeading), { everyMs: 5 });
  }
}

interface Ring {
  readonly server: ApiServerDouble;
  readonly transport: Transport;
  readonly stored: LeaseServer;
  readonly candidate: (name: string, clockSkewMs?: number) => Candidate;
}

async function ring(): Promise<Ring> {
  const { server, transport } = await connect();
  const stored = new LeaseServer();
  server.handler = stored.handle;
  const lease = new LeaseClient(transport, { namespace: 'ours', name: 'csi-port-operator', timeoutMs: 1_000 });
  return { server, transport, stored, candidate: (name, clockSkewMs) => new Candidate(lease, name, clockSkewMs) };
}

/** Waits until the candidate has read the lease that many times more. */
async function untilAsked(server: ApiServerDouble, times = 5): Promise<void> {
  const before = server.requests.length;
  await waitFor('more requests', () => Promise.resolve(server.requests.length >= before + times), { everyMs: 5 });
}

const held = (holder: string, more: object = {}): Record<string, unknown> => ({
  holderIdentity: holder,
  leaseDurationSeconds: 1,
  acquireTime: '2026-11-22T10:00:00.000000Z',
  renewTime: '2026-11-22T10:00:00.000000Z',
  leaseTransitions: 3,
  ...more,
});

test('an absent Lease is created by its name and taken, with times of six digits', async () => {
  const { server, stored, candidate } = await ring();
  const one = candidate('one');
  expect(await one.election.acquire(AbortSignal.timeout(10_000))).toBe(true);
  expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    `GET ${PATH}`,
    `PATCH ${PATH}`,
    `PATCH ${PATH}`,
  ]);
  expect(server.requests[1]!.query).toEqual({ fieldManager: 'csi-port-operator' });
  expect(JSON.parse(server.requests[1]!.body)).toMatchObject({ kind: 'Lease', spec: {} });
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string;
  expect(stored.spec).toEqual({
    holderIdentity: 'one',
    leaseDurationSeconds: 3,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: 0,
  });
  expect(one.election.isLeading).toBe(true);
});

test('the holder renews it, one request each time, and nothing else changes', async () => {
  const { server, stored, candidate } = await ring();
  const one = candidate('one');
  void one.run();
  await one.untilLeading();
  const before = { ...stored.spec };
  const asked = server.requests.length;
  await untilAsked(server, 3);
  expect(new Set(server.requests.slice(asked).map(({ method }) => method))).toEqual(new Set(['PATCH']));
  expect(stored.spec).toEqual({ ...before, renewTime: stored.spec!.renewTime });
  expect(stored.spec!.renewTime).not.toBe(before.renewTime);
});

test('of two that begin together one leads, and the other reports the holder that it waits for', async () => {
  const { server, stored, candidate } = await ring();
  const both = [candidate('one'), candidate('two')];
  for (const each of both) void each.run();
  await waitFor('a leader', () => Promise.resolve(both.some(({ election }) => election.isLeading)));
  await untilAsked(server, 10);
  expect(both.filter(({ election }) => election.isLeading)).toHaveLength(1);
  const [leader, standby] = both[0]!.election.isLeading ? both : both.toReversed();
  expect(new Set(stored.holders)).toEqual(new Set([leader!.name]));
  expect(standby!.reported).toEqual([`waiting for ${leader!.name}`]);
});

test('a holder that is done releases it, and the next takes it without waiting for it to expire', async () => {
  const { stored, candidate } = await ring();
  const [one, two] = [candidate('one'), candidate('two')];
  const first = one.run();
  await one.untilLeading();
  void two.run();
  await waitFor('two to wait', () => Promise.resolve(two.reported.length > 0));
  one.stop();
  expect(await first).toBe('Released');
  expect(one.election.isLeading).toBe(false);
  await two.untilLeading();
  const [released, taken] = stored.holders.slice(stored.holders.indexOf(''));
  expect([released, taken]).toEqual(['', 'two']);
  expect(stored.spec).toMatchObject({ leaseTransitions: 1 });
});

test.each([
  ['an hour behind', -3_600_000],
  ['ten minutes ahead', 600_000],
])(
  'a candidate whose clock is %s waits for as long as the others: the duration counts from what it sees',
  async (_, skewMs) => {
    const { stored, candidate } = await ring();
    const [one, two] = [candidate('one'), candidate('two', skewMs)];
    const first = one.run();
    await one.untilLeading();
    void two.run();
    // Longer than a lease lasts: each renewal is news.
    const until = performance.now() + 1.5 * TIMING.leaseMs;
    await waitFor('time to pass', () => Promise.resolve(performance.now() > until));
    expect(two.election.isLeading).toBe(false);
    expect(new Set(stored.holders)).toEqual(new Set(['one']));
    one.stop();
    await first;
  },
);

test('a lease that is not renewed any more is taken after its own duration, counted from when it was first seen', async () => {
  const { server, stored, candidate } = await ring();
  stored.set(held('gone', { leaseDurationSeconds: 40 }));
  const one = candidate('one');
  void one.run();
  await waitFor('one to wait', () => Promise.resolve(one.reported.includes('waiting for gone')));
  one.aheadMs = 30_000;
  await untilAsked(server);
  expect(one.election.isLeading).toBe(false);
  one.aheadMs = 41_000;
  await one.untilLeading();
  expect(stored.spec).toMatchObject({ holderIdentity: 'one', leaseTransitions: 4 });
});

test.each([{ deleted: false }, { deleted: true }])(
  'a long duration counts for a minute at most, also after the lease is gone: %j',
  async ({ deleted }) => {
    const { server, stored, candidate } = await ring();
    stored.set(held('gone', { leaseDurationSeconds: 2_147_483_647 }));
    const one = candidate('one');
    void one.run();
    await untilAsked(server);
    if (deleted) stored.set(undefined);
    one.aheadMs = 50_000;
    await untilAsked(server);
    expect(one.election.isLeading).toBe(false);
    one.aheadMs = 61_000;
    await one.untilLeading();
  },
);

test('repeated edits of the lease do not cost it', async () => {
  const { server, stored, candidate } = await ring();
  const one = candidate('one');
  void one.run();
  await one.untilLeading();
  let edits = 0;
  stored.intercept = ({ method }) => {
    if (method === 'PATCH' && edits++ % 3 !== 2) stored.set({ ...stored.spec });
    return false;
  };
  await untilAsked(server, 30);
  expect(one.election.isLeading).toBe(true);
  expect(one.reported).toEqual([]);
});

test('an edit that renews nothing does not prolong it', async () => {
  const { server, stored, candidate } = await ring();
  stored.set(held('gone', { leaseDurationSeconds: 40 }));
  const one = candidate('one');
  void one.run();
  await untilAsked(server);
  one.aheadMs = 30_000;
  stored.set({ ...stored.spec, strategy: 'edited' });
  await untilAsked(server);
  one.aheadMs = 41_000;
  await one.untilLeading();
});

test('without a duration the default one counts', async () => {
  const { server, stored, candidate } = await ring();
  stored.set(held('gone', { leaseDurationSeconds: null }));
  const one = candidate('one');
  void one.run();
  await untilAsked(server);
  expect(one.election.isLeading).toBe(false);
  one.aheadMs = TIMING.leaseMs + 1;
  await one.untilLeading();
});

test('a lease deleted under its holder is recreated by the holder; the others wait as if it still existed', async () => {
  const { server, stored, candidate } = await ring();
  const [one, two] = [candidate('one'), candidate('two')];
  void one.run();
  await one.untilLeading();
  void two.run();
  await waitFor('two to wait', () => Promise.resolve(two.reported.length > 0));
  stored.set(undefined);
  await waitFor('it to be held again', () => Promise.resolve(stored.spec?.holderIdentity !== undefined));
  await untilAsked(server);
  expect(new Set(stored.holders)).toEqual(new Set(['one']));
  expect([one.election.isLeading, two.election.isLeading]).toEqual([true, false]);
});

test('a holder whose renewals all fail stops leading at its deadline, before the lease expires for others', async () => {
  const { stored, candidate } = await ring();
  const one = candidate('one');
  const run = one.run();
  await one.untilLeading();
  const { lost } = one.election;
  expect(permitToWrite(one.election)).toBe(lost);
  stored.intercept = (_, exchange) => {
    exchange.reject(503, 'ServiceUnavailable');
    return true;
  };
  const renewedAt = Date.parse(String(stored.spec!.renewTime));
  expect(await run).toBe('Lost');
  // Wall clock against timer: a little less is the same time.
  expect(Date.now() - renewedAt).toBeGreaterThan(TIMING.renewMs - 50);
  expect(one.election.isLeading).toBe(false);
  expect(lost.aborted).toBe(true);
  expect(() => permitToWrite(one.election)).toThrow(NotLeadingError);
  expect(one.reported.some((line) => line.includes('503'))).toBe(true);
});

test('a request on a hanging connection costs one try, not the lease', async () => {
  const { server, stored, candidate } = await ring();
  const one = candidate('one');
  void one.run();
  await one.untilLeading();
  let silent = 1;
  stored.intercept = () => silent-- > 0;
  await waitFor('the try to fail', () => Promise.resolve(one.reported.some((line) => line.startsWith('failed'))));
  await untilAsked(server);
  expect(one.election.isLeading).toBe(true);
  expect(one.reported.at(-1)).toBe('recovered');
  expect(one.election.lastError).toBeUndefined();
});

test('a renewal that succeeded though its response was lost is recognized', async () => {
  const { server, stored, candidate } = await ring();
  const one = candidate('one');
  void one.run();
  await one.untilLeading();
  let lost = 0;
  stored.intercept = (request, exchange) => {
    if (request.method !== 'PATCH' || lost > 0) return false;
    lost += 1;
    stored.write(request.body, () => undefined);
    exchange.cut();
    return true;
  };
  await waitFor('a response to be lost', () => Promise.resolve(lost > 0), { everyMs: 5 });
  await untilAsked(server);
  expect(one.election.isLeading).toBe(true);
  expect(new Set(stored.holders)).toEqual(new Set(['one']));
});

test('a holder that finds another holder stops leading', async () => {
  const { stored, candidate } = await ring();
  const one = candidate('one');
  const run = one.run();
  await one.untilLeading();
  stored.set(held('other'));
  expect(await run).toBe('Lost');
  expect(one.election.lost.aborted).toBe(true);
  expect(stored.spec).toMatchObject({ holderIdentity: 'other' });
});

test('a process that was suspended beyond its deadline may not write, even before a timer has fired', async () => {
  const { candidate } = await ring();
  const one = candidate('one');
  await one.election.acquire(AbortSignal.timeout(10_000));
  one.aheadMs = TIMING.renewMs;
  expect(one.election.isLeading).toBe(false);
  expect(() => permitToWrite(one.election)).toThrow(NotLeadingError);
});

test('a lease that was taken just as the process stops is released', async () => {
  const { stored, candidate } = await ring();
  const one = candidate('one');
  stored.intercept = ({ method, headers }) => {
    if (method === 'PATCH' && headers['content-type'] === 'application/merge-patch+json') one.stop();
    return false;
  };
  expect(await one.run()).toBe('Released');
  expect(stored.holders).toEqual(['one', '']);
});

test('a lease whose last renewal succeeded without a response is released as well', async () => {
  const { stored, candidate } = await ring();
  const one = candidate('one');
  const run = one.run();
  await one.untilLeading();
  stored.intercept = (request) => {
    if (request.method !== 'PATCH') return false;
    stored.write(request.body, () => undefined);
    stored.intercept = () => false;
    one.stop();
    return true;
  };
  expect(await run).toBe('Released');
  expect(stored.spec).toMatchObject({ holderIdentity: '' });
});

test('a lease that was taken without a response just as the process stops is released, too', async () => {
  const { stored, candidate } = await ring();
  const one = candidate('one');
  stored.intercept = (request, exchange) => {
    if (request.headers['content-type'] !== 'application/merge-patch+json') return false;
    stored.write(request.body, () => undefined);
    stored.intercept = () => false;
    one.stop();
    exchange.reject(500, 'InternalError');
    return true;
  };
  expect(await one.run()).toBe('Never');
  expect(stored.holders).toEqual(['one', '']);
});

test('a lease that cannot be released is reported as kept', async () => {
  const { stored, candidate } = await ring();
  const one = candidate('one');
  const run = one.run();
  await one.untilLeading();
  stored.intercept = (_, exchange) => {
    exchange.reject(503, 'ServiceUnavailable');
    return true;
  };
  one.stop();
  expect(await run).toBe('Kept');
  expect(one.reported.at(-1)).toContain('503');
});

test('calls that wait for their responses do not delay the lease', async () => {
  const { server, stored, candidate, transport } = await ring();
  stored.intercept = ({ path }) => path === '/slow';
  const slow = Array.from({ length: 12 }, () =>
    transport.call({ method: 'PATCH', path: '/slow', timeoutMs: 2 * TIMING.renewMs }).catch(() => 'given up'),
  );
  await waitFor('slow calls', () => Promise.resolve(server.requests.length >= 8));
  const one = candidate('one');
  void one.run();
  await one.untilLeading();
  await Promise.all(slow);
  expect(one.election.isLeading).toBe(true);
  expect(one.reported).toEqual([]);
});

test('hundreds of renewals leave no signal behind', async () => {
  const { server, candidate } = await ring();
  const [one, two] = [candidate('one'), candidate('two')];
  for (const each of [one, two]) void each.run();
  await untilAsked(server, 20);
  const before = queryObjects(AbortSignal, { format: 'count' });
  await untilAsked(server, 300);
  expect(queryObjects(AbortSignal, { format: 'count' }) - before).toBeLessThan(50);
});

test('a candidate that stops while it waits has never led, and writes nothing', async () => {
  const { stored, candidate } = await ring();
  stored.set(held('other', { leaseDurationSeconds: 3600 }));
  const one = candidate('one');
  const run = one.run();
  await waitFor('one to wait', () => Promise.resolve(one.reported.length > 0));
  one.stop();
  expect(await run).toBe('Never');
  expect(stored.holders).toEqual([]);
});

test('a failure is reported at each try, with its start, and so is its end', async () => {
  const { stored, candidate } = await ring();
  stored.intercept = (_, exchange) => {
    exchange.reject(403, 'Forbidden');
    return true;
  };
  const one = candidate('one');
  const before = performance.now();
  void one.run();
  await waitFor('three failures', () => Promise.resolve(one.reported.length >= 3));
  expect(String(one.election.lastError)).toContain('403');
  expect(one.election.failingSince).toBeGreaterThanOrEqual(before);
  expect(one.election.failingSince).toBeLessThan(performance.now());
  stored.intercept = () => false;
  await one.untilLeading();
  expect(one.reported.at(-1)).toBe('recovered');
  expect(one.election.failingSince).toBeUndefined();
});

test('without an election the only process always leads', () => {
  expect(permitToWrite(ALWAYS_LEADING).aborted).toBe(false);
  expect(ALWAYS_LEADING.isLeading).toBe(true);
});
