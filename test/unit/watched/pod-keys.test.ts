import { expect, test } from 'vitest';
import { keysOfPods, type Known } from '../../../src/watched/pod-keys.js';
import { HostNetworkPods, type HostNetworkPod } from '../../../src/domain/rules/host-network-pods.js';
import type { RookWorld } from '../../../src/domain/rules/rook-world.js';
import { projectRookConfig } from '../../../src/kube/projections.js';
import { projectDaemonSet } from '../../../src/kube/workload-projection.js';

const meta = (namespace: string, name: string): object => ({
  namespace,
  name,
  uid: `uid-${name}`,
  resourceVersion: '1',
});

function world(namespace: string, more: Partial<RookWorld> = {}, ports: object = {}): RookWorld {
  const assignment = { ...meta(namespace, 'default'), generation: 1, deleting: false, spec: { ports } };
  return {
    namespace,
    assignment: assignment as unknown as NonNullable<RookWorld['assignment']>,
    workloads: {},
    ...more,
  };
}

const daemonSet = (namespace: string, containers: object[]): RookWorld['workloads'] => ({
  rbdNodePlugin: projectDaemonSet({
    metadata: meta(namespace, 'csi-rbdplugin'),
    spec: { template: { spec: { hostNetwork: true, containers } } },
  }),
});

const WORLDS = [
  world('plain'),
  world('asks', {}, { rbdNodePlugin: 9200 }),
  world('holds', { workloads: daemonSet('holds', [{ name: 'csi-addons', args: ['--controller-port=9201'] }]) }),
  world('beside', { workloads: daemonSet('beside', [{ name: 'other', ports: [{ containerPort: 9202 }] }]) }),
  world('keys', {
    rookConfig: projectRookConfig({
      metadata: meta('keys', 'rook-ceph-operator-config'),
      data: { CSIADDONS_PORT: '9203' },
    }),
  }),
];
const ALL = WORLDS.map(({ namespace }) => namespace);

const pod = (port: number, more: Partial<HostNetworkPod> = {}): HostNetworkPod => ({
  namespace: 'stranger',
  name: 'p',
  uid: 'u',
  resourceVersion: '1',
  workload: { namespace: 'stranger', kind: 'DaemonSet', name: 'agent' },
  node: 'n1',
  isScheduled: true,
  ports: [{ container: 'x', port }],
  ...more,
});

const known = (
  near: Readonly<Record<string, readonly string[]>> = {},
  pods: readonly HostNetworkPod[] = [],
): Known => ({
  pods: HostNetworkPods.of(pods),
  assigned: () => WORLDS,
  isAssigned: (namespace) => ALL.includes(namespace),
  near: (namespace) => near[namespace] ?? [],
});
const keys = (...pods: HostNetworkPod[]): string[] => keysOfPods(pods[0]!.namespace, pods, known());

test.each([
  [9070, ALL],
  [9099, ALL],
  [9100, []],
  [9200, ['asks']],
  [9201, ['holds']],
  [9202, ['beside']],
  [9203, ['keys']],
])('a pod of a stranger with port %d concerns %j', (port, expected) => {
  expect(keys(pod(port))).toEqual(expected);
  expect(keys(pod(port), pod(9100))).toEqual(expected);
  expect(keys(pod(9100), pod(port))).toEqual(expected);
});

test('it concerns its own namespace, if there is an assignment', () => {
  expect(keys(pod(9100, { namespace: 'plain' }))).toEqual(['plain']);
});

test('a pod of a slot concerns its Rook, the Rooks on its node before and after, and those near them', () => {
  const slotPod = (namespace: string, node: string): HostNetworkPod =>
    pod(9070, { namespace, workload: { namespace, kind: 'DaemonSet', name: 'csi-rbdplugin' }, node });
  const others = [slotPod('asks', 'n1'), slotPod('holds', 'n2'), slotPod('keys', 'n3')];
  const near = known({ asks: ['beside'] }, others);
  const own = slotPod('plain', 'n1');
  expect(keysOfPods('plain', [own], near)).toEqual(['plain', 'asks', 'beside']);
  expect(keysOfPods('plain', [own, { ...own, node: 'n2' }], near)).toEqual(['plain', 'asks', 'holds', 'beside']);
});

test('a pod that takes what it took concerns its own namespace alone', () => {
  const before = pod(9070, { namespace: 'holds', progress: { changedAt: 1 } });
  expect(keys(before, { ...before, progress: { changedAt: 2 } })).toEqual(['holds']);
  expect(keys(before, { ...before, node: 'n2' }).sort()).toEqual([...ALL].sort());
});
