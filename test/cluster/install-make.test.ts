/** The operator installed, upgraded and removed by the Makefile and by kubectl, as docs/admin/install.md has it. */
import { expect, test } from 'vitest';
import { commandFromDocs, make, overlay } from '../support/as-admin.js';
import { useCluster } from '../support/cluster.js';
import { InstalledOperator, objectsOfOperator, stateOf } from '../support/installed-operator.js';
import { RookInstallation } from '../support/rook/installation.js';
import { layoutOf, OTHER_PORTS } from '../support/slots.js';
import { OPERATOR_NAMESPACE } from '../support/operator-account.js';

// Uninstalling takes the rights of the process away, which no kubelet stops here.
const cluster = useCluster({ installed: false, withholdsRights: true });

const CRD = 'customresourcedefinition.apiextensions.k8s.io/csiportassignments.csiports.io';
/** Of the component for metrics by TLS. */
const METRICS_RIGHTS = [
  'clusterrole.rbac.authorization.k8s.io/csi-port-operator-metrics-auth',
  'clusterrole.rbac.authorization.k8s.io/csi-port-operator-metrics-reader',
  'clusterrolebinding.rbac.authorization.k8s.io/csi-port-operator-metrics-auth',
];

test('make deploy, an upgrade and make undeploy: the ports come right and stay so, and all else is left alone', async () => {
  const { controlPlane } = cluster();
  const rook = await RookInstallation.install(controlPlane, { namespace: 'rook-ceph' });
  const second = await RookInstallation.install(controlPlane, { namespace: 'rook-two' });
  const installed = new InstalledOperator(cluster(), OPERATOR_NAMESPACE);

  expect(await make(controlPlane, 'deploy', 'IMG=registry.example:5000/csi-port-operator:1.0.0')).not.toContain(
    'Warning',
  );
  const pods = await installed.rolledOut();
  expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(2);
  const images = pods.map(({ spec }) => spec.containers[0]!.image);
  expect(new Set(images)).toEqual(new Set(['registry.example:5000/csi-port-operator:1.0.0']));

  const mark = await controlPlane.audit.mark();
  let operator = await installed.start();
  await cluster().allowWrites('rook-two');
  // As long as it has no assignment, the other Rook is kept off its ports.
  await cluster().assignment('rook-two').create({ ports: OTHER_PORTS });
  await cluster().assignment('rook-two').waitForState('rbdNodePlugin', 'Ready');
  await controlPlane.kubectl(['apply', '-f', 'config/samples/csiportassignment.yaml']);
  await cluster().assignment('rook-two').waitUntilAssigned();
  await controlPlane.kubectl(commandFromDocs('kubectl -n rook-ceph wait csiports/default'));
  expect([await rook.layout(), await second.layout()]).toEqual([layoutOf(), layoutOf(OTHER_PORTS)]);
  const before = [await stateOf(rook), await stateOf(second)];

  await installed.losePod();
  await make(controlPlane, 'deploy', 'IMG=registry.example:5000/csi-port-operator:1.1.0');
  expect((await installed.rolledOut())[0]!.spec.containers[0]!.image).toMatch(/:1\.1\.0$/);
  expect(await operator.stop()).toBe(0);
  operator = await installed.start();
  for (const namespace of ['rook-ceph', 'rook-two']) await cluster().assignment(namespace).waitUntilSettled();
  expect(await installed.rejectedSince(mark)).toEqual([]);
  expect([await stateOf(rook), await stateOf(second)]).toEqual(before);

  await operator.stop();
  const assignments = [
    (await cluster().assignment('rook-ceph').get()).metadata.uid,
    (await cluster().assignment('rook-two').get()).metadata.uid,
  ];
  // Also what an option brought, of which the Makefile's own installation knows nothing.
  const withTls = await overlay(controlPlane, 'with-tls', (path) => {
    return `resources: [${path}/config/default]\ncomponents: [${path}/config/components/metrics-tls]\n`;
  });
  await controlPlane.kubectl(['apply', '-k', withTls]);
  expect(await objectsOfOperator(cluster())).toEqual(expect.arrayContaining(METRICS_RIGHTS));
  await make(controlPlane, 'undeploy');
  // What was granted in a further namespace is taken back there.
  await controlPlane.kubectl(commandFromDocs('kubectl -n NS delete --ignore-not-found rolebinding,role', 'rook-two'));
  expect(await objectsOfOperator(cluster())).toEqual([CRD]);
  expect((await cluster().assignment('rook-ceph').get()).metadata.uid).toBe(assignments[0]);
  expect((await cluster().assignment('rook-two').get()).metadata.uid).toBe(assignments[1]);
  expect([await stateOf(rook), await stateOf(second)]).toEqual(before);
  await make(controlPlane, 'undeploy');

  await make(controlPlane, 'uninstall');
  expect(await objectsOfOperator(cluster())).toEqual([]);
  expect([await stateOf(rook), await stateOf(second)]).toEqual(before);
});
