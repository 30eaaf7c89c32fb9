/** Records Kubernetes events (events.k8s.io/v1); a repeat within six minutes counts up the first one's series. */
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
  readonly #now: () => Date;
  readonly #series = new Map<string, Series>();
  #names = 0;

  constructor(
    transport: Transport,
    options: { readonly controller: string; readonly instance: string; readonly now: () => Date },
  ) {
    this.#transport = transport;
    this.#reporter = { controller: options.controller, instance: options.instance.slice(0, MAX_INSTANCE) };
    this.#now = options.now;
  }

  /** @throws what Transport.call throws; an event that could not be recorded is not tried again */
  async record(regarding: ObjectReference, notice: EventNotice, related?: ObjectReference): Promise<void> {
    const now = this.#now();
    this.#forgetOld(now.getTime());
    const identity = JSON.stringify([regarding.uid, notice.type, notice.reason, notice.action, notice.note]);
    const series = this.#series.get(identity);
    try {
      if (series === undefined) await this.#create(identity, regarding, { notice, related, now });
      else await this.#countUp(series, now);
    } catch (error) {
      // The event is not there (any more), so a repeat must make one, not count up.
      this.#series.delete(identity);
      throw error;
    }
  }

  async #create(
    identity: string,
    regarding: ObjectReference,
    { notice, related, now }: { notice: EventNotice; related: ObjectReference | undefined; now: Date },
  ): Promise<void> {
    const path = `/apis/events.k8s.io/v1/namespaces/${regarding.namespace}/events`;
    this.#names += 1;
    const name = `${regarding.name}.${now.getTime().toString(16)}${this.#names.toString(16).padStart(4, '0')}`;
    this.#series.set(identity, { path: `${path}/${name}`, count: 1, lastSeen: now.getTime() });
    const { note, ...rest } = notice;
    await this.#transport.call({
      method: 'POST',
      path,
      body: {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name, namespace: regarding.namespace },
        eventTime: microTime(now),
        reportingController: this.#reporter.controller,
        reportingInstance: this.#reporter.instance,
        ...rest,
        note: shortened(note),
        regarding,
        ...(related === undefined ? {} : { related }),
      },
    });
  }

  async #countUp(series: Series, now: Date): Promise<void> {
    series.count += 1;
    series.lastSeen = now.getTime();
    await this.#transport.call({
      method: 'PATCH',
      path: series.path,
      contentType: 'application/merge-patch+json',
      body: { series: { count: series.count, lastObservedTime: microTime(now) } },
    });
  }

  #forgetOld(now: number): void {
    for (const [identity, { lastSeen }] of this.#series) {
      if (now - lastSeen > SERIES_MS) this.#series.delete(identity);
    }
  }
}

function shortened(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= MAX_NOTE) return note;
  // A cut inside a character leaves U+FFFD at the end.
  const kept = bytes.subarray(0, MAX_NOTE - Buffer.byteLength('…')).toString();
  return `${kept.replace(/\uFFFD$/, '')}…`;
}
