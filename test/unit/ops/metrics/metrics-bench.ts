/** The metrics of a reconciler at work on a cluster double, with a clock of the test's own. */
import { Applier } from '../../../../src/controller/apply.js';
import { Reconciler } from '../../../../src/controller/reconciler.js';
import { StatusWriter } from '../../../../src/controller/status-writer.js';
import { EventRecorder } from '../../../../src/kube/events.js';
import { Metrics, type MetricsOptions } from '../../../../src/ops/metrics/metrics.js';
import { Scrape } from '../../../support/scrape.js';
import { NAMESPACE, startCluster, type Cluster, type ClusterOptions } from '../../controller/cluster-double.js';

export interface MetricsBench {
  readonly metrics: Metrics;
  readonly clock: { ms: number };
  readonly scrape: () => Promise<Scrape>;
}

export function startMetrics(more: Partial<MetricsOptions> = {}): MetricsBench {
  const clock = { ms: 1_000 };
  const metrics = new Metrics({
    version: '1.2.3',
    maxConcurrentReconciles: 4,
    monotonicMs: () => clock.ms,
    ...more,
  });
  return { metrics, clock, scrape: async () => new Scrape((await metrics.scrape()).text) };
}

export interface ReconcilerBench extends MetricsBench {
  readonly cluster: Cluster;
  readonly reconcile: () => Promise<unknown>;
}

export async function startReconciler(
  options: ClusterOptions = {},
  election?: { isLeading: boolean },
): Promise<ReconcilerBench> {
  const bench = startMetrics();
  const { metrics, clock } = bench;
  const cluster = await startCluster(options);
  const now = (): Date => new Date('2026-11-22T10:00:00Z');
  const ignore = (): void => undefined;
  const observer = metrics.controller.reconciles;
  const reconciler = new Reconciler({
    watches: cluster.watches,
    applier: new Applier(cluster.writer, cluster.watches, () => clock.ms, observer),
    statusWriter: new StatusWriter({ writer: cluster.writer, watches: cluster.watches, monotonicMs: () => clock.ms }),
    recorder: new EventRecorder(cluster.transport, { controller: 'c', instance: 'i', now, onLost: ignore }),
    logger: { debug: ignore, info: ignore, warn: ignore },
    now,
    contestRules: { contestedAfter: 5 },
    observer,
  });
  const { watches } = cluster;
  const state = {
    informers: watches.states,
    get assignments() {
      return watches.assignments.all();
    },
  };
  metrics.readFrom(state, election);
  return { ...bench, cluster, reconcile: () => reconciler.reconcile(NAMESPACE, 'r-1') };
}

/** "label label value" of each series, sorted. */
export function lines(scrape: Scrape, name: string): string[] {
  return scrape
    .series(name)
    .map(({ labels, value }) => [...Object.values(labels), value].join(' '))
    .sort();
}
