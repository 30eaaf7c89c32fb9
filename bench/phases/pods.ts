/**
 * What 10,000 pods on the host network of 1,000 nodes cost the operator: measured with the right to list them and without it. The
 * pods are objects alone, as nothing else of them reaches the operator.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminApi, KubeObject } from '../../test/support/control-plane/admin-api.js';
import { inParallel, WRITERS } from '../../test/support/measure/in-parallel.js';
import { cpuMs, memory, peakMemory } from '../../test/support/measure/proc.js';
import type { RookNamespace } from '../rook-namespace.js';
import type { Turn } from '../turn.js';
import { startInConflict } from './start.js';

const NODES = 1_000;
const UPDATES_PER_SECOND = 100;
const UPDATE_SECONDS = 10;
const SETTLE_MS = 3_000;
const NAMESPACE = 'host-network';
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const ROLE_BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const ROLE_BINDING = `${ROLE_BINDINGS}/csi-port-operator-host-network-pods`;
/** Eight of others, and two of CSI whose progress is kept. */
const DAEMON_SETS = ['csi-cephfsplugin', 'csi-nfsplugin', ...Array.from({ length: 8 }, (_, index) => `agent-${index}`)];
/** Stands for what an API server adds to a pod of its kind, such as its status and managedFields. */
const FILLER = 'x'.repeat(3_000);

/** @param namespace of the Rook whose conflict is the first to be fixed */
export async function measurePods(turn: Turn, namespace: RookNamespace): Promise<void> {
  const { site, figures } = turn;
  const { api } = site.controlPlane;
  const listed = await measureStart(turn, namespace, async (pid) => {
    const [cpu, time] = [cpuMs(pid), performance.now()];
    await updates((index) => relabel(api, index));
    figures.add('podsChurnCpu', (100 * (cpuMs(pid) - cpu)) / (performance.now() - time));
  });
  const withheld = await withoutTheRight(api, () => measureStart(turn, namespace, () => Promise.resolve()));
  figures.add('podsStart', listed.fixedAfterMs);
  figures.add('podsStartCpu', listed.cpu);
  figures.add('podsMemory', listed.resident);
  figures.add('podsPeak', listed.peak);
  figures.add('podsMemoryMore', listed.resident - withheld.resident);
}

interface Start {
  readonly fixedAfterMs: number;
  readonly cpu: number;
  readonly resident: number;
  readonly peak: number;
}

async function measureStart(
  turn: Turn,
  namespace: RookNamespace,
  afterwards: (pid: number) => Promise<void>,
): Promise<Start> {
  const { program, fixedAfterMs } = await startInConflict(turn, [namespace], { leaderElection: true });
  try {
    await sleep(turn.plan.eventsMs);
    const { resident } = memory(program.pid);
    const start = { fixedAfterMs, cpu: cpuMs(program.pid), resident, peak: peakMemory(program.pid) };
    await afterwards(program.pid);
    await program.stop();
    return start;
  } finally {
    program.kill();
    await namespace.deleteAssignment();
  }
}

async function withoutTheRight<T>(api: AdminApi, work: () => Promise<T>): Promise<T> {
  const binding = await api.get(ROLE_BINDING);
  await api.delete(ROLE_BINDING);
  await sleep(SETTLE_MS);
  try {
    return await work();
  } finally {
    const { name, labels } = binding.metadata;
    await api.create(ROLE_BINDINGS, { ...binding, metadata: { name: name!, labels: labels! } });
    await sleep(SETTLE_MS);
  }
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
  const path = `${PODS}/${podName(DAEMON_SETS[index % DAEMON_SETS.length]!, index % NODES)}`;
  return api.patch(path, { metadata: { labels } });
}

const podName = (daemonSet: string, node: number): string => `${daemonSet}-${String(node).padStart(5, '0')}`;

/** No controllers run here: the account of the pods is made by hand, and nobody deletes pods of nodes that are not there. */
export async function createPods(api: AdminApi): Promise<void> {
  await api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  await api.create(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name: 'default' } });
  const creations = DAEMON_SETS.flatMap((daemonSet, which) =>
    Array.from({ length: NODES }, (_, node) => () => {
      return api.create(PODS, pod(daemonSet, which, node));
    }),
  );
  await inParallel(2 * WRITERS, creations);
}

/** At once, as no kubelet would end them. All in one request would take longer than a request may. */
export async function deletePods(api: AdminApi): Promise<void> {
  for (const daemonSet of DAEMON_SETS)
    await api.delete(`${PODS}?labelSelector=app%3D${daemonSet}`, { gracePeriodSeconds: 0 });
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
