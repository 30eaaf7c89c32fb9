/** An API server that is reached by IPv6 alone, and an operator that listens there. */
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { namespaceProblem } from '../support/image/container.js';
import { Pod } from '../support/image/pod.js';
import { portsRight } from '../support/recovery.js';

const HOST = '::1';
const WITHIN_SECONDS = 30;
const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === HOST),
);
if (!hasIPv6) console.log(`skipped: this machine has no ${HOST}`);
const podProblem = hasIPv6 ? await namespaceProblem() : undefined;
if (podProblem !== undefined) console.log(`skipped: no pod's files can be laid out for a process, as ${podProblem}`);

describe.skipIf(!hasIPv6)('by IPv6', () => {
  const cluster = useCluster({ nodes: 0, host: HOST });

  test('a kubeconfig whose server is an address in brackets', async () => {
    const { rook, assignment } = await cluster().installRookWithAssignment();
    expect(cluster().controlPlane.server).toMatch(/^https:\/\/\[::1\]:\d+$/);
    const operator = await cluster().startOperator({ host: HOST });
    await assignment.waitForReason('Ready', 'RollingOut');
    await assignment.waitUntilSettled();
    await rook.rewrite('rbdNodePlugin');
    const since = performance.now();
    await portsRight(rook, { fault: 'API server at [::1], a revert', since, withinSeconds: WITHIN_SECONDS });
    await operator.waitUntilReady();
    expect((await operator.probe('/healthz')).status).toBe(200);
    expect((await operator.scrape()).series('csiports_ready')).toHaveLength(1);
    expect(await operator.stop()).toBe(0);
  });

  test.skipIf(podProblem !== undefined)("a pod's KUBERNETES_SERVICE_HOST, which has no brackets", async () => {
    const { rook, assignment } = await cluster().installRookWithAssignment();
    const since = performance.now();
    const pod = await Pod.start(cluster(), { host: HOST });
    await portsRight(rook, { fault: 'API server at ::1, a start in a pod', since, withinSeconds: WITHIN_SECONDS });
    await assignment.waitForReason('Ready', 'RollingOut');
    expect(pod.probes).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect(await pod.isHealthy()).toBe(true);
    await waitFor('the metrics', async () => (await (await fetch(pod.metrics)).text()).includes('csiports_ready'));
    expect(await pod.stop()).toBe(0);
  });
});
