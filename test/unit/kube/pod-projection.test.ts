import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_READ } from '../../../src/domain/rules/workload.js';
import { isSamePod } from '../../../src/domain/rules/pod-changes.js';
import { projectHostNetworkPod } from '../../../src/kube/pod-projection.js';
import { withOddValue } from '../hostile/arbitraries.js';
import { CREATED, CSI_ADDONS, rawCsiPod, rawPod } from './raw-pods.js';

const at = (time: string): number => Date.parse(time);

test('of a CSI pod what it takes, where, and how it stands is kept', () => {
  expect(projectHostNetworkPod(rawCsiPod())).toEqual({
    namespace: 'rook-ceph',
    name: 'csi-rbdplugin-abcde',
    uid: 'uid-csi-rbdplugin-abcde',
    resourceVersion: '7',
    workload: { namespace: 'rook-ceph', kind: 'DaemonSet', name: 'csi-rbdplugin' },
    node: 'node-1',
    isScheduled: true,
    ports: [{ container: 'csi-addons', port: 9070 }],
    progress: { changedAt: at(CREATED) },
  });
});

test('of all others it is not kept how they stand', () => {
  expect(projectHostNetworkPod(rawPod({ status: { conditions: [null] } }))).not.toHaveProperty('progress');
});

test.each([
  ['has ended well', { status: { phase: 'Succeeded' } }],
  ['has ended badly', { status: { phase: 'Failed' } }],
  ['names no port', { spec: { containers: [{ name: 'a' }] } }],
  ['is not on the host network', { spec: { hostNetwork: false } }],
])('a pod that %s takes nothing', (_, options) => {
  expect(projectHostNetworkPod(rawPod(options))).toBeUndefined();
});

test('a CSI pod that names no port is kept: its rollout is judged by it', () => {
  expect(projectHostNetworkPod(rawCsiPod({ spec: { containers: [{ name: 'a' }] } }))).toMatchObject({ ports: [] });
  expect(projectHostNetworkPod(rawCsiPod({ status: { phase: 'Failed' } }))).toBeUndefined();
});

test.each([
  ['a declared TCP port', { ports: [{ containerPort: 80 }, { containerPort: 81, protocol: 'TCP' }] }, [80, 81]],
  ['no port of another protocol', { ports: [{ containerPort: 80, protocol: 'UDP' }, { containerPort: 81 }] }, [81]],
  ['--metricsport', { args: ['--metricsport=9080'] }, [9080]],
  ['--livenessport', { args: ['-livenessport', '9081'] }, [9081]],
  ['--port', { command: ['/bin/x', '--port=7000'] }, [7000]],
  ['an argument from the environment', { args: ['--port=$(P)'], env: [{ name: 'P', value: '7001' }] }, [7001]],
  ['no argument like one', { args: ['--ports=1', '--port-a=2', 'port=3'], ports: [{ containerPort: 4 }] }, [4]],
  ['one port once', { args: ['--port=80'], ports: [{ containerPort: 80, hostPort: 80 }] }, [80]],
])('a container takes %s', (_, container, ports) => {
  const pod = projectHostNetworkPod(rawPod({ spec: { containers: [{ name: 'c', ...container }] } }));
  expect(pod?.ports).toEqual(ports.map((port) => ({ container: 'c', port })));
});

test('init containers count if they go on beside the others', () => {
  const initContainers = [
    { name: 'first', ports: [{ containerPort: 1 }] },
    { name: 'proxy', restartPolicy: 'Always', ports: [{ containerPort: 2 }], args: ['--port=3'] },
  ];
  const pod = projectHostNetworkPod(rawPod({ spec: { initContainers } }));
  expect(pod?.ports.map(({ container, port }) => `${container} ${port}`)).toEqual([
    'proxy 2',
    'proxy 3',
    'csi-addons 9070',
  ]);
});

test('of very many ports the first are kept', () => {
  const ports = Array.from({ length: 600 }, (_, index) => ({ containerPort: index + 1 }));
  const containers = Array.from({ length: 50 }, (_, index) => ({ name: `c${index}`, ports }));
  expect(projectHostNetworkPod(rawPod({ spec: { containers } }))?.ports).toHaveLength(1200);
  expect(MAX_READ).toBe(1000);
});

describe('the workload of a pod', () => {
  const labels = { 'pod-template-hash': '5d8f' };
  test.each([
    ['of a DaemonSet', { owner: { kind: 'DaemonSet', name: 'node-exporter' } }, 'DaemonSet node-exporter'],
    ['of a StatefulSet', { owner: { kind: 'StatefulSet', name: 'etcd' } }, 'StatefulSet etcd'],
    ['of a Deployment', { owner: { kind: 'ReplicaSet', name: 'api-5d8f' }, metadata: { labels } }, 'Deployment api'],
    ['of a ReplicaSet without the label', { owner: { kind: 'ReplicaSet', name: 'api-5d8f' } }, 'ReplicaSet api-5d8f'],
    [
      'of one with another hash',
      { owner: { kind: 'ReplicaSet', name: 'api' }, metadata: { labels } },
      'ReplicaSet api',
    ],
    ['of a static pod', { owner: { kind: 'Node', name: 'node-1' } }, 'Node node-1'],
    ['without an owner', {}, 'Pod pod-1'],
    ['with an owner that is no controller', { metadata: { ownerReferences: [{ kind: 'X', name: 'x' }] } }, 'Pod pod-1'],
  ])('%s', (_, options, expected) => {
    const { namespace, kind, name } = projectHostNetworkPod(rawPod(options))!.workload;
    expect(`${kind} ${name}`).toBe(expected);
    expect(namespace).toBe('rook-ceph');
  });
});

describe('the node of a pod that is not scheduled', () => {
  const affinity = (nodeSelectorTerms: unknown): object => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  });
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: ['node-7'] }];

  test('is the one that the DaemonSet controller asks for', () => {
    const spec = { nodeName: undefined, ...affinity([{ matchExpressions: [], matchFields }]) };
    expect(projectHostNetworkPod(rawPod({ spec }))).toMatchObject({ node: 'node-7', isScheduled: false });
  });

  test.each([{}, affinity([]), affinity([{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }])])(
    'is not known otherwise',
    (more) => {
      const pod = projectHostNetworkPod(rawPod({ spec: { nodeName: undefined, ...more } }));
      expect(pod).toMatchObject({ isScheduled: false });
      expect(pod).not.toHaveProperty('node');
    },
  );
});

test('a CSI pod changed when it was created, or when a condition did last; it ends when its grace is over', () => {
  const conditions = [
    { type: 'Ready', status: 'True', lastTransitionTime: '2026-11-30T10:01:00Z' },
    { type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-11-30T10:00:30Z' },
    { type: 'X', status: 'True', lastTransitionTime: null },
  ];
  const deletionTimestamp = '2026-11-30T10:05:30Z';
  expect(
    projectHostNetworkPod(rawCsiPod({ metadata: { deletionTimestamp }, status: { conditions } }))!.progress,
  ).toEqual({
    changedAt: at('2026-11-30T10:01:00Z'),
    deletesAt: at(deletionTimestamp),
  });
});

test('what is equal is kept once', () => {
  const [one, other] = ['a', 'b'].map((name) => projectHostNetworkPod(structuredClone(rawCsiPod({ name })))!);
  expect(one!.workload).toBe(other!.workload);
  expect(one!.ports).toBe(other!.ports);
});

describe('two versions of a pod are the same', () => {
  const before = projectHostNetworkPod(rawCsiPod())!;
  const after = (options: Parameters<typeof rawCsiPod>[0]): typeof before => projectHostNetworkPod(rawCsiPod(options))!;

  test('if nothing differs that is kept', () => {
    expect(isSamePod(before, after({ metadata: { resourceVersion: '8', labels: { a: 'b' } } }))).toBe(true);
    const unshared = structuredClone(before);
    expect(isSamePod(before, unshared)).toBe(true);
  });

  test.each([
    { spec: { nodeName: undefined } },
    { spec: { nodeName: 'node-2' } },
    { spec: { containers: [{ ...CSI_ADDONS, args: ['--controller-port=9071'] }] } },
    { spec: { containers: [{ ...CSI_ADDONS, name: 'other' }] } },
    { owner: { kind: 'DaemonSet', name: 'csi-cephfsplugin' } },
    { metadata: { deletionTimestamp: CREATED } },
    { status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-11-30T10:01:00Z' }] } },
    {
      status: { containerStatuses: [{ name: 'a', ready: false, state: { waiting: { reason: 'RunContainerError' } } }] },
    },
  ])('but not with %j', (options) => {
    expect(isSamePod(before, after(options))).toBe(false);
    expect(isSamePod(after(options), before)).toBe(false);
  });
});

test('whatever comes, it is projected or a TypeError', () => {
  const conditions = ['Ready', 'ContainersReady', 'PodScheduled'].map((type) => {
    return { type, status: 'False', reason: 'Unschedulable', message: 'm', lastTransitionTime: CREATED };
  });
  const terminated = { exitCode: 1, reason: 'Error', message: 'bind' };
  const containerStatuses = [
    { name: 'a', image: 'i', ready: false, restartCount: 1, state: { waiting: { reason: 'X', message: 'y' } } },
    { name: 'b', image: 'i', ready: false, restartCount: 1, state: { terminated }, lastState: { terminated } },
  ];
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: ['node-7'] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
  const sound = rawCsiPod({
    owner: { kind: 'ReplicaSet', name: 'csi-rbdplugin-provisioner-ab' },
    metadata: { labels: { 'pod-template-hash': 'ab' }, managedFields: [{}] },
    spec: { affinity, initContainers: [{ ...CSI_ADDONS, restartPolicy: 'Always', env: [{ name: 'A', value: '1' }] }] },
    status: { conditions, containerStatuses, initContainerStatuses: containerStatuses },
  });
  expect(projectHostNetworkPod(sound)?.progress?.trouble).toBeDefined();
  fc.assert(
    fc.property(withOddValue(fc.constant(sound)), (odd) => {
      try {
        expect(projectHostNetworkPod(odd)?.ports.length ?? 0).toBeLessThan(3000);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
      }
    }),
    { numRuns: 2000 },
  );
});
