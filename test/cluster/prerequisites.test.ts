/** What is said and done where the CRD or a valid token is missing. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeKubeconfig } from '../support/control-plane/credentials.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { useCluster } from '../support/cluster.js';
import { Operator } from '../support/operator.js';
import { layoutOf } from '../support/slots.js';

const cluster = useCluster({ nodes: 0, withholdsRights: true });

test('a missing CRD is one line that names it; installed, it is enough', async () => {
  const { controlPlane } = cluster();
  const isServed = async (): Promise<boolean> =>
    (await controlPlane.api.getOrUndefined('/apis/csiports.io/v1alpha1/csiportassignments')) !== undefined;
  const install = async (): Promise<void> => {
    await controlPlane.kubectl(['apply', '-k', 'crds']);
    await waitFor('the CRD to be served', isServed);
  };
  const { rook, assignment } = await cluster().installRookWithAssignment();
  onTestFinished(install);
  await controlPlane.kubectl(['delete', '-k', 'crds']);
  await waitFor('the CRD to be gone', async () => !(await isServed()));
  const operator = await cluster().startOperator();

  const [line] = await operator.waitForWatchFailures(2, 'CSIPortAssignment default');
  expect(line!.remedy).toBe(
    'install the CustomResourceDefinition csiportassignments.csiports.io (kubectl apply -k crds)',
  );
  expect(operator.warnings).toEqual([line]);
  expect((await operator.probe('/readyz')).body).toContain(line!.remedy);

  await install();
  await assignment.create();
  await assignment.waitForReason('Ready', 'RollingOut');
  expect(await rook.layout()).toEqual(layoutOf());
});

test('a CRD that is deleted and comes back under a running operator is taken up again', async () => {
  const { controlPlane } = cluster();
  const { rook, assignment } = await cluster().installRookWithAssignment();
  const operator = await cluster().startOperator();
  await assignment.waitForReason('Ready', 'RollingOut');
  await controlPlane.kubectl(['delete', '-k', 'crds']);
  await operator.waitForWatchFailures(1, 'CSIPortAssignment default');
  await controlPlane.kubectl(['apply', '-k', 'crds']);
  await waitFor('the assignment to be created', () =>
    assignment.create({ ports: { rbdNodePlugin: 9172 } }).then(() => true),
  );
  await assignment.waitForReason('Ready', 'RollingOut');
  expect(await rook.layout()).toEqual(layoutOf({ rbdNodePlugin: 9172 }));
});

test('a rejected token is said in one line, and the operator is not ready', async () => {
  const { controlPlane } = cluster();
  const kubeconfig = await writeKubeconfig(join(controlPlane.directory, 'rejected.kubeconfig'), {
    server: controlPlane.server,
    ca: controlPlane.ca,
    token: 'not-a-token',
  });
  const operator = await Operator.start({ kubeconfig });
  onTestFinished(async () => {
    await operator.stop();
  });
  await operator.waitForWatchFailures(12);
  expect(operator.warnings).toHaveLength(1);
  expect(operator.warnings[0]).toMatchObject({ level: 'warn', error: expect.stringContaining('401') as string });
  expect((await operator.probe('/readyz')).status).toBe(503);
  expect((await operator.probe('/readyz')).body).toContain('401 Unauthorized');
  expect((await operator.probe('/healthz')).status).toBe(200);
  expect(JSON.stringify(operator.log)).not.toContain('not-a-token');
});
