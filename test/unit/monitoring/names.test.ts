/** The alerts and the dashboard ask for metrics, and labels of theirs, that the operator has. */
import { collectDefaultMetrics, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { DEFINITIONS, type Definition } from '../../../src/ops/metrics/definitions.js';
import { DASHBOARD, PANELS } from '../../support/monitoring/dashboard.js';
import { ALERTS } from '../../support/monitoring/rules.js';

const FUNCTIONS = ['histogram_quantile', 'last_over_time'];
/** Of the scrape, not of the metric. */
const TARGET_LABELS = ['job', 'instance', 'namespace', 'pod'];

const defined: Readonly<Record<string, Definition>> = DEFINITIONS;
const ofNode = new Registry();
collectDefaultMetrics({ register: ofNode });

const expressions = [
  ...ALERTS.map(({ alert, expr }) => [alert, expr] as const),
  ...PANELS.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [`panel ${title}`, expr] as const)),
  ...DASHBOARD.annotations.list.map(({ name, expr }) => [`annotation ${name}`, expr] as const),
];

/** The series that an expression names, without label values. */
function seriesIn(expr: string): string[] {
  const names = expr.replaceAll(/"[^"]*"|\$__rate_interval/g, '').match(/\b[a-z]+(?:_[a-z0-9]+)+\b/g) ?? [];
  return names.filter((name) => !FUNCTIONS.includes(name));
}

function definitionOf(series: string): Definition | undefined {
  const histogram = defined[series.replace(/_(bucket|sum|count)$/, '')];
  return defined[series] ?? (histogram?.type === 'histogram' ? histogram : undefined);
}

/** In `{label="…"}` and `by (label)`. */
function labelsIn(expr: string): string[] {
  const matched = [...expr.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label]) => label!);
  const grouped = [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(', '));
  return [...new Set([...matched, ...grouped])];
}

describe.each(expressions)('%s', (_what, expr) => {
  const series = seriesIn(expr);
  const definitions = series.flatMap((name) => definitionOf(name) ?? []);

  it('asks for metrics that there are', () => {
    expect(series.length).toBeGreaterThan(0);
    const unknown = series.filter((name) => definitionOf(name) === undefined);
    expect(unknown.filter((name) => ofNode.getSingleMetric(name) === undefined)).toEqual([]);
  });

  it('asks for labels that they have', () => {
    const known = [...TARGET_LABELS, ...definitions.flatMap(({ labels }) => labels)];
    if (definitions.some(({ type }) => type === 'histogram')) known.push('le');
    expect(labelsIn(expr).filter((label) => !known.includes(label))).toEqual([]);
  });

  it('takes the rate of what counts, and of nothing else', () => {
    for (const [, name] of expr.matchAll(/\b(?:rate|increase)\((\w+)/g)) {
      expect(name).toMatch(/_(total|bucket)$/);
    }
  });
});

it('the dashboard shows every metric of the assignments, the watches and the leader', () => {
  const shown = expressions.flatMap(([, expr]) => seriesIn(expr));
  const wanted = Object.entries(defined).filter(([name]) => /^(csiports|leader)_/.test(name));
  const missing = wanted.filter(([name, { type }]) => !shown.includes(type === 'histogram' ? `${name}_bucket` : name));
  expect(missing.map(([name]) => name)).toEqual([]);
});
