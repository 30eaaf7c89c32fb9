/** A heap that is too small for the world: the process ends and says why, and one with room for it goes on where that ended. */
import { expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { readDockerfile } from '../support/image/dockerfile.js';
import { podEnvironment } from '../support/image/pod-environment.js';
import type { Operator, OperatorOptions } from '../support/operator.js';
import { portsRight } from '../support/recovery.js';
import type { RookInstallation } from '../support/rook/installation.js';

const cluster = useCluster({ nodes: 0 });

const WITHIN_SECONDS = 60;
const MIB = 2 ** 20;
/** MiB: enough for a Rook, and not for the crowd. */
const SMALL = { nodeArgs: ['--max-old-space-size=24'] };
const CROWD = 100;
/** Of one container: as many are kept, as one of them may be the port. */
const ARGUMENTS = 900;
const ARGUMENT = `--unknown=${'x'.repeat(700)}`;
const MOVE_BACK = 'patch deployments csi-cephfsplugin-provisioner';

/** Node's own flags of the image, and the limit of the Deployment. */
async function asInImage(): Promise<Required<Pick<OperatorOptions, 'nodeArgs' | 'env'>>> {
  const { NODE_OPTIONS } = await podEnvironment(cluster().controlPlane.server, 'anywhere');
  const nodeArgs = readDockerfile().at(-1)!.entrypoint.slice(1, -1);
  return { nodeArgs, env: { NODE_OPTIONS: NODE_OPTIONS! } };
}

async function limitInImage(): Promise<number> {
  const { env } = await asInImage();
  return Number(/--max-old-space-size=(\d+)/.exec(env.NODE_OPTIONS!)![1]);
}

/** In MiB, garbage that was not collected yet among it. */
async function heapInUse(operator: Operator): Promise<number> {
  return (await operator.scrape()).sum('nodejs_heap_size_used_bytes') / MIB;
}

function crowdNamespace(index: number): string {
  return `crowd-${index}`;
}

/** Provisioners in other namespaces, each with a sidecar whose arguments fill 0.6 MiB. */
async function bringCrowd(rook: RookInstallation): Promise<void> {
  const { api } = cluster().controlPlane;
  const { metadata, spec } = await rook.workload('rbdProvisioner');
  const crowded = structuredClone(spec!);
  const sidecar = crowded.template.spec!.containers.find(({ name }) => name === 'csi-addons')!;
  sidecar.args = [...sidecar.args!, ...Array.from({ length: ARGUMENTS }, (_, index) => `${ARGUMENT}${index}`)];
  for (let index = 0; index < CROWD; index += 1) {
    const namespace = crowdNamespace(index);
    await api.create<object>('/api/v1/namespaces', { metadata: { name: namespace } });
    await api.create<object>(`/apis/apps/v1/namespaces/${namespace}/deployments`, {
      metadata: { name: metadata!.name! },
      spec: crowded,
    });
  }
}

async function removeCrowd(): Promise<void> {
  for (let index = 0; index < CROWD; index += 1) {
    await cluster().controlPlane.api.delete(`/apis/apps/v1/namespaces/${crowdNamespace(index)}/deployments`);
  }
}

async function expectOutOfMemory(operator: Operator): Promise<void> {
  await operator.ended();
  expect(operator.endedBy).toBe('SIGABRT');
  expect(operator.messages.join('\n')).toMatch(/^FATAL ERROR: .* - JavaScript heap out of memory$/m);
}

test('with the limit of the Deployment, a Rook takes less than a quarter of it', async () => {
  const { assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator(await asInImage());
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  const [used, limit] = [await heapInUse(operator), await limitInImage()];
  console.log(`measured | heap in use with one Rook | ${used.toFixed(1)} MiB | limit ${limit} MiB`);
  expect(used).toBeLessThan(limit / 4);
});

test('a world that outgrows the heap ends the process; more room, or less of a world, is enough to go on', async () => {
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const small = await cluster().startOperator(SMALL);
  await assignment.waitForReason('Ready', 'RollingOut');
  await assignment.waitUntilSettled();
  await bringCrowd(rook);
  await expectOutOfMemory(small);

  // Started again as it was, it ends again, and has written nothing: it does not act on half of what it should know.
  const { audit } = cluster().controlPlane;
  await rook.rewrite('cephfsProvisioner');
  const mark = await audit.mark();
  await expectOutOfMemory(await cluster().startOperator(SMALL));
  expect(await cluster().writesSince(mark)).toEqual([]);

  const since = performance.now();
  const roomy = await cluster().startOperator(await asInImage());
  await portsRight(rook, {
    fault: 'out of memory, then the limit of the Deployment',
    since,
    withinSeconds: WITHIN_SECONDS,
  });
  await assignment.waitUntilSettled();
  console.log(`measured | heap in use with the crowd | ${(await heapInUse(roomy)).toFixed(1)} MiB`);
  expect(await roomy.stop()).toBe(0);
  const writes = await cluster().writesSince(mark);
  expect(writes.filter((write) => !write.includes('/status'))).toEqual([MOVE_BACK]);

  await removeCrowd();
  await rook.rewrite('cephfsProvisioner');
  const shrunk = performance.now();
  await cluster().startOperator(SMALL);
  await portsRight(rook, {
    fault: 'out of memory, then a smaller world',
    since: shrunk,
    withinSeconds: WITHIN_SECONDS,
  });
});
