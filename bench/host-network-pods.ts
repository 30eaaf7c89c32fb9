/**
 * `make bench ARGS=--pods`: what 10,000 pods on the host network of 1,000 nodes cost, beside an operator that may not list
 * them. The pods are objects alone, as nothing else of them reaches the operator.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminApi, KubeObject } from '../test/support/control-plane/admin-api.js';
import { inParallel, WRITERS } from '../test/support/measure/in-parallel.js';
import { cpuMs, memory, peakMemory } from '../test/support/measure/proc.js';
import { summarise } from '../test/support/measure/statistics.js';
import { Meter } from '../test/support/meter/meter.js';
import { DEFAULT_PORTS } from '../test/support/slots.js';
import { metered, OPERATOR } from './candidates.js';
import { startInConflict } from './phases/start.js';
import type { Plan } from './plan.js';
import { markdown } from './report.js';
import { RookNamespace } from './rook-namespace.js';
import type { Site } from './site.js';
import { FigureLog } from './turn.js';

const NODES = 1_000;
const ROUNDS = 3;
const UPDATES_PER_SECOND = 100;
const UPDATE_SECONDS = 10;
const SETTLE_MS = 3_000;
const NAMESPACE = 'host-network';
const ROLE_BINDING = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/csi-port-operator-host-network-pods';
/** Eight of others, and two of CSI whose progress is kept. */
const DAEMON_SETS = ['csi-cephfsplugin', 'csi-nfsplugin', ...Array.from({ length: 8 }, (_, index) => `agent-${index}`)];
/** Stands for what an API server adds to a pod of its kind, such as its status and managedFields. */
const FILLER = 'x'.repeat(3_000);

type Figures = Record<'firstFix' | 'resident' | 'peak' | 'heap' | 'idleCpu' | 'labelCpu' | 'readinessCpu', number>;

const TITLES: Readonly<Record<keyof Figures, string>> = {
  firstFix: 'start to first fix, ms',
  resident: 'resident memory at rest, MiB',
  peak: 'highest resident memory since the start, MiB',
  heap: 'heap after a collection, MiB',
  idleCpu: 'CPU at rest, % of a core',
  labelCpu: `CPU at ${UPDATES_PER_SECOND} updates/s of labels, % of a core`,
  readinessCpu: `CPU at ${UPDATES_PER_SECOND} changes/s of the readiness of CSI pods, % of a core`,
};

/** @returns Markdown */
export async function hostNetworkPods(site: Site, plan: Plan): Promise<string> {
  const { api } = site.controlPlane;
  const namespace = await RookNamespace.create(site.controlPlane, 'rook-ceph', DEFAULT_PORTS);
  await site.serve(OPERATOR);
  await createPods(api);
  const binding = await api.get(ROLE_BINDING);
  const found: Record<'with' | 'without', Figures[]> = { with: [], without: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    found.with.push(await measure(site, namespace, plan));
    await api.delete(ROLE_BINDING);
    await sleep(SETTLE_MS);
    found.without.push(await measure(site, namespace, plan));
    await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      ...binding,
      metadata: { name: binding.metadata.name!, labels: binding.metadata.labels! },
    });
    await sleep(SETTLE_MS);
  }
  const rows = Object.entries(TITLES).map(([key, title]) => {
    const columns = [found.with, found.without].map((rounds) => {
      const { median, min, max } = summarise(rounds.map((figures) => figures[key as keyof Figures]));
      return `${median.toFixed(1)} (${min.toFixed(1)} to ${max.toFixed(1)})`;
    });
    return [title, ...columns];
  });
  const pods = DAEMON_SETS.length * NODES;
  return markdown([`${pods} pods on the host network of ${NODES} nodes`, 'listed', 'without the right'], rows);
}

async function measure(site: Site, namespace: RookNamespace, plan: Plan): Promise<Figures> {
  const { api } = site.controlPlane;
  const meter = new Meter(site.controlPlane.directory);
  const turn = { site, candidate: metered(meter), plan, figures: new FigureLog() };
  const { program, fixedAfterMs } = await startInConflict(turn, [namespace], {});
  try {
    await sleep(plan.eventsMs);
    const peak = peakMemory(program.pid);
    const { resident } = memory(program.pid);
    const heap = (await meter.held()) / 2 ** 20;
    const idleCpu = await cpuWhile(program.pid, () => sleep(UPDATE_SECONDS * 1_000));
    const labelCpu = await cpuWhile(program.pid, () => updates((index) => relabel(api, index)));
    const readinessCpu = await cpuWhile(program.pid, () => updates((index) => changeReadiness(api, index)));
    await program.stop();
    return { firstFix: fixedAfterMs, resident, peak, heap, idleCpu, labelCpu, readinessCpu };
  } finally {
    program.kill();
  }
}

/** In percent of one core. */
async function cpuWhile(pid: number, happens: () => Promise<unknown>): Promise<number> {
  const [cpu, time] = [cpuMs(pid), performance.now()];
  await happens();
  return (100 * (cpuMs(pid) - cpu)) / (performance.now() - time);
}

/** At an even rate, as far as the API server keeps up. */
async function updates(update: (index: number) => Promise<unknown>): Promise<void> {
  const pending: Promise<unknown>[] = [];
  const begun = performance.now();
  for (let index = 0; index < UPDATE_SECONDS * UPDATES_PER_SECOND; index += 1) {
    await sleep(Math.max(0, begun + (index * 1_000) / UPDATES_PER_SECOND - performance.now()));
    pending.push(update(index));
  }
  await Promise.all(pending);
}

function relabel(api: AdminApi, index: number): Promise<object> {
  const labels = { changed: String(Date.now()) };
  return api.patch(podPath(DAEMON_SETS[index % DAEMON_SETS.length]!, index % NODES), { metadata: { labels } });
}

function changeReadiness(api: AdminApi, index: number): Promise<object> {
  const lastTransitionTime = new Date(Date.now() + index * 1_000).toISOString().replace(/\.\d+/, '');
  const conditions = [{ type: 'Ready', status: index % 2 === 0 ? 'True' : 'False', lastTransitionTime }];
  return api.patch(`${podPath(DAEMON_SETS[index % 2]!, index % NODES)}/status`, { status: { conditions } });
}

const podName = (daemonSet: string, node: number): string => `${daemonSet}-${String(node).padStart(5, '0')}`;
const podPath = (daemonSet: string, node: number): string =>
  `/api/v1/namespaces/${NAMESPACE}/pods/${podName(daemonSet, node)}`;

/** No controllers run here: the account of the pods is made by hand, and nobody deletes pods of nodes that are not there. */
async function createPods(api: AdminApi): Promise<void> {
  await api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  await api.create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name: 'default' } });
  const creations = DAEMON_SETS.flatMap((daemonSet, which) =>
    Array.from({ length: NODES }, (_, node) => () => {
      return api.create(`/api/v1/namespaces/${NAMESPACE}/pods`, pod(daemonSet, which, node));
    }),
  );
  await inParallel(2 * WRITERS, creations);
}

function pod(daemonSet: string, which: number, node: number): KubeObject {
  const uid = '00000000-0000-4000-8000-000000000000';
  const container = (name: string, port: number): object => ({
    name,
    image: 'registry.example/agent:v1',
    args: ['--v=5', `--port=${port}`],
    ports: [{ containerPort: port, name }],
    env: Array.from({ length: 6 }, (_, index) => ({ name: `VARIABLE_${index}`, value: 'a value' })),
  });
  return {
    metadata: {
      name: podName(daemonSet, node),
      labels: { app: daemonSet },
      annotations: { filler: FILLER },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: daemonSet, uid, controller: true }],
    },
    spec: {
      hostNetwork: true,
      nodeName: `node-${node}`,
      automountServiceAccountToken: false,
      containers: [container('main', 12_000 + 2 * which), container('proxy', 12_001 + 2 * which)],
    },
  };
}
