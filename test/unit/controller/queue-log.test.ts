import { expect, test } from 'vitest';
import { queueLog } from '../../../src/controller/queue-log.js';
import { ApiError, UnreachableError } from '../../../src/kube/errors.js';

function logged(error: unknown, failures: number): object {
  let line: object = {};
  const at = (level: string) => (fields: object, message: string) => void (line = { level, message, ...fields });
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn') };
  queueLog(logger, (namespace) => `${namespace}-7`)('rook', error, failures, 50.4);
  return line;
}

test('a failure is a warning from the third in a row', () => {
  const away = new UnreachableError('GET /x', new Error('ECONNREFUSED'));
  expect(logged(away, 2)).toMatchObject({ level: 'debug', remedy: undefined });
  expect(logged(away, 3)).toMatchObject({
    level: 'warn',
    message: 'Reconcile failed',
    namespace: 'rook',
    reconcileID: 'rook-7',
    failures: 3,
    retryInMs: 50,
  });
});

test('a missing right is a warning at once, with its remedy', () => {
  expect(logged(new ApiError('PATCH /x', 403, '{}'), 1)).toMatchObject({
    level: 'warn',
    remedy: 'grant the rights of config/rbac/rook-namespace in namespace rook',
  });
});
