/** The metrics of a reconciler at work on a cluster double, with a clock of the test's own. */
import { Reconciler } from '../../../../src/controller/reconciler.js';
import { StatusWriter } from '../../../../src/controller/status-writer.js';
import { WriteBackoff } from '../../../../src/controller/write-backoff.js';
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
  const monotonicMs = (): number => clock.ms;
  const { writer, watches } = cluster;
  const reconciler = new Reconciler({
    writer,
    watches,
    backoff: new WriteBackoff({ contestedAfter: 5, now, monotonicMs }),
    statusWriter: new StatusWriter({ writer, watches, monotonicMs, othersWait: () => false }),
    recorder: { record: ignore },
    logger: { debug: ignore, info: ignore, warn: ignore },
    now,
    onEvent: metrics.controller.onReconcileEvent,
  });
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
