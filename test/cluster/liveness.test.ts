/** Who looks at /healthz as the kubelet does: with the figures of the Deployment. */
import { expect, onTestFinished, test } from 'vitest';
import { readManifest } from '../unit/crd/manifests.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { useCluster } from '../support/cluster.js';
import type { Operator } from '../support/operator.js';
import { layoutOf } from '../support/slots.js';

interface LivenessProbe {
  readonly timeoutSeconds: number;
}

const deployment = readManifest('config/manager/deployment.yaml') as {
  spec: { template: { spec: { containers: readonly [{ livenessProbe: LivenessProbe }] } } };
};
const { timeoutSeconds } = deployment.spec.template.spec.containers[0].livenessProbe;

const cluster = useCluster({ nodes: 0 });

/** What one probe of the kubelet comes to; undefined where the answer was not there in time. */
async function probe(operator: Operator): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutSeconds * 1000);
  const answer = operator.probe('/healthz').then(({ status }) => status);
  return Promise.race([answer, promise]).finally(() => clearTimeout(timer));
}

test('an event loop that is stuck for more than ten seconds fails a probe, and one that is stuck for less does not', async () => {
  expect(timeoutSeconds).toBe(10);
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  onTestFinished(() => void process.kill(operator.pid, 'SIGCONT'));

  process.kill(operator.pid, 'SIGSTOP');
  expect(await probe(operator)).toBeUndefined();
  // The loop turns again when half of this probe's time is over.
  const late = probe(operator);
  setTimeout(() => process.kill(operator.pid, 'SIGCONT'), (timeoutSeconds / 2) * 1000);
  expect(await late).toBe(200);

  // Nobody had to restart it.
  await rook.rewrite('rbdNodePlugin');
  await waitFor('the revert to be reverted', async () => (await rook.layout()).join() === layoutOf().join());
  expect((await operator.probe('/readyz')).status).toBe(200);
  expect(operator.warnings).toEqual([]);
});
