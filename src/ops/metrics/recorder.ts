/** Records counts and times from the start, and hands them over when the metrics library is loaded. */
import type { Labels, NameOf } from './definitions.js';

type Counted = NameOf<'counter'>;
type Timed = NameOf<'histogram'>;

/** The metrics library. */
export interface Sink {
  count(name: Counted, labels: Readonly<Record<string, string>>, by: number): void;
  time(name: Timed, labels: Readonly<Record<string, string>>, seconds: number): void;
  remove(name: Counted, labels: Readonly<Record<string, string>>): void;
}

interface Series {
  readonly name: Counted;
  readonly labels: Readonly<Record<string, string>>;
}

export class Recorder {
  #sink: Sink | undefined;
  #early: ((sink: Sink) => void)[] = [];
  /** By namespace or watched resource. */
  readonly #series = new Map<string, Map<string, Series>>();

  count<N extends Counted>(name: N, labels: Labels<N>, by = 1): void {
    this.#remember({ name, labels });
    this.#record((sink) => sink.count(name, labels, by));
  }

  time<N extends Timed>(name: N, labels: Labels<N>, milliseconds: number): void {
    this.#record((sink) => sink.time(name, labels, milliseconds / 1000));
  }

  /** Removes the counters of a namespace or watched resource that is gone. */
  forget(subject: string): void {
    for (const { name, labels } of this.#series.get(subject)?.values() ?? []) {
      this.#record((sink) => sink.remove(name, labels));
    }
    this.#series.delete(subject);
  }

  /** Hands over all earlier and later records. */
  attach(sink: Sink): void {
    for (const record of this.#early) record(sink);
    this.#early = [];
    this.#sink = sink;
  }

  #record(record: (sink: Sink) => void): void {
    if (this.#sink === undefined) this.#early.push(record);
    else record(this.#sink);
  }

  #remember(series: Series): void {
    // No namespace has the name of a resource, which has a dot or a slash in it.
    const subject = series.labels.namespace ?? series.labels.resource;
    if (subject === undefined) return;
    const known = this.#series.get(subject) ?? new Map<string, Series>();
    this.#series.set(subject, known.set(`${series.name} ${Object.values(series.labels).join(' ')}`, series));
  }
}
