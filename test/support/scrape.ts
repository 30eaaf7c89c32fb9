/** A page of metrics, read as Prometheus reads it. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class Scrape {
  readonly samples: readonly Sample[];
  /** Of all metrics, also of those without a series. */
  readonly names: readonly string[];

  /** @throws where a line is neither a comment nor a sample */
  constructor(text: string) {
    const lines = text.split('\n').filter((line) => line !== '');
    this.names = lines.flatMap((line) => /^# TYPE (\w+) /.exec(line)?.[1] ?? []);
    this.samples = lines.filter((line) => !line.startsWith('#')).map(parse);
  }

  /** Those whose labels include these. */
  series(name: string, labels: Sample['labels'] = {}): Sample[] {
    return this.samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  }

  /** Summed up over all such series; 0 where there are none. */
  sum(name: string, labels: Sample['labels'] = {}): number {
    return this.series(name, labels).reduce((sum, { value }) => sum + value, 0);
  }
}

function parse(line: string): Sample {
  // Go, and so Prometheus, reads NaN in any case; prom-client writes Nan, as for the loop's delay before it was measured.
  const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (NaN|Nan|[+-]?Inf|[-+.\de]+)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`);
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label!, text!] as const);
  return { name, labels: Object.fromEntries(pairs), value: Number(value.replace('Inf', 'Infinity')) };
}
