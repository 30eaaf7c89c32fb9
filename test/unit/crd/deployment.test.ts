import { expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { readManifest, readText } from './manifests.js';

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [
    {
      readonly env: readonly { readonly name: string; readonly value?: string }[];
      readonly resources: { readonly limits: { readonly memory: string } };
    },
  ];
}

interface Deployment {
  readonly spec: {
    readonly replicas: number;
    readonly strategy: { readonly type: string };
    readonly template: { readonly spec: PodSpec };
  };
}

const { spec } = readManifest('config/manager/deployment.yaml') as Deployment;

test('there is one writer at any time', () => {
  expect([spec.replicas, spec.strategy.type]).toEqual([1, 'Recreate']);
});

test('the pod has longer to end than the work in hand takes', () => {
  expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(10);
});

test('the heap and what is beside it fit into the memory limit', () => {
  const [{ env, resources }] = spec.template.spec.containers;
  const options = env.find(({ name }) => name === 'NODE_OPTIONS')?.value;
  const heap = Number(/^--max-old-space-size=(\d+)$/.exec(options ?? '')?.[1]);
  const limit = Number(/^(\d+)Mi$/.exec(resources.limits.memory)?.[1]);
  expect(limit - heap).toBeGreaterThanOrEqual(64);
});

test('the Deployment runs the version of the package', () => {
  expect(readManifest('config/manager/kustomization.yaml')).toMatchObject({
    images: [{ name: 'csi-port-operator', newTag: packageJson.version }],
  });
});

test('the image is built with the Node.js that the tests run on', () => {
  expect(readText('Dockerfile')).toContain(`node:${packageJson.devDependencies.node}-`);
});
