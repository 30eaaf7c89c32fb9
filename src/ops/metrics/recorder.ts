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
  /** By namespace. */
  readonly #series = new Map<string, Map<string, Series>>();

  count<N extends Counted>(name: N, labels: Labels<N>, by = 1): void {
    this.#remember({ name, labels });
    this.#record((sink) => sink.count(name, labels, by));
  }

  time<N extends Timed>(name: N, labels: Labels<N>, milliseconds: number): void {
    this.#record((sink) => sink.time(name, labels, milliseconds / 1000));
  }

  /** Removes the counters of a namespace that is no longer served. */
  forget(namespace: string): void {
    for (const { name, labels } of this.#series.get(namespace)?.values() ?? []) {
      this.#record((sink) => sink.remove(name, labels));
    }
    this.#series.delete(namespace);
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
    const { namespace } = series.labels;
    if (namespace === undefined) return;
    const known = this.#series.get(namespace) ?? new Map<string, Series>();
    this.#series.set(namespace, known.set(`${series.name} ${Object.values(series.labels).join(' ')}`, series));
  }
}
