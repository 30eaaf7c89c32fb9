import { expect, test } from 'vitest';
import { AccessReviews } from '../../../../src/kube/access-reviews.js';
import { ScrapeAccess, type Verdict } from '../../../../src/ops/metrics/access.js';
import type { ApiServerDouble, Exchange, Received } from '../../../support/api-server-double.js';
import { connect, eventually } from '../../kube/connections.js';

const PROMETHEUS = {
  username: 'system:serviceaccount:monitoring:prometheus',
  uid: 'uid-1',
  groups: ['system:serviceaccounts', 'system:authenticated'],
  extra: { 'authentication.kubernetes.io/pod-name': ['prometheus-0'] },
};

interface Bench {
  readonly server: ApiServerDouble;
  readonly clock: { ms: number };
  readonly warnings: string[];
  readonly check: (token: string) => Promise<Verdict>;
  readonly checkHeader: (authorization: string | undefined) => Promise<Verdict>;
  /** The requests to the API server, as "tokenreviews" and "subjectaccessreviews". */
  readonly asked: () => string[];
}

/** Knows the tokens `allowed` and `denied`, and any that begins with `user-`, which may scrape, too. */
function respond(request: Received, exchange: Exchange): void {
  const { spec } = JSON.parse(request.body) as { spec: { token?: string; user?: string } };
  if (spec.token === undefined) {
    exchange.json(201, { status: { allowed: spec.user !== 'denied' } });
  } else if (spec.token === 'allowed') exchange.json(201, { status: { authenticated: true, user: PROMETHEUS } });
  else if (/^(denied|user-.*)$/.test(spec.token)) {
    exchange.json(201, { status: { authenticated: true, user: { username: spec.token } } });
  } else exchange.json(201, { status: { error: 'unknown token' } });
}

async function bench(): Promise<Bench> {
  const { server, transport } = await connect();
  server.handler = respond;
  const clock = { ms: 1_000 };
  const warnings: string[] = [];
  const access = new ScrapeAccess({
    reviews: new AccessReviews(transport),
    logger: { warn: (fields, message) => void warnings.push(`${message} ${JSON.stringify(fields)}`) },
    monotonicMs: () => clock.ms,
  });
  return {
    server,
    clock,
    warnings,
    check: (token) => access.check(`Bearer ${token}`),
    checkHeader: (authorization) => access.check(authorization),
    asked: () => server.requests.map(({ path }) => path.split('/').at(-1)!),
  };
}

const BOTH = ['tokenreviews', 'subjectaccessreviews'];

test('a token is allowed if its user may get /metrics, and the review has every attribute of the user', async () => {
  const { check, server } = await bench();
  expect(await check('allowed')).toEqual({ status: 200 });
  const [token, access] = server.requests;
  expect(token).toMatchObject({ method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews' });
  expect(JSON.parse(token!.body)).toEqual({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token: 'allowed' },
  });
  expect(access).toMatchObject({ method: 'POST', path: '/apis/authorization.k8s.io/v1/subjectaccessreviews' });
  const { username: user, ...rest } = PROMETHEUS;
  expect(JSON.parse(access!.body)).toEqual({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, ...rest, nonResourceAttributes: { path: '/metrics', verb: 'get' } },
  });
});

test.each([undefined, '', 'Bearer', 'Bearer ', 'Basic dXNlcjpwYXNz', 'allowed', 'Bearer allowed twice'])(
  'without a bearer token there is no review: %j',
  async (authorization) => {
    const { checkHeader, asked } = await bench();
    expect(await checkHeader(authorization)).toEqual({
      status: 401,
      message: 'send a bearer token of the cluster: Authorization: Bearer TOKEN',
    });
    expect(asked()).toEqual([]);
  },
);

test('the scheme is read in any case', async () => {
  const { checkHeader } = await bench();
  expect(await checkHeader('bearer  allowed')).toEqual({ status: 200 });
});

test('a token that the API server does not know is 401, a user without the right is 403 with the role to bind', async () => {
  const { check, asked } = await bench();
  expect(await check('nonsense')).toMatchObject({ status: 401 });
  expect(asked()).toEqual(['tokenreviews']);
  expect(await check('denied')).toEqual({
    status: 403,
    message: 'denied may not get /metrics: bind it to ClusterRole csi-port-operator-metrics-reader',
  });
});

test.each([
  {},
  { status: {} },
  { status: { authenticated: true } },
  { status: { authenticated: true, user: {} } },
  { status: { authenticated: true, user: { username: '' } } },
  { status: { user: PROMETHEUS } },
  { status: { authenticated: false, user: PROMETHEUS } },
])('any response but a clear yes is a no: %j', async (body) => {
  const { check, server } = await bench();
  server.handler = (_, exchange) => exchange.json(201, body);
  expect(await check('allowed')).toMatchObject({ status: 401 });
});

test('an allowed token is reviewed again after a minute', async () => {
  const { check, clock, asked, server } = await bench();
  await check('allowed');
  clock.ms += 59_999;
  expect(await check('allowed')).toEqual({ status: 200 });
  expect(asked()).toEqual(BOTH);
  clock.ms += 1;
  server.handler = (_, exchange) => exchange.json(201, { status: { authenticated: false } });
  expect(await check('allowed')).toMatchObject({ status: 401 });
});

test.each([
  ['denied', 403],
  ['nonsense', 401],
])('a rejected one (%s) after ten seconds', async (token, status) => {
  const { check, clock, asked } = await bench();
  await check(token);
  const { length } = asked();
  clock.ms += 9_999;
  expect(await check(token)).toMatchObject({ status });
  expect(asked()).toHaveLength(length);
  clock.ms += 1;
  expect(await check(token)).toMatchObject({ status });
  expect(asked()).toHaveLength(2 * length);
});

test('one token is never taken for another', async () => {
  const { check } = await bench();
  expect(await check('allowed')).toEqual({ status: 200 });
  expect(await check('Allowed')).toMatchObject({ status: 401 });
  expect(await check('allowed2')).toMatchObject({ status: 401 });
});

test('scrapes with the same token at the same time share a review', async () => {
  const { check, asked } = await bench();
  const verdicts = await Promise.all(Array.from({ length: 20 }, () => check('allowed')));
  expect(verdicts.every(({ status }) => status === 200)).toBe(true);
  expect(asked()).toEqual(BOTH);
});

test('many tokens at once leave connections for the work: the fifth has to try again, and may a moment later', async () => {
  const { check, server } = await bench();
  const held: (() => void)[] = [];
  server.handler = (request, exchange) => void held.push(() => respond(request, exchange));
  const first = [1, 2, 3, 4].map((number) => check(`user-${number}`));
  expect(await check('allowed')).toMatchObject({ status: 503 });
  await eventually(() => held.length).toBe(4);
  server.handler = respond;
  for (const release of held) release();
  expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(await check('allowed')).toEqual({ status: 200 });
});

test('guessed tokens do not push out allowed ones', async () => {
  const { check, asked, clock } = await bench();
  await check('allowed');
  for (let number = 0; number < 300; number += 1) {
    clock.ms += 100;
    await check(`other-${number}`);
  }
  const { length } = asked();
  expect(length).toBeGreaterThan(250);
  expect(await check('allowed')).toEqual({ status: 200 });
  expect(asked()).toHaveLength(length);
});

test('allowed tokens are kept in bounded number: the oldest goes first', async () => {
  const { check, asked, clock, server } = await bench();
  server.handler = ({ path }, exchange) => {
    const isToken = path.endsWith('/tokenreviews');
    exchange.json(201, { status: isToken ? { authenticated: true, user: { username: 'u' } } : { allowed: true } });
  };
  for (let number = 0; number < 129; number += 1) {
    clock.ms += 100;
    await check(`reader-${number}`);
  }
  const { length } = asked();
  await check('reader-1');
  expect(asked()).toHaveLength(length);
  clock.ms += 1_000;
  await check('reader-0');
  expect(asked()).toHaveLength(length + 2);
});

test('of new tokens ten are reviewed in a second; a token that was allowed before does not wait for them', async () => {
  const { check, asked, clock } = await bench();
  await check('allowed');
  // Its verdict has expired.
  clock.ms += 61_000;
  const guesses: unknown[] = [];
  for (let number = 0; number < 20; number += 1) guesses.push(await check(`guess-${number}`));
  expect(guesses.filter((verdict) => (verdict as { status: number }).status === 503)).toHaveLength(10);
  const { length } = asked();
  expect(await check('allowed')).toEqual({ status: 200 });
  expect(asked()).toHaveLength(length + 2);
  clock.ms += 1_000;
  expect(await check('guess-19')).toMatchObject({ status: 401 });
});

test('an unreachable API server allows nothing, is not remembered, and is logged once', async () => {
  const { check, server, warnings } = await bench();
  server.handler = (_, exchange) => exchange.cut();
  expect(await check('allowed')).toMatchObject({ status: 503 });
  expect(await check('allowed')).toMatchObject({ status: 503 });
  server.handler = (_, exchange) => exchange.reject(500, 'InternalError');
  expect(await check('allowed')).toMatchObject({ status: 503 });
  expect(await check('allowed')).toMatchObject({ status: 503 });
  expect(warnings).toHaveLength(2);
  server.handler = respond;
  expect(await check('allowed')).toEqual({ status: 200 });
});

test('a right that the operator lacks is named in the response and in the log, and no token is', async () => {
  const { check, server, warnings } = await bench();
  server.handler = (_, exchange) => exchange.reject(403, 'Forbidden');
  const token = 'a-very-secret-token';
  const verdict = await check(token);
  expect(verdict).toEqual({
    status: 500,
    message: 'the operator may not check tokens: apply its config/rbac/metrics-auth',
  });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('kubectl apply -k config/rbac/metrics-auth');
  expect(warnings.join()).not.toContain(token);
});

test('a silent API server is given up before the client is', { timeout: 10_000 }, async () => {
  const { check, server } = await bench();
  server.handler = () => undefined;
  const begun = performance.now();
  expect(await check('allowed')).toMatchObject({ status: 503 });
  expect(performance.now() - begun).toBeLessThan(4_900);
});
