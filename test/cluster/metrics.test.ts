/** What a scrape of the operator says while it does its work. */
import { expect, test } from 'vitest';
import { documentedMetrics } from '../../scripts/metrics-page.js';
import { useCluster } from '../support/cluster.js';
import { Gate } from '../support/control-plane/gate.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import type { Operator } from '../support/operator.js';
import type { Scrape } from '../support/scrape.js';
import { MOVED, PROVISIONERS } from '../support/slots.js';

const cluster = useCluster();

/** The first scrape of which this is true. */
async function scrapeWhen(operator: Operator, what: string, isSo: (scrape: Scrape) => boolean): Promise<Scrape> {
  let last: Scrape | undefined;
  return waitFor(
    what,
    async () => {
      last = await operator.scrape();
      return isSo(last) && last;
    },
    { lastSeen: () => last?.samples.filter(({ name }) => name.startsWith('csiports_')) },
  );
}

const MOVED_DEPLOYMENTS = MOVED.filter((slot) => PROVISIONERS.includes(slot)).length;

test('the conflict, its end, a revert, and the end of the assignment', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { mode: 'Paused' });
  const { namespace } = rook;
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'Paused');
  const conflict = await scrapeWhen(operator, 'the conflict', (scrape) => {
    return scrape.sum('csiports_degraded', { namespace }) === 1;
  });
  expect(conflict.series('csiports_degraded')).toMatchObject([
    { labels: { namespace, reason: 'PortConflict' }, value: 1 },
  ]);
  expect(conflict.series('csiports_conflicts')).toMatchObject([{ labels: { namespace }, value: 1 }]);
  expect(conflict.series('csiports_ready')).toMatchObject([{ labels: { namespace }, value: 0 }]);
  expect(conflict.series('csiports_patches_total')).toHaveLength(3);
  expect(conflict.sum('csiports_patches_total')).toBe(0);

  await assignment.edit({ mode: 'Enforce' });
  await assignment.waitUntilAssigned();
  const solved = await scrapeWhen(operator, 'the end of the conflict', (scrape) => {
    return scrape.sum('csiports_ready', { namespace }) === 1;
  });
  const patches = (scrape: Scrape): string[] =>
    scrape.series('csiports_patches_total').map(({ labels, value }) => `${labels.kind!} ${labels.result!} ${value}`);
  expect(patches(solved).sort()).toEqual([
    // The keys of the provisioners, then that of the node plugin.
    'ConfigMap applied 2',
    'DaemonSet applied 1',
    `Deployment applied ${MOVED_DEPLOYMENTS}`,
  ]);
  expect(solved.series('csiports_degraded')).toEqual([]);
  expect(solved.series('csiports_conflicts')).toMatchObject([{ value: 0 }]);
  expect(solved.series('csiports_reverts_total')).toMatchObject([{ labels: { namespace }, value: 0 }]);
  expect(solved.sum('csiports_rollout_seconds_count', { kind: 'DaemonSet' })).toBe(1);
  expect(solved.sum('csiports_rollout_seconds_count', { kind: 'Deployment' })).toBe(MOVED_DEPLOYMENTS);
  expect(solved.sum('csiports_rollout_seconds_sum')).toBeGreaterThan(0);

  await rook.rewrite('cephfsProvisioner');
  await operator.waitForReverts(1);
  await assignment.waitUntilAssigned();
  const repaired = await scrapeWhen(operator, 'the revert', (scrape) => scrape.sum('csiports_reverts_total') === 1);
  expect(patches(repaired)).toContain(`Deployment applied ${MOVED_DEPLOYMENTS + 1}`);

  await assignment.delete();
  const gone = await scrapeWhen(operator, 'no series of the namespace', ({ samples }) => {
    return !samples.some(({ labels }) => 'namespace' in labels);
  });
  // What does not speak of the assignment stays.
  expect(gone.sum('csiports_rollout_seconds_count')).toBeGreaterThanOrEqual(2);
});

test('the requests, the queue and the watches', async () => {
  const { assignment } = await cluster().installRookWithAssignment();
  const { audit, server } = cluster().controlPlane;
  const mark = await audit.mark();
  const operator = await cluster().startOperator();
  await assignment.waitUntilAssigned();
  await assignment.waitUntilSettled();
  const host = new URL(server).host;
  const watches = { verb: 'WATCH', host };
  const scrape = await scrapeWhen(operator, 'eight watches', (found) => {
    return found.sum('rest_client_request_duration_seconds_count', watches) >= 8;
  });

  const patched = scrape.series('rest_client_requests_total', { method: 'PATCH' });
  const asked = (await cluster().requestsSince(mark)).filter(({ verb }) => verb === 'patch');
  // A status may be overtaken by what else is written at the start.
  const codes = patched.map(({ labels }) => labels.code);
  expect(codes.filter((code) => code !== '409')).toEqual(['200']);
  const sent = scrape.sum('rest_client_requests_total', { method: 'PATCH', host });
  expect(sent).toBeGreaterThanOrEqual(asked.length - 1);
  expect(scrape.series('rest_client_requests_total', { code: '<error>' })).toEqual([]);
  expect(scrape.sum('rest_client_request_duration_seconds_count', { verb: 'PATCH', host })).toBe(sent);

  const queue = { name: 'csiportassignment', controller: 'csiportassignment' };
  const [adds] = scrape.series('workqueue_adds_total', queue);
  expect(adds!.value).toBeGreaterThan(1);
  expect(scrape.sum('workqueue_queue_duration_seconds_count', queue)).toBeGreaterThan(0);
  const reconciles = scrape.sum('controller_runtime_reconcile_total', { controller: 'csiportassignment' });
  expect(scrape.sum('controller_runtime_reconcile_time_seconds_count')).toBe(reconciles);
  expect(reconciles).toBeGreaterThan(0);
  expect(scrape.series('controller_runtime_max_concurrent_reconciles')).toMatchObject([{ value: 4 }]);
  expect(scrape.series('workqueue_depth', queue)).toHaveLength(1);

  const ages = scrape.series('csiports_watch_last_event_age_seconds');
  expect(ages.map(({ labels }) => labels.resource)).toEqual(
    expect.arrayContaining([
      'configmaps/rook-ceph-operator-config',
      'csiportassignments.csiports.io/default',
      'daemonsets.apps/csi-rbdplugin',
      'deployments.apps/csi-rbdplugin-provisioner',
      'drivers.csi.ceph.io',
    ]),
  );
  expect(ages.every(({ value }) => value >= 0 && value < 60)).toBe(true);
  expect(scrape.series('csiports_build_info')).toMatchObject([{ labels: { node: process.version }, value: 1 }]);
  expect(scrape.series('leader_election_master_status')).toEqual([]);
});

test('what comes before the watches are synced is work for the queue, and no reconcile', async () => {
  const { assignment } = await cluster().installRookWithAssignment();
  const gate = new Gate(cluster().controlPlane, ({ path }) => path.includes('/configmaps'));
  const operator = await cluster().startOperator({ kubeconfig: await gate.start() });
  const runs = (scrape: Scrape): number => scrape.sum('workqueue_work_duration_seconds_count');
  const early = await scrapeWhen(operator, 'work for the queue', (scrape) => runs(scrape) > 0);
  expect(early.sum('controller_runtime_reconcile_total')).toBe(0);
  gate.open();
  await assignment.waitUntilAssigned();
  const late = await scrapeWhen(
    operator,
    'a reconcile',
    (scrape) => scrape.sum('controller_runtime_reconcile_total') > 0,
  );
  expect(runs(late)).toBeGreaterThan(late.sum('controller_runtime_reconcile_total'));
});

test('a scrape has the metrics of docs/admin/monitor.md, and what Node tells of itself', async () => {
  const operator = await cluster().startOperator();
  await operator.waitUntilReady();
  const { names } = await operator.scrape();
  const isNodes = (name: string): boolean => name.startsWith('process_') || name.startsWith('nodejs_');
  expect(names.filter((name) => !isNodes(name)).sort()).toEqual(documentedMetrics().sort());
  expect(names.filter(isNodes)).toEqual(
    expect.arrayContaining([
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_heap_size_used_bytes',
    ]),
  );
});
