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

function bench(): { log: OnInformerEvent; warnings: string[]; recovered: boolean[]; clock: { now: number } } {
  const warnings: string[] = [];
  const recovered: boolean[] = [];
  const clock = { now: 0 };
  const ignore = (): void => undefined;
  const warn = ({ informer: title }: { informer?: string }): void => void warnings.push(title ?? '');
  const logger = { debug: ignore, info: ignore, warn };
  const log = informerLog(
    logger,
    () => clock.now,
    (recovery) => void recovered.push(recovery),
  );
  return { log, warnings, recovered, clock };
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

test('what keeps all informers from working is said once for all', () => {
  const { log, warnings } = bench();
  for (const title of ['a', 'b', 'c']) log(informer({ title }), failed(AWAY));
  expect(warnings).toEqual(['a']);
});

test('a complete store ends a failure where one was said', () => {
  const { log, recovered } = bench();
  const one = informer();
  log(one, { type: 'Synced' });
  log(one, failed(error(500)));
  log(one, { type: 'Synced' });
  log(one, failed(error(410)));
  log(one, { type: 'Synced' });
  expect(recovered).toEqual([false, true, false]);
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
  expect(remedyFor(informer(), error(404))).toMatch(/^install the CustomResourceDefinition daemonsets\.apps/);
  expect(remedyFor(informer(), AWAY)).toBeUndefined();
});
