import { appendFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { AuditLog } from '../../../support/control-plane/audit-log.js';
import { scratch } from '../../kube/connections.js';

function line(name: string): string {
  const event = { verb: 'get', user: {}, objectRef: { name }, requestURI: '/', requestReceivedTimestamp: '' };
  return `${JSON.stringify(event)}\n`;
}

test('a mark in the middle of a line is one before it: the line is whole when it is read', async () => {
  const file = scratch().write('audit.log', `${line('before')}${line('half').slice(0, 20)}`);
  const log = new AuditLog(file);
  const mark = await log.mark();
  appendFileSync(file, `${line('half').slice(20)}${line('after')}`);
  expect((await log.since(mark)).map(({ name }) => name)).toEqual(['half', 'after']);
});

test.each([
  ['an empty log', ''],
  ['a log whose first line is not whole', line('first').slice(0, 5)],
])('the mark of %s is its beginning', async (_, content) => {
  const log = new AuditLog(scratch().write('audit.log', content));
  expect(await log.mark()).toEqual({ offset: 0 });
});
