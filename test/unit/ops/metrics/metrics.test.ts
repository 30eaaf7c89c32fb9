import { expect, test } from 'vitest';
import { plan } from '../../../../src/domain/rules/plan.js';
import type { WriteResult } from '../../../../src/domain/report/write-result.js';
import { ApiError, UnreachableError, WatchProtocolError } from '../../../../src/kube/errors.js';
import type { InformerState } from '../../../../src/kube/informer-state.js';
import { WatchIdleError } from '../../../../src/kube/watch-events.js';
import { METRIC_NAMES } from '../../../../src/ops/metrics/definitions.js';
import { informerState } from '../../kube/informer-state.js';
import { lines, startMetrics } from './metrics-bench.js';

function informer(name: string, more: Partial<InformerState> = {}): InformerState {
  return informerState({ title: name, rule: { group: 'apps', resource: 'deployments', name }, ...more });
}

const apiError = (status: number, body = '{}'): ApiError => new ApiError('GET /x', status, body);
const cut = (): Error => Object.assign(new Error('aborted'), { code: 'ECONNRESET' });

test('every metric of the table exists from the first scrape on, beside those of Node', async () => {
  const { metrics, scrape } = startMetrics();
  expect((await metrics.scrape()).contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  const { names, series } = await scrape().then((page) => ({ names: page.names, series: page }));
  expect(names).toEqual(expect.arrayContaining([...METRIC_NAMES, 'process_resident_memory_bytes']));
  expect(series.series('csiports_build_info')).toMatchObject([{ labels: { version: '1.2.3', node: process.version } }]);
  expect(lines(series, 'controller_runtime_max_concurrent_reconciles')).toEqual(['csiportassignment 4']);
});

test('two operators in one process do not share their metrics', async () => {
  const [one, other] = [startMetrics(), startMetrics()];
  one.metrics.requestsTo('a:1').responded('GET', 200);
  expect((await one.scrape()).series('rest_client_requests_total')).toHaveLength(1);
  expect((await other.scrape()).series('rest_client_requests_total')).toHaveLength(0);
});

const after = plan({
  namespace: 'there',
  others: [],
  rooksElsewhere: [],
  drivers: [],
  now: 0,
  assignment: {
    namespace: 'there',
    name: 'default',
    uid: 'uid-assignment',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
    deleting: false,
    spec: {},
  },
  workloads: {},
});
const results: WriteResult[] = [
  {
    kind: 'Deployment',
    name: 'csi-cephfsplugin-provisioner',
    slot: 'cephfsProvisioner',
    outcome: 'Applied',
    isSent: true,
  },
];

test('records from before the library is loaded are counted, in their order', async () => {
  const { metrics, scrape } = startMetrics();
  const { onReconcileEvent, queue } = metrics.controller;
  const patched = (namespace: string): void =>
    onReconcileEvent(namespace, { type: 'Reconciled', mode: 'Enforce', after, results });
  patched('gone');
  onReconcileEvent('gone', { type: 'Forgotten' });
  patched('there');
  queue.added('there');
  const loading = metrics.load();
  patched('there');
  await loading;
  patched('there');
  const page = await scrape();
  expect(lines(page, 'csiports_patches_total')).toEqual([
    'there ConfigMap applied 0',
    'there DaemonSet applied 0',
    'there Deployment applied 3',
  ]);
  expect(lines(page, 'workqueue_adds_total')).toEqual(['csiportassignment csiportassignment 1']);
});

test('requests are counted by response, and timed', async () => {
  const { metrics, scrape } = startMetrics();
  const observer = metrics.requestsTo('10.0.0.1:443');
  observer.responded('PATCH', 200);
  observer.responded('PATCH', 422);
  observer.responded('GET', undefined);
  observer.took('PATCH', 250);
  observer.took('WATCH', 2_000);
  const page = await scrape();
  expect(lines(page, 'rest_client_requests_total')).toEqual([
    '200 10.0.0.1:443 PATCH 1',
    '422 10.0.0.1:443 PATCH 1',
    '<error> 10.0.0.1:443 GET 1',
  ]);
  expect(lines(page, 'rest_client_request_duration_seconds_sum')).toEqual([
    'PATCH 10.0.0.1:443 0.25',
    'WATCH 10.0.0.1:443 2',
  ]);
});

test("a namespace's way through the queue", async () => {
  const { metrics, clock, scrape } = startMetrics();
  const { queue } = metrics.controller;
  const value = async (name: string): Promise<number> => (await scrape()).sum(name);
  queue.added('a');
  queue.added('b');
  clock.ms += 1_000;
  queue.started('a');
  clock.ms += 2_000;
  queue.started('b');
  // Added again while it is worked on: it waits, and is worked on.
  queue.added('a');
  clock.ms += 500;
  expect(await value('workqueue_depth')).toBe(1);
  expect(await value('controller_runtime_active_workers')).toBe(2);
  expect(await value('workqueue_unfinished_work_seconds')).toBe(3);
  expect(await value('workqueue_longest_running_processor_seconds')).toBe(2.5);
  queue.ended('a', {});
  queue.ended('b', { failure: new Error('passing'), requeueAfterMs: 5 });
  queue.started('a');
  queue.ended('a', { requeueAfterMs: 5 });
  const page = await scrape();
  expect(lines(page, 'controller_runtime_reconcile_total')).toEqual([
    'csiportassignment error 1',
    'csiportassignment requeue_after 1',
    'csiportassignment success 1',
  ]);
  expect(page.sum('controller_runtime_reconcile_errors_total')).toBe(1);
  expect(page.sum('workqueue_retries_total')).toBe(1);
  expect(page.sum('workqueue_adds_total')).toBe(3);
  expect(page.sum('workqueue_depth')).toBe(0);
  expect(page.sum('workqueue_longest_running_processor_seconds')).toBe(0);
  // Waited 1 s, 3 s and 0.5 s; worked on for 2.5 s, 0.5 s and not at all.
  expect(page.sum('workqueue_queue_duration_seconds_sum')).toBe(4.5);
  expect(page.sum('workqueue_work_duration_seconds_sum')).toBe(3);
  expect(page.sum('controller_runtime_reconcile_time_seconds_count')).toBe(3);
});

test.each([
  [new WatchIdleError('x'), 'idle'],
  [new WatchProtocolError('x'), 'protocol'],
  [apiError(410), 'expired'],
  [apiError(500, '{"reason":"Expired"}'), 'expired'],
  [apiError(401), 'unauthorized'],
  [apiError(403), 'forbidden'],
  [apiError(404), 'not_found'],
  [apiError(429), 'unavailable'],
  [apiError(503), 'unavailable'],
  [apiError(400), 'protocol'],
  [new UnreachableError('GET /x', new Error('rejected')), 'unavailable'],
  [cut(), 'unavailable'],
  [new TypeError('an object without metadata'), 'protocol'],
])('a watch that ends with %s restarts by %s', async (error, cause) => {
  const { metrics, scrape } = startMetrics();
  metrics.controller.onInformerEvent(informer('plugin'), { type: 'Failed', error, retryInMs: 1 });
  expect(lines(await scrape(), 'csiports_watch_restarts_total')).toEqual([`deployments.apps/plugin ${cause} 1`]);
});

test('a watch that may not be read has no age: it is no watch that has fallen silent', async () => {
  const { metrics, clock, scrape } = startMetrics();
  clock.ms = 100_000;
  const rule = { group: '', resource: 'pods' };
  const lastError = apiError(403);
  const states = [informer('pods', { optional: true, synced: false, rule, lastError }), informer('plugin')];
  metrics.readFrom({ informers: states, assignments: [] }, undefined);
  expect(lines(await scrape(), 'csiports_watch_up')).toEqual(['deployments.apps/plugin 1', 'pods 0']);
  expect(lines(await scrape(), 'csiports_watch_last_event_age_seconds')).toEqual(['deployments.apps/plugin 100']);
});

test('watches: closed in order, silent for how long', async () => {
  const { metrics, clock, scrape } = startMetrics();
  clock.ms = 100_000;
  const { onInformerEvent } = metrics.controller;
  const rule = { group: '', resource: 'configmaps', name: 'config' };
  const states = [
    informer('plugin', { lastEventAt: 40_000, namespace: 'a' }),
    informer('plugin', { lastEventAt: 99_000, namespace: 'b' }),
    informer('config', { lastEventAt: 98_500, rule }),
    informer('drivers', { lastEventAt: 98_000, rule: { group: 'csi.ceph.io', resource: 'drivers' } }),
  ];
  metrics.readFrom({ informers: states, assignments: [] }, undefined);
  for (const state of states) onInformerEvent(state, { type: 'Closed' });
  expect(lines(await scrape(), 'csiports_watch_last_event_age_seconds')).toEqual([
    'configmaps/config 1.5',
    'deployments.apps/plugin 60',
    'drivers.csi.ceph.io 2',
  ]);
  expect(lines(await scrape(), 'csiports_watch_restarts_total')).toEqual([
    'configmaps/config closed 1',
    'deployments.apps/plugin closed 2',
    'drivers.csi.ceph.io closed 1',
  ]);
});

test('watches: each list, each sync, and whether all is known now', async () => {
  const { metrics, scrape } = startMetrics();
  const { onInformerEvent } = metrics.controller;
  const [well, failing] = [
    informer('plugin', { namespace: 'a' }),
    informer('plugin', { namespace: 'b', lastError: cut() }),
  ];
  const begun = informer('config', { synced: false });
  const watched = [begun];
  metrics.readFrom({ informers: watched, assignments: [] }, undefined);
  expect(lines(await scrape(), 'csiports_watch_up')).toEqual(['deployments.apps/config 0']);
  watched.push(well);
  expect(lines(await scrape(), 'csiports_watch_up')).toContain('deployments.apps/plugin 1');
  watched.push(failing);
  expect(lines(await scrape(), 'csiports_watch_up')).toContain('deployments.apps/plugin 0');

  onInformerEvent(well, { type: 'Listed', by: 'stream' });
  onInformerEvent(well, { type: 'Synced' });
  onInformerEvent(well, { type: 'Listed', by: 'pages' });
  onInformerEvent(failing, { type: 'Listed', by: 'absence' });
  onInformerEvent(well, { type: 'Unreadable', object: 'a/plugin', error: new TypeError('spec is no object') });
  onInformerEvent(failing, { type: 'Synced' });
  expect(lines(await scrape(), 'csiports_watch_lists_total')).toEqual([
    'deployments.apps/plugin absence 1',
    'deployments.apps/plugin pages 1',
    'deployments.apps/plugin stream 1',
  ]);
  expect(lines(await scrape(), 'csiports_watch_syncs_total')).toEqual(['deployments.apps/plugin 2']);
  expect(lines(await scrape(), 'csiports_watch_unreadable_objects_total')).toEqual(['deployments.apps/plugin 1']);
});

test('the leader is reported with leader election only', async () => {
  const { scrape } = startMetrics();
  expect(lines(await scrape(), 'leader_election_master_status')).toEqual([]);

  const replica = startMetrics();
  const election = { isLeading: false };
  replica.metrics.readFrom({ informers: [], assignments: [] }, election);
  expect(lines(await replica.scrape(), 'leader_election_master_status')).toEqual(['csi-port-operator 0']);
  election.isLeading = true;
  expect(lines(await replica.scrape(), 'leader_election_master_status')).toEqual(['csi-port-operator 1']);
});
