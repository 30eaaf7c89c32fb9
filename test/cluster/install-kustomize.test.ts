/** The operator installed, upgraded and removed by the Makefile and by kubectl, as docs/install.md has it. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { OPERATOR_NAMESPACE, useCluster } from '../support/cluster.js';
import { InstalledOperator, objectsOfOperator, stateOf } from '../support/installed-operator.js';
import type { ManagerDeployment } from '../support/rendered.js';
import { RookInstallation } from '../support/rook/installation.js';

// Uninstalling takes the rights of the process away, which no kubelet stops here.
const cluster = useCluster({ installed: false, withholdsRights: true });

const CRD = 'customresourcedefinition.apiextensions.k8s.io/csiportassignments.csiports.io';
/** Of the component for metrics by TLS. */
const METRICS_RIGHTS = [
  'clusterrole.rbac.authorization.k8s.io/csi-port-operator-metrics-auth',
  'clusterrole.rbac.authorization.k8s.io/csi-port-operator-metrics-reader',
  'clusterrolebinding.rbac.authorization.k8s.io/csi-port-operator-metrics-auth',
];
/** Host ports are a node's: a second Rook on the same nodes needs others. */
const OTHER_PORTS = { rbdProvisioner: 9170, cephfsProvisioner: 9171, rbdNodePlugin: 9172 };

/** With kubectl and the current context as an admin has them; resolves with all that was said. */
async function make(...args: string[]): Promise<string> {
  const { kubectlPath, adminKubeconfig, directory } = cluster().controlPlane;
  const path = `${dirname(kubectlPath)}:${process.env.PATH}`;
  const env = { PATH: path, HOME: directory, KUBECONFIG: adminKubeconfig };
  const { stdout, stderr } = await promisify(execFile)('make', args, { env });
  return stdout + stderr;
}

test('make deploy, an upgrade and make undeploy: the ports come right and stay so, and all else is left alone', async () => {
  const { controlPlane } = cluster();
  const rook = await RookInstallation.install(controlPlane, { namespace: 'rook-ceph' });
  const second = await RookInstallation.install(controlPlane, { namespace: 'rook-two' });
  const installed = new InstalledOperator(cluster(), OPERATOR_NAMESPACE);

  expect(await make('deploy', 'IMG=registry.example:5000/csi-port-operator:1.0.0')).not.toContain('Warning');
  const pods = await installed.rolledOut();
  expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(2);
  const images = pods.map(({ spec }) => spec.containers[0]!.image);
  expect(new Set(images)).toEqual(new Set(['registry.example:5000/csi-port-operator:1.0.0']));

  const mark = await controlPlane.audit.mark();
  let operator = await installed.start();
  await controlPlane.kubectl(['apply', '-f', 'config/samples/csiportassignment.yaml']);
  await cluster().allowWrites('rook-two');
  await cluster().assignment('rook-two').create({ ports: OTHER_PORTS });
  await cluster().assignment('rook-two').waitUntilAssigned();
  await controlPlane.kubectl(fromDocs(/^kubectl (-n rook-ceph wait csiports\/default .*)$/m).split(' '));
  expect([await rook.layout(), await second.layout()]).toEqual([
    [9070, 9071, 9072],
    [9170, 9171, 9172],
  ]);
  const before = [await stateOf(rook), await stateOf(second)];

  await installed.losePod();
  await make('deploy', 'IMG=registry.example:5000/csi-port-operator:1.1.0');
  expect((await installed.rolledOut())[0]!.spec.containers[0]!.image).toMatch(/:1\.1\.0$/);
  expect(await operator.stop()).toBe(0);
  operator = await installed.start();
  for (const namespace of ['rook-ceph', 'rook-two']) await cluster().assignment(namespace).waitUntilSettled();
  expect(await installed.refusedSince(mark)).toEqual([]);
  expect([await stateOf(rook), await stateOf(second)]).toEqual(before);

  await operator.stop();
  const assignments = [
    (await cluster().assignment('rook-ceph').get()).metadata.uid,
    (await cluster().assignment('rook-two').get()).metadata.uid,
  ];
  // Also what an option brought, of which the Makefile's own installation knows nothing.
  const withTls = await overlay('with-tls', (path) => {
    return `resources: [${path}/config/default]\ncomponents: [${path}/config/components/metrics-tls]\n`;
  });
  await controlPlane.kubectl(['apply', '-k', withTls]);
  expect(await objectsOfOperator(cluster())).toEqual(expect.arrayContaining(METRICS_RIGHTS));
  await make('undeploy');
  // What was granted in a further namespace is taken back there.
  const revoke = fromDocs(/\| a further namespace \| `kubectl (-n rook-two delete [^`]*)`/);
  await controlPlane.kubectl(revoke.split(' '));
  expect(await objectsOfOperator(cluster())).toEqual([CRD]);
  expect((await cluster().assignment('rook-ceph').get()).metadata.uid).toBe(assignments[0]);
  expect((await cluster().assignment('rook-two').get()).metadata.uid).toBe(assignments[1]);
  expect([await stateOf(rook), await stateOf(second)]).toEqual(before);
  await make('undeploy');

  await make('uninstall');
  expect(await objectsOfOperator(cluster())).toEqual([]);
  expect([await stateOf(rook), await stateOf(second)]).toEqual(before);
});

test('the bundle of a release is what make deploy applies', async () => {
  const { controlPlane } = cluster();
  const image = `registry.example/csi-port-operator@sha256:${'0'.repeat(64)}`;
  await make('install-bundle', `IMG=${image}`);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'rook-ceph' } };
  await controlPlane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(namespace) });
  await controlPlane.kubectl(['apply', '--warnings-as-errors', '-f', 'dist/install.yaml']);
  const installed = new InstalledOperator(cluster(), OPERATOR_NAMESPACE);
  const [pod] = await installed.rolledOut();
  expect(pod!.spec.containers[0]!.image).toBe(image);
  await controlPlane.kubectl(['delete', '-f', 'dist/install.yaml']);
  expect(await objectsOfOperator(cluster())).toEqual([]);
});

test('the namespace takes restricted pods alone, and those of the operator are such', async () => {
  const { controlPlane } = cluster();
  await controlPlane.kubectl(['apply', '-f', 'config/default/namespace.yaml']);
  const run = ['-n', OPERATOR_NAMESPACE, 'run', 'a', '--image=a', '--dry-run=server'];
  await expect(controlPlane.kubectl(run)).rejects.toThrow('violates PodSecurity "restricted:latest"');
  await controlPlane.kubectl(['apply', '--dry-run=server', '--warnings-as-errors', '-k', 'config/manager']);
});

test('the single-namespace layout serves its namespace by Roles alone', async () => {
  const { controlPlane } = cluster();
  const rook = await RookInstallation.install(controlPlane, { namespace: 'rook-single' });
  const other = await RookInstallation.install(controlPlane, { namespace: 'rook-other', workloads: false });
  const kustomization = fromDocs(/### Single namespace\n\n```yaml\n([^`]*)```/);
  const layout = await overlay('single', (path) => {
    return kustomization.replace('path/to', path).replace('namespace: my-rook', 'namespace: rook-single');
  });
  await controlPlane.kubectl(['apply', '--warnings-as-errors', '-k', layout]);
  const installed = new InstalledOperator(cluster(), 'rook-single');
  const [pod] = await installed.rolledOut();
  expect(pod!.spec.containers[0]!.image).toBe('registry.example/csi-port-operator:0.1.0');
  const role = await controlPlane.kubectl(['-n', 'rook-single', 'get', 'role', 'csi-port-operator', '-o', 'yaml']);
  expect(role).toContain('- rook-single.rbd.csi.ceph.com-ctrlplugin');
  expect(role).not.toContain('- rook-ceph.');
  const mark = await controlPlane.audit.mark();
  const operator = await installed.start();
  await cluster()
    .assignment('rook-single')
    .create({ ports: { ...OTHER_PORTS, rbdNodePlugin: 9272 } });
  await cluster().assignment(other.namespace).create();
  await cluster().assignment('rook-single').waitUntilSettled();
  expect(await rook.layout()).toEqual([9170, 9171, 9272]);
  expect((await cluster().assignment(other.namespace).get()).status).toBeUndefined();
  expect(await installed.refusedSince(mark)).toEqual([]);
  expect((await objectsOfOperator(cluster())).filter((name) => name.startsWith('clusterrole'))).toEqual([]);

  await operator.stop();
  // With every option that has objects of its own.
  const withOptions = await overlay('single-options', (path) => {
    const resources = `resources: [../single, ${path}/config/network-policy, ${path}/config/rbac/aggregated]`;
    return `namespace: rook-single\n${resources}\ncomponents: [${path}/config/components/metrics-tls]\n`;
  });
  await controlPlane.kubectl(['apply', '--warnings-as-errors', '-k', withOptions]);
  const binding = 'jsonpath={.subjects[*].namespace}';
  const bound = ['get', 'clusterrolebinding', 'csi-port-operator-metrics-auth', '--output', binding];
  expect(await controlPlane.kubectl(bound)).toBe('rook-single');
  const removal = fromDocs(/\| single namespace \| `kubectl -n rook-ceph (delete [^`]*)`/);
  await controlPlane.kubectl(['-n', 'rook-single', ...removal.split(' ')]);
  await installed.readyPods(0);
  for (const option of ['metrics by TLS', 'rights of people']) {
    const row = new RegExp(`\\| single namespace, ${option} \\| [^|]*\`kubectl (delete [^\`]*)\``);
    await controlPlane.kubectl(fromDocs(row).split(' '));
  }
  const lease = fromDocs(/`kubectl -n rook-ceph (delete lease [^`]*)`/);
  await controlPlane.kubectl(['-n', 'rook-single', ...lease.split(' ')]);
  expect(await controlPlane.kubectl(['-n', 'rook-single', 'get', 'leases', '--output=name'])).toBe('');
  expect(await objectsOfOperator(cluster())).toEqual([CRD]);
  expect(await rook.layout()).toEqual([9170, 9171, 9272]);
});

test('the options are components and kustomizations that the API server takes', async () => {
  const { controlPlane } = cluster();
  await controlPlane.kubectl(['apply', '-f', 'config/default/namespace.yaml']);
  const components = readdirSync('config/components');
  const rendered = await controlPlane.kubectl([
    'apply',
    '--dry-run=server',
    '--warnings-as-errors',
    '--output=json',
    '-k',
    await overlay(
      'options',
      (path) =>
        `resources: [${path}/config/manager, ${path}/config/network-policy]\n` +
        `components: [${components.map((name) => `${path}/config/components/${name}`).join(', ')}]\n`,
    ),
  ]);
  const { items } = JSON.parse(rendered) as { items: ManagerDeployment[] };
  const kinds = [
    'ClusterRole',
    'ClusterRole',
    'ClusterRoleBinding',
    'Deployment',
    'NetworkPolicy',
    'PodDisruptionBudget',
  ];
  expect(items.map(({ kind }) => kind).sort()).toEqual(kinds);
  const { spec } = items.find(({ kind }) => kind === 'Deployment')!.spec.template;
  expect(spec.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux', 'node-role.kubernetes.io/control-plane': '' });
  expect(spec.tolerations).toEqual([
    { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
  ]);
  const group = { runAsGroup: 65_532, seccompProfile: { type: 'RuntimeDefault' } };
  expect(spec.securityContext).toEqual({ runAsNonRoot: true, ...group });
});

/** What docs/install.md has admins write or run. */
function fromDocs(pattern: RegExp): string {
  const found = pattern.exec(readFileSync('docs/install.md', 'utf8'))?.[1];
  if (found === undefined) throw new Error(`docs/install.md has no ${pattern.source}`);
  return found;
}

/** A kustomization of an admin's own; `content` gets the path to the repository. */
async function overlay(name: string, content: (path: string) => string): Promise<string> {
  const folder = join(cluster().controlPlane.directory, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'kustomization.yaml'), content(relative(folder, process.cwd())));
  return folder;
}
