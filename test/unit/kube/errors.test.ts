import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ApiError, UnreachableError } from '../../../src/kube/errors.js';

const status = (body: object): string => JSON.stringify({ kind: 'Status', status: 'Failure', ...body });

test('reason, message and causes come from a Status', () => {
  const causes = [{ reason: 'FieldValueInvalid', field: 'spec.ports', message: 'must be distinct' }];
  const error = new ApiError('PATCH /x', 422, status({ reason: 'Invalid', message: 'no good', details: { causes } }));
  expect(error).toMatchObject({ name: 'ApiError', request: 'PATCH /x', status: 422, reason: 'Invalid', causes });
  expect(error.message).toBe('PATCH /x: 422 no good');
});

test('of any other body the message has the first 200 characters', () => {
  expect(new ApiError('GET /x', 502, '<h1>Bad Gateway</h1>')).toMatchObject({ reason: '', causes: [] });
  expect(new ApiError('GET /x', 502, 'y'.repeat(999)).message).toBe(`GET /x: 502 ${'y'.repeat(200)}`);
  expect(new ApiError('GET /x', 401, '').message).toBe('GET /x: 401 ');
  expect(new ApiError('GET /x', 500, status({ reason: 'InternalError' })).message).toBe('GET /x: 500 InternalError');
});

test('an error of a body of any shape can be classified', () => {
  const json = fc.oneof(
    fc.json(),
    fc
      .record({ reason: fc.jsonValue(), message: fc.jsonValue(), details: fc.jsonValue() })
      .map((body) => JSON.stringify(body)),
    fc.jsonValue().map((causes) => JSON.stringify({ details: { causes } })),
    fc.array(fc.jsonValue()).map((causes) => JSON.stringify({ details: { causes } })),
  );
  fc.assert(
    fc.property(json, fc.integer({ min: 300, max: 599 }), (body, code) => {
      const error = new ApiError('GET /x', code, body);
      expect(error.message.startsWith(`GET /x: ${code} `)).toBe(true);
      expect(typeof error.reason).toBe('string');
      for (const flag of [error.isVersionUnusable, error.isGuardFailure, error.isRejection]) {
        expect(typeof flag).toBe('boolean');
      }
    }),
  );
});

test.each([
  ['seconds in the header', '3', undefined, 3_000],
  ['zero', '0', undefined, 0],
  ['seconds in the Status', undefined, 2, 2_000],
  ['the header before the Status', '1', 5, 1_000],
  ['a date, so the Status', 'Wed, 21 Oct 2026 07:28:00 GMT', 4, 4_000],
  ['a date alone', 'Wed, 21 Oct 2026 07:28:00 GMT', undefined, undefined],
  ['nothing', undefined, undefined, undefined],
  ['an empty header', '', undefined, undefined],
  ['a negative number', '-5', undefined, undefined],
  ['a day', '86400', undefined, 120_000],
  ['more than a timer holds', undefined, 1e15, 120_000],
  ['something else', undefined, 'soon', undefined],
])('Retry-After as %s', (_, header, retryAfterSeconds, expected) => {
  expect(new ApiError('GET /x', 429, status({ details: { retryAfterSeconds } }), header).retryAfterMs).toBe(expected);
});

test.each([
  ['HTTP 410', 410, {}, true],
  ['reason Expired under another code', 500, { reason: 'Expired' }, true],
  ['ResourceVersionTooLarge', 504, { details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } }, true],
  ['another time-out', 504, { reason: 'Timeout' }, false],
  ['NotFound', 404, { reason: 'NotFound' }, false],
])('a version is unusable: %s', (_, code, body, expected) => {
  expect(new ApiError('WATCH /x', code, status(body)).isVersionUnusable).toBe(expected);
});

test.each([
  [422, [], { guard: true, rejection: false }],
  [422, [{ field: 'spec' }], { guard: false, rejection: true }],
  [400, [], { guard: false, rejection: true }],
  [403, [], { guard: false, rejection: true }],
  [404, [], { guard: false, rejection: false }],
  [409, [], { guard: false, rejection: false }],
  [500, [{ field: 'spec' }], { guard: false, rejection: false }],
])('%i with causes %j: guard or rejection', (code, causes, { guard, rejection }) => {
  const error = new ApiError('PATCH /x', code, status({ details: { causes } }));
  expect({ guard: error.isGuardFailure, rejection: error.isRejection }).toEqual({ guard, rejection });
  expect(error.isForbidden).toBe(code === 403);
  expect(error.isNotFound).toBe(code === 404);
});

test.each([
  [
    403,
    'daemonsets.apps "x" is forbidden: User "system:serviceaccount:a:b" cannot patch resource "daemonsets" in API group "apps" in the namespace "rook"',
    true,
  ],
  [404, 'daemonsets.apps "x" is forbidden: User "b" cannot patch resource "daemonsets"', false],
  [403, 'admission webhook "ports.example" denied the request: not these ports', false],
  [403, 'pods "x" is forbidden: exceeded quota: few, requested: pods=1, used: pods=9, limited: pods=9', false],
  [403, 'pods "x" is forbidden: violates PodSecurity "baseline:latest": hostPort', false],
])('%i %s: a missing right is %s', (code, message, expected) => {
  expect(new ApiError('PATCH /x', code, status({ message })).isMissingRight).toBe(expected);
});

test("a webhook's rejection without causes is no failed guard", () => {
  const message = 'admission webhook "ports.example" denied the request: not these ports';
  const error = new ApiError('PATCH /x', 422, status({ message }));
  expect([error.isGuardFailure, error.isRejection]).toEqual([false, true]);
});

test('UnreachableError has the message of its cause', () => {
  const rejected = Object.assign(new Error(''), { code: 'ECONNREFUSED' });
  const both = new AggregateError([new Error('connect ECONNREFUSED ::1:6443'), rejected]);
  expect(new UnreachableError('GET /x', new Error('socket hang up')).message).toBe('GET /x: socket hang up');
  expect(new UnreachableError('GET /x', rejected).message).toBe('GET /x: ECONNREFUSED');
  expect(new UnreachableError('GET /x', both).message).toBe('GET /x: connect ECONNREFUSED ::1:6443');
  expect(new UnreachableError('GET /x', 'odd')).toMatchObject({ message: 'GET /x: odd', cause: 'odd' });
});
