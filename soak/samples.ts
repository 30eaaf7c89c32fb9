/** Looks at the process every few seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { descriptors, memory } from '../test/support/measure/proc.js';
import { within } from '../test/support/measure/within.js';
import { Scrape } from '../test/support/scrape.js';
import { SAMPLE_EVERY_SECONDS, type Journal, type Sample } from './journal.js';
import type { Kubelet, Running } from './kubelet.js';

/** A process that is frozen answers nothing: then there is no sample, which the verdict sees. */
const ANSWER_WITHIN_MS = 2_000;
/** If ceph-csi-operator is not installed, its Drivers are listed every five minutes (docs/admin/monitor.md). */
const OPTIONAL = 'drivers.csi.ceph.io';

export async function takeSamples(kubelet: Kubelet, journal: Journal, over: AbortSignal): Promise<void> {
  // At fixed times, whatever one takes: the verdict counts those that are due.
  for (let tick = 1; !over.aborted; tick = Math.max(tick + 1, Math.ceil(journal.seconds() / SAMPLE_EVERY_SECONDS))) {
    const wait = Math.max(0, tick * SAMPLE_EVERY_SECONDS - journal.seconds()) * 1000;
    await sleep(wait, undefined, { signal: over }).catch(() => undefined);
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
    downWatches: neededWatches(scrape, 'csiports_watch_up').flatMap(({ watch, value }) => (value === 1 ? [] : [watch])),
    queueDepth: scrape.sum('workqueue_depth'),
  };
}

function oldestWatch(scrape: Scrape): Pick<Sample, 'eventAgeSeconds' | 'oldestWatch'> {
  const ages = neededWatches(scrape, 'csiports_watch_last_event_age_seconds');
  const oldest = ages.toSorted((a, b) => a.value - b.value).at(-1);
  return { eventAgeSeconds: oldest?.value ?? 0, oldestWatch: oldest?.watch ?? '' };
}

export function neededWatches(scrape: Scrape, metric: string): { readonly watch: string; readonly value: number }[] {
  const watches = scrape.series(metric).map(({ labels, value }) => ({ watch: labels.resource ?? '', value }));
  return watches.filter(({ watch }) => watch !== OPTIONAL);
}
