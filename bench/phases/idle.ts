/** What the candidate costs when there is nothing for it to do, alone and beside others who write. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../test/support/control-plane/admin-api.js';
import { cpuMs } from '../../test/support/measure/proc.js';
import type { Program } from '../../test/support/measure/program.js';
import type { RookNamespace } from '../rook-namespace.js';
import type { Turn } from '../turn.js';

const MINUTE_MS = 60_000;
const CHURN_REPORTED_MS = 30_000;
const BYSTANDERS = 20;
const WRITES_PER_SECOND = 100;

/** Nothing has happened for a while. */
export async function measureIdle({ site, candidate, plan, figures }: Turn, program: Program): Promise<void> {
  const mark = await site.controlPlane.audit.mark();
  const cpuBefore = cpuMs(program.pid);
  await sleep(plan.idleMs);
  const share = MINUTE_MS / plan.idleMs;
  const requests = await site.requestsSince(mark, candidate);
  figures.add('idleCpu', (cpuMs(program.pid) - cpuBefore) * share);
  figures.add('idleRequests', requests.count * share);
  figures.note('idleRequests', requests.byKind());
}

/** Others label Deployments that are no business of the candidate's, in the namespace of the workloads that are. */
export async function measureChurn(turn: Turn, program: Program, namespace: RookNamespace): Promise<void> {
  const { site, candidate, plan, figures } = turn;
  const { api, audit } = site.controlPlane;
  const paths = await createBystanders(turn, namespace);
  const mark = await audit.mark();
  const cpuBefore = cpuMs(program.pid);
  const begun = performance.now();
  const writes = (plan.churnMs / 1000) * WRITES_PER_SECOND;
  for (let write = 0; write < writes; write += 1) {
    await sleep(Math.max(0, begun + (write * 1000) / WRITES_PER_SECOND - performance.now()));
    await api.patch(paths[write % BYSTANDERS]!, { metadata: { labels: { tick: String(write) } } });
  }
  const took = performance.now() - begun;
  const share = CHURN_REPORTED_MS / took;
  const requests = await site.requestsSince(mark, candidate);
  figures.add('churnCpu', (cpuMs(program.pid) - cpuBefore) * share);
  figures.add('churnRequests', requests.count * share);
  figures.note('churnWritesPerSecond', (writes * 1000) / took);
  for (const path of paths) await api.delete(path);
}

async function createBystanders({ site }: Turn, namespace: RookNamespace): Promise<string[]> {
  const { api } = site.controlPlane;
  const model = await api.get<KubeObject & { spec: object }>(namespace.path('rbdProvisioner'));
  const collection = `/apis/apps/v1/namespaces/${namespace.name}/deployments`;
  const names = Array.from({ length: BYSTANDERS }, (_, index) => `rook-ceph-osd-${index}`);
  for (const name of names) {
    await api.create(collection, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: model.spec });
  }
  return names.map((name) => `${collection}/${name}`);
}
