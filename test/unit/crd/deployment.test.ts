import { expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { readManifest, readText } from './manifests.js';

interface Manager {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: { readonly limits: { readonly memory: string } };
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly hostNetwork?: boolean;
  readonly containers: readonly [Manager];
}

interface Deployment {
  readonly spec: {
    readonly replicas: number;
    readonly strategy: object;
    readonly selector: object;
    readonly template: { readonly spec: PodSpec };
  };
}

const { spec } = readManifest('config/manager/deployment.yaml') as Deployment;
const [manager] = spec.template.spec.containers;

test('of several replicas one writes, and an old pod goes when a new one is ready', () => {
  expect(spec).toMatchObject({
    replicas: 2,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
  });
  expect(manager.args).toContain('--leader-elect');
  expect(manager.env.map(({ name }) => name)).toContain('POD_NAMESPACE');
});

test('a drain takes one replica at a time', () => {
  expect(readManifest('config/manager/pod_disruption_budget.yaml')).toMatchObject({
    spec: { maxUnavailable: 1, selector: spec.selector },
  });
});

test('the network policy speaks of the pods and of the port of the metrics', () => {
  const { ports } = manager;
  expect(ports).toEqual([
    { name: 'metrics', containerPort: 8080 },
    { name: 'health', containerPort: 8081 },
  ]);
  expect(readManifest('config/network-policy/network_policy.yaml')).toMatchObject({
    spec: {
      podSelector: spec.selector,
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ protocol: 'TCP', port: 'metrics' }] }],
    },
  });
});

test('the ports of the flags are those that the pod declares', () => {
  expect(manager.args).toContain('--metrics-bind-address=:8080');
  expect(manager.args).toContain('--health-probe-bind-address=:8081');
});

test('an operator that mends host ports takes none', () => {
  expect(spec.template.spec.hostNetwork).toBeUndefined();
  expect(JSON.stringify(spec)).not.toContain('hostPort');
});

test('the pod has longer to end than the work in hand, 10 s, and the release of the lease take', () => {
  expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(20);
});

test('the heap and what is beside it fit into the memory limit', () => {
  const { env, resources } = manager;
  const options = env.find(({ name }) => name === 'NODE_OPTIONS')?.value;
  const heap = Number(/^--max-old-space-size=(\d+)$/.exec(options ?? '')?.[1]);
  const limit = Number(/^(\d+)Mi$/.exec(resources.limits.memory)?.[1]);
  expect(limit - heap).toBeGreaterThanOrEqual(64);
});

test('the image is built with the Node.js that the tests run on', () => {
  expect(readText('Dockerfile')).toContain(`node:${packageJson.devDependencies.node}-`);
});

test('what the PodMonitor scrapes is a port of the pods that it selects', () => {
  const podMonitor = readManifest('config/prometheus/podmonitor.yaml') as {
    spec: { selector: object; podMetricsEndpoints: { port: string }[] };
  };
  expect(podMonitor.spec.selector).toEqual(spec.selector);
  const ports = manager.ports.map(({ name }) => name);
  for (const { port } of podMonitor.spec.podMetricsEndpoints) expect(ports).toContain(port);
});
