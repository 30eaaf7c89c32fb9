/** What thousands of Deployments of others in a Rook namespace cost the candidate: nothing, if it never sees them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { inParallel, WRITERS } from '../../test/support/measure/in-parallel.js';
import { cpuMs, memory } from '../../test/support/measure/proc.js';
import type { RookNamespace } from '../rook-namespace.js';
import type { Turn } from '../turn.js';
import { startInConflict } from './start.js';

export async function measureForeign(turn: Turn, namespace: RookNamespace): Promise<void> {
  const { site, plan, figures } = turn;
  const collection = `/apis/apps/v1/namespaces/${namespace.name}/deployments`;
  const { program } = await startInConflict(turn, [namespace], { leaderElection: true });
  try {
    await sleep(plan.eventsMs);
    const [memoryBefore, cpuBefore] = [memory(program.pid).resident, cpuMs(program.pid)];
    const numbers = Array.from({ length: plan.foreignDeployments }, (_, index) => index);
    await inParallel(
      WRITERS,
      numbers.map((number) => () => site.controlPlane.api.create<object>(collection, foreignDeployment(number))),
    );
    figures.add('foreignCpu', cpuMs(program.pid) - cpuBefore);
    await sleep(plan.eventsMs);
    figures.add('foreignMemory', memory(program.pid).resident - memoryBefore);
    await program.stop();
  } finally {
    program.kill();
    await namespace.deleteAssignment();
    await site.controlPlane.api.delete(`${collection}?labelSelector=app%3Dforeign`);
  }
}

function foreignDeployment(number: number): object {
  const labels = { app: 'foreign' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `foreign-${number}`, labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'foreign', image: 'registry.example/foreign:1' }] },
      },
    },
  };
}
