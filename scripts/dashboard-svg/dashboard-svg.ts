/**
 * `npm run dashboard-svg`: draws docs/images/dashboard.svg. The operator runs on a real control plane, a real Prometheus scrapes
 * it, and the queries are those of config/grafana/dashboard.json; only the drawing is done here instead of in Grafana.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { ControlPlane } from '../../test/support/control-plane/control-plane.js';
import { waitFor } from '../../test/support/control-plane/wait-for.js';
import { DASHBOARD, PANELS, substituted, type Panel } from '../../test/support/monitoring/dashboard.js';
import { Prometheus, type Series } from '../../test/support/monitoring/prometheus.js';
import { Operator } from '../../test/support/operator.js';
import { picture, type PanelData } from './picture.js';
import { befall, installSite } from './story.js';
import { Span } from './time.js';

const FILE = 'docs/images/dashboard.svg';
const OPERATOR_NAMESPACE = 'csi-port-operator-system';
const RATE_INTERVAL = '15s';
/** Values in each curve. */
const RESOLUTION = 110;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  execFileSync(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });
  const cluster = await ControlPlane.start();
  try {
    writeFileSync(FILE, await draw(cluster));
    say(`wrote ${FILE}`);
  } finally {
    await cluster.stop();
  }
}

async function draw(cluster: ControlPlane): Promise<string> {
  await cluster.kubectl(['apply', '-f', 'config/default/namespace.yaml']);
  await cluster.kubectl(['apply', '-k', 'config/crd']);
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd/csiportassignments.csiports.io']);
  const site = await installSite(cluster, 'rook-ceph', { mode: 'Paused' });
  await installSite(cluster, 'rook-ceph-external', {
    ports: { rbdProvisioner: 9270, cephfsProvisioner: 9271, rbdNodePlugin: 9272 },
  });
  const operator = await Operator.start({
    kubeconfig: cluster.adminKubeconfig,
    args: ['--leader-elect', `--leader-elect-namespace=${OPERATOR_NAMESPACE}`],
  });
  try {
    const labels = { namespace: OPERATOR_NAMESPACE, pod: 'csi-port-operator-0' };
    const prometheus = await Prometheus.start([{ port: operator.metricsPort, labels }]);
    try {
      await waitFor('the first scrape', async () => (await prometheus.query('csiports_ready')).length > 0);
      const start = Date.now() / 1000;
      await befall(cluster, site, say);
      const end = Date.now() / 1000;
      const span = new Span(start, end, (end - start) / RESOLUTION);
      return picture(DASHBOARD, await answers(prometheus, span), span);
    } finally {
      await prometheus.stop();
    }
  } finally {
    await operator.stop();
  }
}

async function answers(prometheus: Prometheus, span: Span): Promise<Map<number, PanelData>> {
  const found = new Map<number, PanelData>();
  for (const panel of PANELS) found.set(panel.id, await dataOf(panel, prometheus, span));
  return found;
}

async function dataOf({ type, targets = [] }: Panel, prometheus: Prometheus, span: Span): Promise<PanelData> {
  if (type === 'stat') {
    const [sample] = await prometheus.query(substituted(targets[0]?.expr ?? '', RATE_INTERVAL));
    return { now: sample?.value, curves: [] };
  }
  const all = await Promise.all(
    targets.map(async ({ expr, legendFormat }) => {
      const { start, end, step } = span;
      const found = await prometheus.queryRange(substituted(expr, RATE_INTERVAL), start, end, step);
      return found.map(({ metric, values }) => ({
        name: legendOf(legendFormat, metric),
        points: values.filter(([, value]) => Number.isFinite(value)),
      }));
    }),
  );
  const curves = all.flat().filter(({ points }) => points.length > 0);
  return { curves: curves.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

function legendOf(format: string, labels: Series): string {
  return format.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '');
}

await main();
