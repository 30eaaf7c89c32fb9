/** The alerts and the dashboard, judged by a Prometheus that scrapes the operator while it meets a conflict and a contest. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { Gate } from '../support/control-plane/gate.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { DASHBOARD, PANELS, substituted } from '../support/monitoring/dashboard.js';
import { Prometheus, type ActiveAlert, type InstantSample } from '../support/monitoring/prometheus.js';
import { startReplica } from '../support/replicas.js';
import { ALERTS } from '../support/monitoring/rules.js';
import { tool } from '../support/tools/tools.js';
import { OPERATOR_NAMESPACE } from '../support/operator-account.js';

const POD = 'csi-port-operator-0';

const cluster = useCluster();

beforeAll(async () => {
  await tool('prometheus');
}, 900_000);

async function startPrometheus(port: number): Promise<Prometheus> {
  const prometheus = await Prometheus.start([{ port, labels: { namespace: OPERATOR_NAMESPACE, pod: POD } }]);
  onTestFinished(() => prometheus.stop());
  return prometheus;
}

/** What the alert's expression yields now; empty: it neither fires nor is about to. */
function evaluate(prometheus: Prometheus, name: string): Promise<InstantSample[]> {
  return prometheus.query(ALERTS.find(({ alert }) => alert === name)!.expr);
}

/** The names of all whose expressions hold now, each with the namespace that they speak of. */
async function active(prometheus: Prometheus): Promise<string[]> {
  const found = await Promise.all(
    ALERTS.map(async ({ alert }) => {
      return (await evaluate(prometheus, alert)).map(({ metric }) => `${alert} ${metric.namespace ?? ''}`);
    }),
  );
  return found.flat();
}

async function waitForActive(prometheus: Prometheus, wanted: readonly string[]): Promise<void> {
  await waitFor(
    `the alerts ${wanted.join(', ')} and no other`,
    async () => (await active(prometheus)).join() === wanted.join(),
    { lastSeen: () => active(prometheus) },
  );
}

async function pendingAlert(prometheus: Prometheus, name: string): Promise<ActiveAlert> {
  return waitFor(`alert ${name}`, async () => {
    return (await prometheus.alerts()).find(({ labels }) => labels.alertname === name);
  });
}

/** Titles of the panels of which a query has no number to show. */
async function panelsWithoutData(prometheus: Prometheus): Promise<string[]> {
  const empty = await Promise.all(
    PANELS.map(async ({ title, targets = [] }) => {
      const results = await Promise.all(targets.map(({ expr }) => prometheus.query(substituted(expr))));
      const hasNumbers = results.every((samples) => samples.some(({ value }) => Number.isFinite(value)));
      return hasNumbers ? [] : [title];
    }),
  );
  return empty.flat();
}

/** The commands of the page for the admin that ask for objects of Rook's namespace, as arguments. */
function questionsAboutRook(namespace: string): string[][] {
  const commands =
    readFileSync('docs/admin/troubleshoot.md', 'utf8').match(/^kubectl -n NS (get|describe) .*$/gm) ?? [];
  return commands.map((command) => {
    const [withoutComment = ''] = command.split(/ {2,}#/);
    const words = [...withoutComment.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
    return words.slice(1).map((word) => (word === 'NS' ? namespace : word));
  });
}

test('a conflict, its end, and a contest: each alert holds when it should, and each panel has something to show', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment({}, { mode: 'Paused' });
  const { namespace } = rook;
  const gate = new Gate(cluster().controlPlane);
  const { operator } = await startReplica(cluster(), POD, { kubeconfig: await gate.start() });
  const prometheus = await startPrometheus(operator.metricsPort);

  await assignment.waitForReason('Degraded', 'PortConflict');
  await waitForActive(prometheus, [`CSIPortConflict ${namespace}`, `CSIPortsNotReady ${namespace}`]);
  const conflict = await pendingAlert(prometheus, 'CSIPortConflict');
  expect(conflict).toMatchObject({ state: 'pending', labels: { namespace, severity: 'critical' } });
  expect(conflict.annotations.description).toContain(`1 host port(s) of the CSI workloads in namespace ${namespace}`);

  await assignment.edit({ mode: 'Enforce' });
  await assignment.waitUntilAssigned();
  await waitForActive(prometheus, []);

  // Not the API server itself: were it away for longer, the lease would be lost.
  gate.cut();
  await waitFor('the watches to be opened again', async () => {
    return (await prometheus.query('csiports_watch_restarts_total{cause="unavailable"}')).length > 0;
  });

  // With the first write, the repairs make five: the next revert is left for a while.
  for (const revert of [1, 2, 3, 4]) {
    await rook.rewrite('cephfsProvisioner');
    await operator.waitForReverts(revert);
  }
  await assignment.waitUntilAssigned();
  await rook.rewrite('cephfsProvisioner');
  await assignment.waitForReason('Progressing', 'BackingOff');
  // What was reverted shares its port with another until it is repaired.
  await waitForActive(prometheus, [
    `CSIPortConflict ${namespace}`,
    `CSIPortsContested ${namespace}`,
    `CSIPortsNotReady ${namespace}`,
  ]);
  const contest = await pendingAlert(prometheus, 'CSIPortsContested');
  expect(contest).toMatchObject({ labels: { namespace, severity: 'warning' } });
  expect(contest.annotations.summary).toContain(namespace);

  await waitFor(
    'each panel to have something to show',
    async () => (await panelsWithoutData(prometheus)).length === 0,
    { lastSeen: () => panelsWithoutData(prometheus) },
  );
  for (const { expr } of DASHBOARD.annotations.list) await prometheus.query(substituted(expr));
  expect(await prometheus.query('sum(csiports_reverts_total)')).toMatchObject([{ value: 4 }]);

  const questions = questionsAboutRook(namespace);
  expect(questions.length).toBeGreaterThan(2);
  for (const question of questions) {
    await waitFor(`an answer to kubectl ${question.join(' ')}`, () => cluster().controlPlane.kubectl(question));
  }
});

test('an operator that is gone is missed', async () => {
  const operator = await cluster().startOperator();
  const prometheus = await startPrometheus(operator.metricsPort);
  await waitFor('the first scrape', async () => (await prometheus.query('csiports_build_info')).length === 1);
  expect(await evaluate(prometheus, 'CSIPortOperatorDown')).toEqual([]);
  await operator.stop();
  await waitForActive(prometheus, ['CSIPortOperatorDown ']);
});
