/** The operator installed, upgraded and removed by helm, as docs/admin/install.md has it. */
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { waitFor } from '../support/control-plane/wait-for.js';
import { useCluster } from '../support/cluster.js';
import { CHART, Helm, VALUES_FILES } from '../support/helm.js';
import { InstalledOperator, objectsOfOperator, stateOf } from '../support/installed-operator.js';
import { RookInstallation } from '../support/rook/installation.js';
import { layoutOf, OTHER_PORTS } from '../support/slots.js';
import { OPERATOR_NAMESPACE } from '../support/operator-account.js';

// Uninstalling takes the rights of the process away, which no kubelet stops here.
const cluster = useCluster({ installed: false, withholdsRights: true });
let helm: Helm;

beforeAll(async () => {
  helm = await Helm.provide(cluster().controlPlane.adminKubeconfig);
});

const RELEASE = ['csi-port-operator', '--namespace', OPERATOR_NAMESPACE];
const CRD = 'customresourcedefinition.apiextensions.k8s.io/csiportassignments.csiports.io';
async function createNamespace(name: string): Promise<void> {
  await cluster().controlPlane.kubectl(['create', 'namespace', name]);
  const level = 'pod-security.kubernetes.io/enforce=restricted';
  await cluster().controlPlane.kubectl(['label', 'namespace', name, level]);
}

/** The chart of a later version, packaged, whose CRD has another description. */
async function nextChart(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chart-'));
  const copy = join(folder, 'csi-port-operator');
  await cp(CHART, copy, { recursive: true });
  const crd = join(copy, 'files/csiportassignments.yaml');
  const next = (await readFile(crd, 'utf8')).replace('Why the condition Ready is what it is.', 'Why, in one word.');
  await writeFile(crd, next);
  await helm.run('package', copy, '--destination', folder, '--version', '9.9.9', '--app-version', '9.9.9');
  return join(folder, 'csi-port-operator-9.9.9.tgz');
}

interface Definition {
  spec: { versions: { additionalPrinterColumns: { name: string; description: string }[] }[] };
}

async function reasonColumn(): Promise<string> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/csiportassignments.csiports.io';
  const crd = await cluster().controlPlane.api.get<Definition>(path);
  return crd.spec.versions[0]!.additionalPrinterColumns.find(({ name }) => name === 'Reason')!.description;
}

test('install, upgrade, uninstall and install again: the ports come right and stay so, and what is to be kept is', async () => {
  const { controlPlane } = cluster();
  const rook = await RookInstallation.install(controlPlane, { namespace: 'rook-ceph' });
  const second = await RookInstallation.install(controlPlane, { namespace: 'rook-two' });
  const installed = new InstalledOperator(cluster(), OPERATOR_NAMESPACE);
  const assignments = ['rook-ceph', 'rook-two'].map((namespace) => cluster().assignment(namespace));
  const namespaces = ['--set-json', 'rookNamespaces=["rook-ceph", "rook-two"]'];
  const entry = { name: 'rook-two', assignment: { create: true, spec: { ports: OTHER_PORTS } } };
  const withAssignment = ['--set-json', `rookNamespaces=["rook-ceph", ${JSON.stringify(entry)}]`];
  await createNamespace(OPERATOR_NAMESPACE);

  // Helm looks every kind up before it makes the CRD: so the assignments come with an upgrade. Nothing is left behind.
  const tooEarly = helm.run('install', ...RELEASE, CHART, ...withAssignment);
  await expect(tooEarly).rejects.toThrow('ensure CRDs are installed first');
  expect(await objectsOfOperator(cluster())).toEqual([]);

  const notes = await helm.run('install', ...RELEASE, CHART, ...namespaces, '--wait', '--timeout=100s');
  expect(notes).toMatch(/STATUS: deployed/);
  expect(notes).toContain('metadata: {name: default, namespace: rook-two}');
  const pods = await installed.rolledOut();
  expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(2);

  const mark = await controlPlane.audit.mark();
  let operator = await installed.start();
  // As long as it has no assignment, the other Rook is kept off its ports.
  await helm.run('upgrade', ...RELEASE, CHART, ...withAssignment);
  await cluster().assignment('rook-two').waitForState('rbdNodePlugin', 'Ready');
  await controlPlane.kubectl(['apply', '-f', 'config/samples/csiportassignment.yaml']);
  for (const assignment of assignments) await assignment.waitUntilAssigned();
  expect([await rook.layout(), await second.layout()]).toEqual([layoutOf(), layoutOf(OTHER_PORTS)]);
  const before = [await stateOf(rook), await stateOf(second)];

  await installed.losePod();
  expect(await reasonColumn()).toBe('Why the condition Ready is what it is.');
  await helm.run('upgrade', ...RELEASE, await nextChart(), '--reset-then-reuse-values', '--wait');
  expect(await reasonColumn()).toBe('Why, in one word.');
  expect((await installed.rolledOut())[0]!.spec.containers[0]!.image).toMatch(/:9\.9\.9$/);
  expect(await helm.run('status', ...RELEASE)).toMatch(/STATUS: deployed\nREVISION: 3/);
  expect(await operator.stop()).toBe(0);
  operator = await installed.start();
  for (const assignment of assignments) await assignment.waitUntilSettled();
  expect(await installed.rejectedSince(mark)).toEqual([]);
  expect([await stateOf(rook), await stateOf(second)]).toEqual(before);

  await operator.stop();
  const uids = await Promise.all(assignments.map(async (assignment) => (await assignment.get()).metadata.uid));
  expect(await helm.run('uninstall', ...RELEASE, '--wait')).toContain('CSIPortAssignment');
  await installed.readyPods(0);
  expect(await objectsOfOperator(cluster())).toEqual([CRD]);
  const kept = await Promise.all(assignments.map(async (assignment) => (await assignment.get()).metadata.uid));
  expect(kept).toEqual(uids);
  expect([await stateOf(rook), await stateOf(second)]).toEqual(before);

  // What was kept is taken up again by a release of the same name.
  await helm.run('install', ...RELEASE, CHART, ...withAssignment, '--wait', '--timeout=100s');
  await installed.rolledOut();
  operator = await installed.start();
  for (const assignment of assignments) await assignment.waitUntilSettled();
  expect([await stateOf(rook), await stateOf(second)]).toEqual(before);

  // A second release cannot claim the same namespaces.
  await createNamespace('elsewhere');
  const rival = helm.run('install', 'rival', '--namespace=elsewhere', CHART, '--set', 'crds.install=false');
  await expect(rival).rejects.toThrow('invalid ownership metadata');
  // Helm does not wait for the end of the pods before it takes their rights: what runs on would be rejected.
  await operator.stop();
  await helm.run('uninstall', ...RELEASE, '--wait');
  await installed.readyPods(0);
});

test('without clusterWide it serves its namespaces by Roles alone, from inside one of them', async () => {
  const { controlPlane } = cluster();
  await controlPlane.kubectl(['apply', '-k', 'crds']);
  const rook = await RookInstallation.install(controlPlane, { namespace: 'rook-single' });
  const other = await RookInstallation.install(controlPlane, { namespace: 'rook-other', workloads: false });
  const release = ['csi-port-operator', '--namespace=rook-single'];
  const values = ['--values', `${CHART}/ci/single-namespace-values.yaml`, '--set', 'rookNamespaces={rook-single}'];
  await helm.run('install', ...release, CHART, ...values, '--wait', '--timeout=100s');
  expect((await objectsOfOperator(cluster())).filter((name) => name.startsWith('clusterrole'))).toEqual([]);

  const installed = new InstalledOperator(cluster(), 'rook-single');
  await installed.rolledOut();
  const mark = await controlPlane.audit.mark();
  const operator = await installed.start();
  const assignment = cluster().assignment('rook-single');
  await assignment.create({ ports: { ...OTHER_PORTS, rbdNodePlugin: 9272 } });
  await cluster().assignment(other.namespace).create();
  const wanted = layoutOf({ ...OTHER_PORTS, rbdNodePlugin: 9272 });
  await waitFor('the layout', async () => String(await rook.layout()) === String(wanted));
  expect((await cluster().assignment(other.namespace).get()).status).toBeUndefined();
  expect(await installed.rejectedSince(mark)).toEqual([]);

  await operator.stop();
  await helm.run('uninstall', ...release, '--wait');
  await installed.readyPods(0);
  expect(await objectsOfOperator(cluster())).toEqual([CRD]);
  expect(await rook.layout()).toEqual(layoutOf({ ...OTHER_PORTS, rbdNodePlugin: 9272 }));
});

test('a CRD that was installed by other means is left to these, or taken over when Helm is told to', async () => {
  const { controlPlane } = cluster();
  // Not deleted and made again, which takes until its last instance is gone: without a mark of Helm's it is nobody's.
  await controlPlane.kubectl(['apply', '-k', 'crds']);
  await controlPlane.kubectl(['replace', '-k', 'crds']);
  const release = ['csi-port-operator', '--namespace=owner', '--create-namespace'];
  const values = ['--set', 'rookNamespaces={owner}', '--timeout=100s'];
  await expect(helm.run('install', ...release, CHART, ...values)).rejects.toThrow('invalid ownership metadata');
  await helm.run('install', ...release, CHART, ...values, '--set', 'crds.install=false');
  await helm.run('upgrade', ...release.slice(0, 2), CHART, ...values, '--take-ownership');
  const crd = await controlPlane.kubectl(['get', 'crd', 'csiportassignments.csiports.io', '--output=yaml']);
  expect(crd).toContain('meta.helm.sh/release-name: csi-port-operator');
  expect(crd).toContain('helm.sh/resource-policy: keep');
  await helm.run('uninstall', ...release.slice(0, 2), '--wait');
  expect(await objectsOfOperator(cluster())).toContain(CRD);
});

/** Those whose kinds this control plane has. */
const OF_KUBERNETES = VALUES_FILES.filter((file) => !file.includes('monitoring'));

test.each(['', ...OF_KUBERNETES])('the API server takes all that the chart makes of %s', async (file) => {
  const { controlPlane } = cluster();
  await controlPlane.kubectl(['apply', '-k', 'crds']);
  for (const name of ['rook-ceph', 'rook-two', OPERATOR_NAMESPACE]) {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await controlPlane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(namespace) });
  }
  const manifests = await helm.render(OPERATOR_NAMESPACE, ...(file === '' ? [] : ['--values', file]));
  const apply = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--warnings-as-errors', '-f', '-'];
  const output = await controlPlane.kubectl(apply, { stdin: manifests });
  expect(output).toContain('deployment.apps/csi-port-operator serverside-applied (server dry run)');
});
