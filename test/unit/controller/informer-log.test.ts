import { expect, test } from 'vitest';
import { informerLog, remedyFor } from '../../../src/controller/informer-log.js';
import { ApiError, UnreachableError } from '../../../src/kube/errors.js';
import type { InformerEvent, InformerState, OnInformerEvent } from '../../../src/kube/informer-state.js';
import { informerState } from '../kube/informer-state.js';

/** It has failed once. */
function informer(more: Partial<InformerState> = {}): InformerState {
  return informerState({ failures: 1, ...more });
}

const error = (status: number): ApiError => new ApiError('GET /x', status, '{}');
const failed = (error: Error): InformerEvent => ({ type: 'Failed', error, retryInMs: 1 });
const AWAY = new UnreachableError('GET /x', new Error('ECONNREFUSED'));

interface Bench {
  readonly log: OnInformerEvent;
  /** All that there are. */
  readonly informers: InformerState[];
  readonly warnings: string[];
  readonly infos: string[];
  readonly clock: { now: number };
}

function bench(): Bench {
  const informers: InformerState[] = [];
  const warnings: string[] = [];
  const infos: string[] = [];
  const clock = { now: 0 };
  const logger = {
    debug: () => undefined,
    info: (_: object, message: string) => void infos.push(message),
    warn: ({ informer: title }: { informer?: string }) => void warnings.push(title ?? ''),
  };
  const log = informerLog(
    logger,
    () => clock.now,
    () => informers,
  );
  return { log, informers, warnings, infos, clock };
}

test('a failure is said once, and again when it has lasted for long', () => {
  const { log, warnings, clock } = bench();
  const one = informer();
  for (const now of [0, 5_000, 599_999]) {
    clock.now = now;
    log(one, failed(error(403)));
  }
  expect(warnings).toHaveLength(1);
  clock.now = 600_000;
  log(one, failed(error(403)));
  expect(warnings).toHaveLength(2);
});

test('a right that is withheld from an optional informer is said once, and again when it was there in between', () => {
  const { log, warnings, clock } = bench();
  const one = informer({ optional: true });
  for (const now of [0, 600_000, 6_000_000]) {
    clock.now = now;
    log(one, failed(error(403)));
  }
  expect(warnings).toHaveLength(1);
  log(one, { type: 'Synced' });
  log(one, failed(error(403)));
  expect(warnings).toHaveLength(2);
});

test('what keeps all informers from working is said once for all', () => {
  const { log, warnings } = bench();
  for (const title of ['a', 'b', 'c']) log(informer({ title }), failed(AWAY));
  expect(warnings).toEqual(['a']);
});

test('the first time that all are synced is logged once, and again after a failure that was logged', () => {
  const { log, informers, infos } = bench();
  const one = informer();
  informers.push(one);
  log(one, { type: 'Synced' });
  expect(infos).toEqual(['Informers synced']);
  log(one, { type: 'Synced' });
  // A list that is due again is no failure.
  log(one, failed(error(410)));
  log(one, { type: 'Synced' });
  expect(infos).toHaveLength(1);
  log(one, failed(error(500)));
  log(one, { type: 'Synced' });
  expect(infos).toEqual(['Informers synced', 'All watches work again']);
});

test('it is not logged while another informer is not synced or is failing, unless that one is optional', () => {
  const { log, informers, infos } = bench();
  const one = informer();
  for (const other of [informer({ synced: false }), informer({ lastError: AWAY })]) {
    informers.splice(0, 2, one, other);
    log(one, { type: 'Synced' });
  }
  expect(infos).toEqual([]);
  informers[1] = informer({ synced: false, lastError: AWAY, optional: true });
  log(one, { type: 'Synced' });
  expect(infos).toEqual(['Informers synced']);
});

test('the remedy names the rule that is missing, with the name where there is one', () => {
  expect(remedyFor(informer(), error(403))).toBe(
    'allow verbs list and watch on daemonsets.apps named plugin in a ClusterRole',
  );
  const drivers = { rule: { group: 'csi.ceph.io', resource: 'drivers' }, optional: true };
  expect(remedyFor(informer(drivers), error(403))).toBe(
    'allow verbs list and watch on drivers.csi.ceph.io in a ClusterRole',
  );
  expect(remedyFor(informer({ ...drivers, namespace: 'rook' }), error(403))).toBe(
    'allow verbs list and watch on drivers.csi.ceph.io in a Role in namespace rook',
  );
  const pods = { rule: { group: '', resource: 'pods', folder: 'config/rbac/host-network-pods' }, optional: true };
  expect(remedyFor(informer(pods), error(403))).toBe(
    'allow verbs list and watch on pods in a ClusterRole: kubectl apply -k config/rbac/host-network-pods',
  );
  expect(remedyFor(informer({ ...pods, namespace: 'rook' }), error(403))).toBe(
    'allow verbs list and watch on pods in a Role in namespace rook',
  );
  expect(remedyFor(informer(), error(404))).toMatch(/^install the CustomResourceDefinition daemonsets\.apps/);
  expect(remedyFor(informer(), AWAY)).toBeUndefined();
});
