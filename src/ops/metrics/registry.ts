/** The metrics library, filled from the table of definitions, and loaded on demand: it takes 15 ms and 2 MiB. */
import { DEFINITIONS, METRIC_NAMES, type Definition } from './definitions.js';
import type { Readings } from './readings.js';
import type { Sink } from './recorder.js';

/** All metrics in the text format of Prometheus. */
export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

export interface Registry {
  readonly sink: Sink;
  scrape(): Promise<MetricsText>;
}

/**
 * prom-client samples these every 10 ms, which keeps waking an idle process. So they are removed, and the timer is as slow
 * as possible. `nodejs_eventloop_lag_seconds` is measured by each scrape.
 */
const SAMPLED = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map((of) => `nodejs_eventloop_lag_${of}_seconds`);
const MAX_SAMPLING_MS = 2 ** 31 - 1;

export async function createRegistry(readings: Readings): Promise<Registry> {
  const { Registry, Counter, Gauge, Histogram, collectDefaultMetrics } = await import('prom-client');
  const registry = new Registry();
  const counters = new Map<string, InstanceType<typeof Counter>>();
  const histograms = new Map<string, InstanceType<typeof Histogram>>();
  for (const name of METRIC_NAMES) {
    const { type, help, labels, buckets = [] }: Definition = DEFINITIONS[name];
    const common = { name, help, labelNames: labels, registers: [registry] };
    if (type === 'counter') counters.set(name, new Counter(common));
    else if (type === 'histogram') histograms.set(name, new Histogram({ ...common, buckets: [...buckets] }));
    else {
      const read = readings[name as keyof Readings];
      new Gauge({
        ...common,
        collect() {
          this.reset();
          for (const [values, value] of read()) this.set(values, value);
        },
      });
    }
  }
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: MAX_SAMPLING_MS });
  for (const name of SAMPLED) registry.removeSingleMetric(name);
  const sink: Sink = {
    count: (name, labels, by) => counters.get(name)?.inc(labels, by),
    time: (name, labels, seconds) => histograms.get(name)?.observe(labels, seconds),
    remove: (name, labels) => counters.get(name)?.remove(labels),
  };
  return { sink, scrape: async () => ({ contentType: registry.contentType, text: await registry.metrics() }) };
}
