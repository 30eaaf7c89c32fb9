import { expect, it } from 'vitest';
import { isPassing, persistently } from '../../../soak/persist.js';
import { AdminApiError } from '../../support/control-plane/admin-api.js';

function answer(status: number): AdminApiError {
  return new AdminApiError('GET /', status, {});
}

it('an API server that is away or busy is passing; what it rejects is not', () => {
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  expect([away, answer(500), answer(503), answer(429)].map(isPassing)).toEqual([true, true, true, true]);
  expect([400, 403, 404, 409, 422].map((status) => isPassing(answer(status)))).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});

it('asks again until there is an answer, and throws what is not passing', async () => {
  const errors = [answer(503), answer(429)];
  const ask = (): Promise<string> => {
    const error = errors.shift();
    return error === undefined ? Promise.resolve('answer') : Promise.reject(error);
  };
  expect(await persistently(ask)).toBe('answer');
  await expect(persistently(() => Promise.reject(answer(403)))).rejects.toThrow('403');
});
