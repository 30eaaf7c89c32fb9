/** The layouts and options of config/, as the API server takes them and as they serve. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { waitFor } from '../support/control-plane/wait-for.js';
import { commandFromDocs, fromDocs, overlay } from '../support/as-admin.js';
import { useCluster } from '../support/cluster.js';
import { InstalledOperator, objectsOfOperator } from '../support/installed-operator.js';
import type { ManagerDeployment } from '../support/rendered.js';
import { RookInstallation } from '../support/rook/installation.js';
import { layoutOf, OTHER_PORTS } from '../support/slots.js';
import { OPERATOR_NAMESPACE } from '../support/operator-account.js';

// Uninstalling takes the rights of the process away, which no kubelet stops here.
const cluster = useCluster({ installed: false, withholdsRights: true });

const CRD = 'customresourcedefinition.apiextensions.k8s.io/csiportassignments.csiports.io';
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
  const kustomization = fromDocs(/### Single namespace\n[^]*?```yaml\n([^`]*)```/);
  const layout = await overlay(controlPlane, 'single', (path) => {
    return kustomization.replace('path/to', path).replace('namespace: my-rook', 'namespace: rook-single');
  });
  await controlPlane.kubectl(['apply', '--warnings-as-errors', '-k', layout]);
  const installed = new InstalledOperator(cluster(), 'rook-single');
  const [pod] = await installed.rolledOut();
  expect(pod!.spec.containers[0]!.image).toBe('registry.example/csi-port-operator:0.1.0');
  const mark = await controlPlane.audit.mark();
  const operator = await installed.start();
  await cluster()
    .assignment('rook-single')
    .create({ ports: { ...OTHER_PORTS, rbdNodePlugin: 9272 } });
  await cluster().assignment(other.namespace).create();
  const wanted = layoutOf({ ...OTHER_PORTS, rbdNodePlugin: 9272 });
  await waitFor('the layout', async () => String(await rook.layout()) === String(wanted));
  expect((await cluster().assignment(other.namespace).get()).status).toBeUndefined();
  expect(await installed.rejectedSince(mark)).toEqual([]);
  expect((await objectsOfOperator(cluster())).filter((name) => name.startsWith('clusterrole'))).toEqual([]);

  await operator.stop();
  // With every option that has objects of its own.
  const withOptions = await overlay(controlPlane, 'single-options', (path) => {
    const resources = `resources: [../single, ${path}/config/network-policy, ${path}/config/rbac/aggregated]`;
    return `namespace: rook-single\n${resources}\ncomponents: [${path}/config/components/metrics-tls]\n`;
  });
  await controlPlane.kubectl(['apply', '--warnings-as-errors', '-k', withOptions]);
  const binding = 'jsonpath={.subjects[*].namespace}';
  const bound = ['get', 'clusterrolebinding', 'csi-port-operator-metrics-auth', '--output', binding];
  expect(await controlPlane.kubectl(bound)).toBe('rook-single');
  await controlPlane.kubectl(commandFromDocs('kubectl -n NS delete deployment', 'rook-single'));
  await installed.readyPods(0);
  for (const rights of ['metrics-auth', 'aggregated']) {
    await controlPlane.kubectl(commandFromDocs(`kubectl delete --ignore-not-found -k config/rbac/${rights}`));
  }
  await controlPlane.kubectl(commandFromDocs('kubectl -n NS delete --ignore-not-found lease', 'rook-single'));
  expect(await controlPlane.kubectl(['-n', 'rook-single', 'get', 'leases', '--output=name'])).toBe('');
  expect(await objectsOfOperator(cluster())).toEqual([CRD]);
  expect(await rook.layout()).toEqual(layoutOf({ ...OTHER_PORTS, rbdNodePlugin: 9272 }));
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
      controlPlane,
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

test.each([
  ['-f', 'crds/'],
  ['-k', 'crds/'],
  ['-k', 'config/crd'],
])('kubectl apply %s %s installs the CRD', async (option, folder) => {
  const output = await cluster().controlPlane.kubectl(['apply', '--dry-run=server', option, folder, '--output=name']);
  expect(output.trim()).toBe(CRD);
});

test('the patches of docs/admin/install.md move the right to write, leave out the right to list pods, and add a flag', async () => {
  const { controlPlane } = cluster();
  const move = fromDocs(/### Rook in another namespace\n[^]*?```yaml\n([^`]*)```/);
  const leaveOut = fromDocs(/`(- \{ target: \{ name: csi-port-operator-host-network-pods .*?)` \|/);
  const addFlag = fromDocs(/`(- \{ target: \{ kind: Deployment .*?)` \|/);
  const folder = await overlay(controlPlane, 'patched', (path) => {
    return `resources: [${path}/config/default]\n${move}  ${leaveOut}\n  ${addFlag}\n`;
  });
  const original = await controlPlane.kubectl(['kustomize', 'config/default']);
  expect(original).toContain('csi-port-operator-host-network-pods');
  const patched = await controlPlane.kubectl(['kustomize', folder]);
  expect(patched).not.toContain('csi-port-operator-host-network-pods');
  expect(patched).toMatch(/^ +- --log-level=info\n +- --log-format=json\n +- --log-level=debug$/m);
  expect(patched).not.toMatch(/namespace: rook-ceph$/m);
  expect(patched.match(/^ {2}namespace: my-rook$/gm)).toHaveLength(2);
});
