/** docs/admin/metrics.md, made from the definitions of the metrics. */
import { DEFINITIONS, METRIC_NAMES, type MetricName } from '../src/ops/metrics/definitions.js';
import { WHEN_TO_LOOK } from './when-to-look.js';

const INTRODUCTION = `# Metrics

\`GET /metrics\` on \`--metrics-bind-address\` (default \`:8080\`, \`0\`: off) has these, in the text format of
Prometheus, and beside them \`process_*\` and \`nodejs_*\`: CPU, memory, file descriptors, garbage collection and event loop
of the process. (\`nodejs_eventloop_lag_seconds\` is measured by each scrape; its percentiles are left out, as sampling them
would wake a process at rest all the time.) Times are in seconds. This page is made by \`npm run docs\` from
\`src/ops/metrics/definitions.ts\`, and a test compares the two.

With \`--metrics-cert-path DIR\` they are served by TLS (1.2 or later) with \`DIR/tls.crt\` and \`DIR/tls.key\`, which are read
again when they change, and only to a bearer token that the API server knows (TokenReview) and lets \`get\` the path
\`/metrics\` (SubjectAccessReview). For that the operator needs \`config/rbac/metrics-auth\`, and a client the
ClusterRole \`csi-port-operator-metrics-reader\`. A verdict of the API server holds for a minute, a rejection for ten seconds.

With \`--leader-elect\` each replica serves metrics; those of the assignments, \`csiports_ready\`, \`csiports_degraded\`,
\`csiports_conflicts\` and \`csiports_reconcile_forbidden\`, come from the leader alone, so that sums are right. A series with a \`namespace\` goes with the
CSIPortAssignment of that namespace. \`controller\` and \`name\` are always \`csiportassignment\`, in
leader_election_master_status \`csi-port-operator\`. The metrics of the last two tables have the names and meanings that
other controllers give them, so dashboards made for those work.

Missing rights: \`csiports_reconcile_forbidden{namespace}\` is 1 if one to write is missing in a namespace, and
\`csiports_watch_up{resource}\` is 0 if one to read is. If the right to list pods is left out, \`csiports_watch_up{resource="pods"}\`
stays 0, and that resource has no \`csiports_watch_last_event_age_seconds\`.
`;

const SECTIONS: readonly (readonly [title: string, prefixes: readonly string[]])[] = [
  ['Ports, watches and the leader', ['csiports_', 'leader_election_']],
  ['Queue and reconciles', ['controller_runtime_', 'workqueue_']],
  ['Requests to the API server', ['rest_client_']],
];

export function metricsPage(): string {
  const tables = SECTIONS.map(([title, prefixes]) => {
    const names = METRIC_NAMES.filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
    return `\n## ${title}\n\n| metric | type | labels | meaning | when to look at it |\n|---|---|---|---|---|\n${names.map(row).join('')}`;
  });
  return INTRODUCTION + tables.join('');
}

function row(name: MetricName): string {
  const { type, labels, help } = DEFINITIONS[name];
  const cells = [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', '), help, WHEN_TO_LOOK[name]];
  return `| ${cells.map((cell) => cell.replaceAll('<error>', '`<error>`')).join(' | ')} |\n`;
}
