/** The tables of metrics in docs/admin/monitor.md, made from their definitions. */
import { DEFINITIONS, METRIC_NAMES, type Definition, type MetricName } from '../src/ops/metrics/definitions.js';
import { withPart } from './marked-part.js';
import { WHEN_TO_LOOK } from './when-to-look.js';

export const MONITOR_PAGE = 'docs/admin/monitor.md';
const MARKS = {
  begin: '<!-- metrics: written by npm run docs -->\n',
  end: '<!-- /metrics -->\n',
};

const INTRODUCTION = `Times are in seconds. \`process_*\` and \`nodejs_*\` are there, too. Each replica has its own values; only the leader
has \`csiports_ready\`, \`csiports_degraded\`, \`csiports_conflicts\` and \`csiports_reconcile_forbidden\`, so sums are right.
`;

const STANDARD = `Standard metrics of controllers, in which \`controller\` and \`name\` are \`csiportassignment\`:
`;

/** What the page is to be: as it is now, with the tables made anew. */
export function metricsPage(): string {
  return withPart(MONITOR_PAGE, MARKS, metricsTables());
}

export function metricsTables(): string {
  const own = METRIC_NAMES.filter((name) => name in WHEN_TO_LOOK);
  const standard = METRIC_NAMES.filter((name) => !(name in WHEN_TO_LOOK));
  return [INTRODUCTION, table(['meaning', 'when to look'], own), STANDARD, table(['meaning'], standard)].join('\n');
}

/** The metrics that the page has a row for. */
export function documentedMetrics(): string[] {
  return [...metricsTables().matchAll(/^\| `(\w+)/gm)].map(([, name = '']) => name);
}

function table(columns: readonly string[], names: readonly MetricName[]): string {
  const head = `| metric | ${columns.join(' | ')} |\n|---|${'---|'.repeat(columns.length)}\n`;
  return head + names.map(row).join('');
}

function row(name: MetricName): string {
  const { type, labels, help }: Definition = DEFINITIONS[name];
  const series = labels.length === 0 ? name : `${name}{${labels.join(',')}}`;
  const metric = `\`${series}\`${type === 'histogram' ? ' histogram' : ''}`;
  const cells = [metric, help, WHEN_TO_LOOK[name]].filter((cell) => cell !== undefined);
  return `| ${cells.map((cell) => cell.replaceAll('<error>', '`<error>`')).join(' | ')} |\n`;
}
