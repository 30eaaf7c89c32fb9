/** Records Kubernetes events (events.k8s.io/v1); a repeat within six minutes counts up the first one's series. */
import { sanitize } from '../domain/report/sanitize.js';
import { ApiError } from './errors.js';
import { microTime } from './micro-time.js';
import type { Transport } from './transport.js';

export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventNotice {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

/** An event and how often it has happened since it was recorded last. */
export interface Occurrences {
  readonly regarding: ObjectReference;
  readonly event: EventNotice;
  readonly related?: ObjectReference | undefined;
  readonly count: number;
  readonly first: Date;
  readonly last: Date;
}

interface Series {
  readonly path: string;
  count: number;
  lastSeen: number;
}

/** As client-go's recorder. */
const SERIES_MS = 6 * 60_000;
/** Limits that the API server enforces, in bytes of UTF-8. */
const MAX_NOTE = 1024;
const MAX_INSTANCE = 128;

export class EventRecorder {
  readonly #transport: Transport;
  readonly #reporter: { readonly controller: string; readonly instance: string };
  readonly #series = new Map<string, Series>();
  #names = 0;

  constructor(transport: Transport, options: { readonly controller: string; readonly instance: string }) {
    this.#transport = transport;
    this.#reporter = { controller: options.controller, instance: options.instance.slice(0, MAX_INSTANCE) };
  }

  /** @throws what Transport.call throws; an event that could not be recorded is not tried again */
  async record(occurrences: Occurrences): Promise<void> {
    this.#forgetOld(occurrences.first.getTime());
    const identity = JSON.stringify([occurrences.regarding.uid, occurrences.event]);
    const series = this.#series.get(identity);
    try {
      if (series === undefined) await this.#create(identity, occurrences);
      else await this.#countUp(series, occurrences);
    } catch (error) {
      // By this name it can only be this one, sent before: its answer was lost, and Transport.call sent it again.
      if (error instanceof ApiError && error.reason === 'AlreadyExists') return;
      // The event is not there (any more), so a repeat must make one, not count up.
      this.#series.delete(identity);
      throw error;
    }
  }

  async #create(identity: string, { regarding, event, related, count, first, last }: Occurrences): Promise<void> {
    const path = `/apis/events.k8s.io/v1/namespaces/${regarding.namespace}/events`;
    this.#names += 1;
    const name = `${regarding.name}.${first.getTime().toString(16)}${this.#names.toString(16).padStart(4, '0')}`;
    this.#series.set(identity, { path: `${path}/${name}`, count, lastSeen: last.getTime() });
    await this.#transport.call({
      method: 'POST',
      path,
      body: {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name, namespace: regarding.namespace },
        eventTime: microTime(first),
        ...(count === 1 ? {} : { series: { count, lastObservedTime: microTime(last) } }),
        reportingController: this.#reporter.controller,
        reportingInstance: this.#reporter.instance,
        ...event,
        note: shortened(event.note),
        regarding,
        ...(related === undefined ? {} : { related }),
      },
    });
  }

  async #countUp(series: Series, { count, last }: Occurrences): Promise<void> {
    series.count += count;
    series.lastSeen = last.getTime();
    await this.#transport.call({
      method: 'PATCH',
      path: series.path,
      contentType: 'application/merge-patch+json',
      body: { series: { count: series.count, lastObservedTime: microTime(last) } },
    });
  }

  #forgetOld(now: number): void {
    for (const [identity, { lastSeen }] of this.#series) {
      if (now - lastSeen > SERIES_MS) this.#series.delete(identity);
    }
  }
}

function shortened(note: string): string {
  // A byte is at least what a code unit takes.
  const plain = sanitize(note, MAX_NOTE);
  const bytes = Buffer.from(plain);
  if (bytes.length <= MAX_NOTE) return plain;
  // A cut inside a character leaves U+FFFD at the end.
  const kept = bytes.subarray(0, MAX_NOTE - Buffer.byteLength('…')).toString();
  return `${kept.replace(/\uFFFD$/, '')}…`;
}
