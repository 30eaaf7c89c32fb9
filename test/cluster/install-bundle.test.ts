/**
 * The bundle of a release, installed and removed by kubectl. Removing it deletes the CRD: no other test shares this control
 * plane.
 */
import { expect, test } from 'vitest';
import { make } from '../support/as-admin.js';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { InstalledOperator, objectsOfOperator } from '../support/installed-operator.js';
import { OPERATOR_NAMESPACE } from '../support/operator-account.js';

const cluster = useCluster({ installed: false });

test('the bundle of a release is what make deploy applies', async () => {
  const { controlPlane } = cluster();
  const image = `registry.example/csi-port-operator@sha256:${'0'.repeat(64)}`;
  await make(controlPlane, 'install-bundle', `IMG=${image}`);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'rook-ceph' } };
  await controlPlane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(namespace) });
  await controlPlane.kubectl(['apply', '--warnings-as-errors', '-f', 'dist/install.yaml']);
  const installed = new InstalledOperator(cluster(), OPERATOR_NAMESPACE);
  const [pod] = await installed.rolledOut();
  expect(pod!.spec.containers[0]!.image).toBe(image);
  // Without its own wait, which is for all finalizers and says nothing of what it waits for.
  await controlPlane.kubectl(['delete', '--wait=false', '-f', 'dist/install.yaml']);
  await waitFor('all that the bundle has to be gone', async () => (await objectsOfOperator(cluster())).length === 0, {
    lastSeen: whatIsLeft,
  });
});

/** With what its controllers have to say of it. */
async function whatIsLeft(): Promise<string> {
  const { controlPlane } = cluster();
  const [names, ends] = await Promise.all([
    objectsOfOperator(cluster()),
    controlPlane.kubectl(['get', 'namespaces,customresourcedefinitions', '--output=jsonpath={.items[*].status}']),
  ]);
  return `${names.join(', ')}; ${ends}`;
}
