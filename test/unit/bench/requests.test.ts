import { expect, it } from 'vitest';
import { Requests } from '../../../bench/requests.js';
import type { AuditEntry } from '../../support/control-plane/audit-log.js';

function entry(verb: string, resource: string, more: Partial<AuditEntry> = {}): AuditEntry {
  const rest = { group: '', user: '', userAgent: '', requestUri: '/', code: 200, forbidden: false, dryRun: false };
  return { verb, resource, ...rest, ...more };
}

const STATUS = entry('patch', 'csiportassignments', { subresource: 'status' });

it('counts all but the renewals of the Lease, by kind', () => {
  const requests = new Requests([
    entry('get', '', { requestUri: '/apis?timeout=32s' }),
    entry('watch', 'deployments'),
    entry('watch', 'deployments'),
    entry('update', 'leases'),
    STATUS,
  ]);
  expect(requests.count).toBe(4);
  expect(requests.byKind()).toEqual({ 'get /apis': 1, 'watch deployments': 2, 'patch csiportassignments/status': 1 });
});

it('ends with the last status, where that is asked for', () => {
  const requests = new Requests([entry('patch', 'deployments'), STATUS, entry('create', 'events'), STATUS]);
  expect(requests.upToStatus().count).toBe(4);
  const told = new Requests([entry('patch', 'deployments'), STATUS, entry('create', 'events')]);
  expect(told.upToStatus().byKind()).toEqual({ 'patch deployments': 1, 'patch csiportassignments/status': 1 });
});

it('has nothing up to a status that was not written', () =>
  expect(new Requests([entry('watch', 'configmaps')]).upToStatus().count).toBe(0));
