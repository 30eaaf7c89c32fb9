/** What the chart makes of its values, and which it rejects. */
import { beforeAll, describe, expect, test } from 'vitest';
import { FLAGS, type Flag } from '../../src/flags.js';
import type { KubeObject } from '../support/control-plane/admin-api.js';
import { CHART, Helm } from '../support/helm.js';
import { find, parseObjects, podSpec } from '../support/rendered.js';
import { rightsOfAccount } from '../support/rights.js';

let helm: Helm;

beforeAll(async () => {
  helm = await Helm.provide();
});

async function render(namespace: string, ...args: string[]): Promise<KubeObject[]> {
  return parseObjects(await helm.render(namespace, ...args));
}

describe('rookNamespaces', () => {
  const json = (value: unknown): string[] => ['--set-json', `rookNamespaces=${JSON.stringify(value)}`];
  test('each has its Role and binding', async () => {
    const objects = await render('ops', ...json(['rook-one', { name: 'rook-two' }]));
    const account = { namespace: 'ops', name: 'csi-port-operator' };
    const rights = rightsOfAccount(objects, account);
    for (const name of ['rook-one', 'rook-two']) {
      expect(rights).toContain(`${name}: patch apps/daemonsets csi-rbdplugin`);
    }
    expect(rights.some((right) => right.startsWith('rook-ceph: '))).toBe(false);
  });

  test('a namespace whose name could be a number stays text', async () => {
    const objects = await render('ops', ...json([{ name: '1234', assignment: { create: true } }]));
    const within = objects.filter(({ metadata }) => metadata.namespace === '1234');
    expect(within.map(({ kind }) => kind).sort()).toEqual(['CSIPortAssignment', 'Role', 'RoleBinding']);
  });

  test('an assignment is made where it is asked for, and outlives the release', async () => {
    const spec = { mode: 'DryRun', ports: { rbdNodePlugin: 9070 } };
    const entries = ['rook-one', { name: 'rook-two', assignment: { create: true } }];
    const objects = await render('ops', ...json([...entries, { name: 'rook-3', assignment: { create: true, spec } }]));
    const assignments = objects.filter(({ kind }) => kind === 'CSIPortAssignment');
    expect(assignments.map(({ metadata }) => metadata.namespace)).toEqual(['rook-two', 'rook-3']);
    expect(assignments.map((assignment) => assignment.spec)).toEqual([undefined, spec]);
    for (const { metadata } of assignments) {
      expect(metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    }
  });

  test('without clusterWide they are what is watched', async () => {
    const objects = await render('ops', ...json(['rook-one', 'rook-two']), '--set', 'watch.clusterWide=false');
    const [{ env }] = podSpec(objects).containers;
    expect(env.find(({ name }) => name === 'WATCH_NAMESPACE')?.value).toBe('rook-one,rook-two');
    const reader = objects.filter(
      ({ kind, metadata }) => kind!.startsWith('ClusterRole') && metadata.name!.includes('reader'),
    );
    expect(reader).toEqual([]);
  });
});

test('pods may be listed, unless hostNetworkPods.enabled says no', async () => {
  const account = { namespace: 'ops', name: 'csi-port-operator' };
  const rights = async (...sets: string[]): Promise<string[]> => {
    const objects = await render('ops', ...sets.flatMap((value) => ['--set', value]));
    return rightsOfAccount(objects, account).filter((right) => right.includes('/pods '));
  };
  const off = 'hostNetworkPods.enabled=false';
  const within = 'watch.clusterWide=false';
  expect(await rights()).toEqual(['*: list /pods (any)', '*: watch /pods (any)']);
  expect(await rights(within)).toEqual(['rook-ceph: list /pods (any)', 'rook-ceph: watch /pods (any)']);
  expect([await rights(off), await rights(off, within)]).toEqual([[], []]);
});

test('the CRD is kept, unless crds.keep says no, and left out where crds.install says so', async () => {
  const annotations = async (...args: string[]): Promise<unknown> =>
    (await render('x', ...args)).find(({ kind }) => kind === 'CustomResourceDefinition')?.metadata.annotations;
  expect(await annotations()).toEqual({ 'helm.sh/resource-policy': 'keep' });
  expect(await annotations('--set', 'crds.keep=false')).toBeUndefined();
  const objects = await render('x', '--set', 'crds.install=false');
  expect(objects.map(({ kind }) => kind)).not.toContain('CustomResourceDefinition');
});

test('every value reaches its place', async () => {
  const objects = await render('ops', '--values', `${CHART}/ci/everything-values.yaml`);
  const { spec, metadata } = find(objects, 'Deployment');
  expect(metadata.namespace).toBe('ops');
  expect(spec).toMatchObject({
    replicas: 3,
    template: {
      metadata: {
        annotations: { 'kubectl.kubernetes.io/default-container': 'manager', 'example.com/logs': 'json' },
        labels: { 'app.kubernetes.io/name': 'csi-port-operator', 'example.com/team': 'storage' },
      },
      spec: {
        serviceAccountName: 'csi-ports',
        imagePullSecrets: [{ name: 'registry-credentials' }],
        nodeSelector: {
          'kubernetes.io/os': 'linux',
          'node-role.kubernetes.io/control-plane': '',
          disktype: 'ssd',
        },
        tolerations: [
          { key: 'dedicated', operator: 'Equal', value: 'storage', effect: 'NoSchedule' },
          { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
        ],
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1_000_680_000,
          runAsGroup: 65_532,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        volumes: [{ name: 'metrics-tls', secret: { secretName: 'csi-port-operator-metrics' } }],
      },
    },
  });
  const pod = podSpec(objects);
  expect(Object.keys(pod)).not.toContain('priorityClassName');
  expect(Object.keys(pod.affinity as object)).toEqual(['nodeAffinity']);
  expect(pod.topologySpreadConstraints).toHaveLength(1);
  const [manager] = pod.containers;
  expect(manager).toMatchObject({
    image: expect.stringMatching(/^registry\.example\/csi-port-operator@sha256:[0-9a-f]{64}$/) as string,
    imagePullPolicy: 'Always',
    resources: { requests: { cpu: '20m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    volumeMounts: [{ name: 'metrics-tls', mountPath: '/etc/csi-port-operator/metrics-tls', readOnly: true }],
  });
  expect(manager.args).toEqual([
    '--leader-elect',
    '--metrics-bind-address=:8080',
    '--health-probe-bind-address=:8081',
    '--log-level=debug',
    '--log-format=pretty',
    '--metrics-cert-path=/etc/csi-port-operator/metrics-tls',
    '--max-concurrent-reconciles=8',
  ]);
  expect(manager.env).toContainEqual({ name: 'NODE_OPTIONS', value: '--max-old-space-size=160' });
  const account = { namespace: 'ops', name: 'csi-ports' };
  expect(rightsOfAccount(objects, account)).toContain('*: create authentication.k8s.io/tokenreviews (any)');
});

test('the objects of the Prometheus operator carry the labels that it selects by, and scrape by TLS', async () => {
  const objects = await render('ops', '--values', `${CHART}/ci/monitoring-values.yaml`);
  for (const kind of ['PodMonitor', 'PrometheusRule']) {
    const { metadata } = find(objects, kind);
    expect(metadata.namespace).toBe('ops');
    expect(metadata.labels).toMatchObject({ release: 'kube-prometheus-stack' });
  }
  expect(find(objects, 'PodMonitor').spec).toMatchObject({
    podMetricsEndpoints: [
      {
        port: 'metrics',
        path: '/metrics',
        honorLabels: true,
        interval: '30s',
        scheme: 'https',
        authorization: { credentials: { name: 'prometheus-token', key: 'token' } },
        tlsConfig: { serverName: 'csi-port-operator' },
      },
    ],
  });
  const rules = JSON.stringify(find(objects, 'PrometheusRule').spec);
  expect(rules).toContain('"runbook_url":"https://git.example/csi-port-operator/blob/main/docs/admin/troubleshoot.md#');
  expect(rules).not.toContain('"runbook_url":"docs/');
});

test('one replica without leader election makes room before it starts, and asks for no Lease', async () => {
  const objects = await render('ops', '--values', `${CHART}/ci/one-replica-values.yaml`);
  expect(find(objects, 'Deployment').spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  const [{ args, ports }] = podSpec(objects).containers;
  expect(args).not.toContain('--leader-elect');
  expect(args).toContain('--metrics-bind-address=0');
  expect(ports.map(({ name }) => name)).toEqual(['health']);
  // Nobody at all may connect.
  expect(find(objects, 'NetworkPolicy').spec).not.toHaveProperty('ingress');
  const kinds = objects.map(({ kind }) => kind);
  expect(kinds).not.toContain('PodDisruptionBudget');
  expect(kinds).not.toContain('ServiceAccount');
  expect(JSON.stringify(objects)).not.toContain('"leases"');
});

describe('what cannot be is rejected, with what to do', () => {
  test.each([
    [['replicas=2'], "additional properties 'replicas' not allowed"],
    [['image.tags=a'], "at '/image': additional properties 'tags' not allowed"],
    [['logLevel=verbose'], "at '/logLevel': value must be one of 'debug', 'info', 'warn', 'error'"],
    [['podSecurityContext.runAsUser=0'], "at '/podSecurityContext/runAsUser': minimum: got 0, want 1"],
    [['podSecurityContext.runAsNonRoot=false'], "additional properties 'runAsNonRoot' not allowed"],
    [['image.digest=abc'], "at '/image/digest': 'abc' does not match pattern '^(sha256:[0-9a-f]{64})?$'"],
    [['rookNamespaces={Rook}'], "at '/rookNamespaces/0': 'Rook' does not match pattern"],
    [['rookNamespaces[0].name=a', 'rookNamespaces[0].assignment.create=yes'], 'got string, want boolean'],
    [['rookNamespaces[0].name=a', 'rookNamespaces[0].assignment.spec.mode=Enforce'], "missing property 'create'"],
    [['rookNamespaces={a,a}'], 'rookNamespaces names a namespace twice: leave one of the two entries out'],
    [['leaderElection.enabled=false'], 'replicaCount above 1 needs leaderElection.enabled=true'],
    [['watch.clusterWide=false', 'rookNamespaces=null'], 'watch.clusterWide=false needs a namespace in rookNamespaces'],
    [['serviceAccount.name=default'], 'choose another name, or set serviceAccount.create=false'],
    [['metrics.enabled=false', 'metrics.podMonitor.enabled=true'], 'need metrics.enabled=true'],
    [['metrics.enabled=false', 'metrics.prometheusRule.enabled=true'], 'need metrics.enabled=true'],
    [
      ['metrics.secure.secretName=a', 'metrics.podMonitor.enabled=true'],
      'metrics.podMonitor needs metrics.podMonitor.endpoint.authorization',
    ],
    [['metrics.enabled=false', 'metrics.secure.secretName=a'], 'need metrics.enabled=true'],
  ])('%s', async (values, message) => {
    const sets = values.flatMap((value) => ['--set', value]);
    await expect(helm.render('x', ...sets)).rejects.toThrow(message);
  });

  test.each([
    ['--leader-elect=false', 'leaderElection.enabled decides'],
    ['--leader-elect', 'leaderElection.enabled decides'],
    ['--leader-elect-namespace=a', 'the Lease is in the namespace of the release'],
    ['--watch-namespace=a', 'watch.clusterWide and rookNamespaces decide'],
    ['--metrics-bind-address=:9090', 'metrics.enabled decides, and the port is 8080'],
    ['--metrics-cert-path=/a', 'metrics.secure.secretName decides'],
    ['--health-probe-bind-address=:9091', 'the probes ask port 8081'],
    ['--log-level=debug', 'logLevel decides'],
    ['--log-format=pretty', 'logFormat decides'],
  ])('extraArgs={%s}', async (arg, message) => {
    const flag = arg.split('=')[0]!;
    const rejection = `extraArgs cannot have ${flag}, which the chart sets itself: ${message}`;
    await expect(helm.render('x', '--set', `extraArgs={--contested-after=3,${arg}}`)).rejects.toThrow(rejection);
  });

  test('extraArgs with any flag that the chart sets, by an argument or by the environment', async () => {
    const objects = await render('x', '--values', `${CHART}/ci/everything-values.yaml`, '--set', 'extraArgs=null');
    const [{ args, env }] = podSpec(objects).containers;
    const variables = env.map(({ name }) => name);
    const set = Object.entries(FLAGS).filter(([name, { environment = '' }]: [string, Flag]) => {
      return args.some((arg) => arg.split('=')[0] === `--${name}`) || variables.includes(environment);
    });
    expect(set.length).toBeGreaterThanOrEqual(args.length);
    for (const [name] of set) {
      const rejection = `extraArgs cannot have --${name}, which the chart sets itself`;
      await expect(helm.render('x', '--set', `extraArgs={--${name}=a}`), name).rejects.toThrow(rejection);
    }
  });
});
