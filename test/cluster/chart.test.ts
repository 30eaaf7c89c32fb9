/** The chart: what it renders, and that it is the same as what config/ renders. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { provideBinaries } from '../support/control-plane/binaries.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import { CHART, Helm, VALUES_FILES } from '../support/helm.js';
import { find, parseObjects, podSpec } from '../support/rendered.js';
import { rightsOf, rightsOfAccount, type Role } from '../support/rights.js';

let helm: Helm;
let kubectl: string;

beforeAll(async () => {
  helm = await Helm.provide();
  kubectl = (await provideBinaries((line) => console.error(line))).path('kubectl');
});

function kustomize(layout: string): KubeObject[] {
  return parseObjects(execFileSync(kubectl, ['kustomize', `config/${layout}`], { encoding: 'utf8' }));
}

async function render(namespace: string, ...args: string[]): Promise<KubeObject[]> {
  return parseObjects(await helm.render(namespace, ...args));
}

/** What must not differ between the two ways to install, by kind. */
function essence(object: KubeObject): unknown {
  const { spec, rules, automountServiceAccountToken } = object as KubeObject & Partial<Role>;
  return { spec, rights: rules && rightsOf(rules), automountServiceAccountToken };
}

const LAYOUTS = [
  { layout: 'default', namespace: 'csi-port-operator-system', args: [] },
  {
    layout: 'single-namespace',
    namespace: 'rook-ceph',
    args: ['--set', 'watch.clusterWide=false,rbac.aggregatedRoles=false'],
  },
];

describe.each(LAYOUTS)('beside config/$layout', ({ layout, namespace, args }) => {
  let chart: KubeObject[];
  let config: KubeObject[];

  beforeAll(async () => {
    chart = await render(namespace, ...args);
    config = kustomize(layout);
    // Kustomize names the namespace by a reference to the pod's own, as it is written before the namespace is known.
    const { env } = podSpec(config).containers[0];
    const watched = env.find(({ name }) => name === 'WATCH_NAMESPACE')!;
    if (watched.valueFrom?.fieldRef.fieldPath === 'metadata.namespace') {
      delete watched.valueFrom;
      watched.value = namespace;
    }
  });

  test('the account has the same rights', () => {
    const account = { namespace, name: 'csi-port-operator' };
    const rights = rightsOfAccount(chart, account);
    expect(rights).toEqual(rightsOfAccount(config, account));
    expect(rights.filter((right) => right.includes('/leases '))).toHaveLength(3);
  });

  test('the pods, their budget, the account and the CRD are the same', () => {
    for (const kind of ['Deployment', 'PodDisruptionBudget', 'ServiceAccount'] as const) {
      expect(essence(find(chart, kind)), kind).toEqual(essence(find(config, kind)));
      expect(find(chart, kind).metadata.namespace).toBe(namespace);
    }
    const crd = find(chart, 'CustomResourceDefinition', 'csiportassignments.csiports.io');
    expect(essence(crd)).toEqual(essence(find(config, 'CustomResourceDefinition', 'csiportassignments.csiports.io')));
  });

  test('no other objects are there', () => {
    const names = (objects: KubeObject[]): string[] =>
      objects
        .filter(({ kind }) => kind !== 'Role' && kind !== 'RoleBinding' && kind !== 'Namespace')
        .map(({ kind, metadata }) => `${kind!} ${metadata.name!}`)
        .sort();
    expect(names(chart)).toEqual(names(config));
  });
});

test('people get the same rights by both ways', async () => {
  const [chart, config] = [await render('x'), kustomize('rbac/aggregated')];
  for (const role of config) {
    const rendered = find(chart, 'ClusterRole', role.metadata.name);
    expect(essence(rendered)).toEqual(essence(role));
    expect(rendered.metadata.labels).toMatchObject(aggregation(role));
  }
  expect(config).toHaveLength(2);
});

function aggregation({ metadata }: KubeObject): object {
  return Object.fromEntries(Object.entries(metadata.labels!).filter(([label]) => label.includes('/aggregate-to-')));
}

test('the options are those of config/components', async () => {
  const secret = 'metrics.secure.secretName=csi-port-operator-metrics';
  const user = 'podSecurityContext.runAsUser=null';
  const chart = await render('csi-port-operator-system', '--set', `controlPlaneNodes.enabled=true,${secret},${user}`);
  const folder = await mkdtemp(join(tmpdir(), 'overlay-'));
  const path = relative(folder, 'config');
  const components = readdirSync('config/components').map((name) => `${path}/components/${name}`);
  const kustomization = { resources: [`${path}/default`], components };
  await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
  const config = kustomize(relative('config', folder));
  expect(podSpec(config).securityContext).not.toHaveProperty('runAsUser');
  expect(essence(find(chart, 'Deployment'))).toEqual(essence(find(config, 'Deployment')));
  const account = { namespace: 'csi-port-operator-system', name: 'csi-port-operator' };
  const rights = rightsOfAccount(chart, account);
  expect(rights).toEqual(rightsOfAccount(config, account));
  expect(rights).toContain('*: create authentication.k8s.io/tokenreviews (any)');
  const reader = 'csi-port-operator-metrics-reader';
  expect(essence(find(chart, 'ClusterRole', reader))).toEqual(essence(find(config, 'ClusterRole', reader)));
});

test('the network policy is that of config/network-policy', async () => {
  const chart = await render('csi-port-operator-system', '--set', 'networkPolicy.enabled=true');
  expect(essence(find(chart, 'NetworkPolicy'))).toEqual(essence(find(kustomize('network-policy'), 'NetworkPolicy')));
});

test('what Prometheus is told is what config/prometheus tells it', async () => {
  const enabled = 'metrics.podMonitor.enabled=true,metrics.prometheusRule.enabled=true';
  const chart = await render('csi-port-operator-system', '--set', enabled);
  const config = kustomize('prometheus');
  for (const kind of ['PodMonitor', 'PrometheusRule']) {
    expect(essence(find(chart, kind)), kind).toEqual(essence(find(config, kind)));
  }
});

test.each([
  ['csiportassignments.yaml', 'crds'],
  ['podmonitor.yaml', 'config/prometheus'],
  ['prometheusrule.yaml', 'config/prometheus'],
])('%s in the chart is a copy of the one in %s: make chart-files', (name, folder) => {
  expect(readFileSync(`${CHART}/files/${name}`, 'utf8')).toBe(readFileSync(`${folder}/${name}`, 'utf8'));
});

test.each(['', ...VALUES_FILES])('helm lint finds nothing with %s', async (file) => {
  const output = await helm.run('lint', '--strict', CHART, ...(file === '' ? [] : ['--values', file]));
  expect(output).toContain('1 chart(s) linted, 0 chart(s) failed');
  expect(output).not.toMatch(/WARNING|ERROR/);
});
