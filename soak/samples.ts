/** Looks at the process every few seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { descriptors, memory } from '../test/support/measure/proc.js';
import { within } from '../test/support/measure/within.js';
import { Scrape } from '../test/support/scrape.js';
import type { Journal, Sample } from './journal.js';
import type { Kubelet, Running } from './kubelet.js';

const EVERY_MS = 5_000;
/** A process that is frozen answers nothing: then there is no sample. */
const ANSWER_WITHIN_MS = 2_000;
/** What need not be installed is asked for every five minutes where it is not: docs/metrics.md. */
const OPTIONAL = /drivers/i;

export async function takeSamples(kubelet: Kubelet, journal: Journal, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await sleep(EVERY_MS, undefined, { signal: over }).catch(() => undefined);
    const { running } = kubelet;
    if (running === undefined) continue;
    const sample = await within(ANSWER_WITHIN_MS, 'a sample', sampleOf(running, journal)).catch(() => undefined);
    if (sample !== undefined) journal.samples.push(sample);
  }
}

async function sampleOf({ program, meter, metricsPort, life }: Running, journal: Journal): Promise<Sample> {
  const at = journal.seconds();
  // Before the collection, which is none of the operator's own.
  const { resident } = memory(program.pid);
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { headers: { connection: 'close' } });
  const scrape = new Scrape(await response.text());
  const { all, sockets } = descriptors(program.pid);
  return {
    at,
    life: life.number,
    residentMiB: resident,
    handles: await meter.resources(),
    heapMiB: (await meter.held()) / 2 ** 20,
    descriptors: all,
    sockets,
    ...oldestWatch(scrape),
    queueDepth: scrape.sum('workqueue_depth'),
  };
}

function oldestWatch(scrape: Scrape): Pick<Sample, 'eventAgeSeconds' | 'oldestWatch'> {
  const needed = scrape
    .series('csiports_watch_last_event_age_seconds')
    .filter(({ labels }) => !OPTIONAL.test(labels.resource ?? ''));
  const oldest = needed.toSorted((a, b) => a.value - b.value).at(-1);
  return { eventAgeSeconds: oldest?.value ?? 0, oldestWatch: oldest?.labels.resource ?? '' };
}
