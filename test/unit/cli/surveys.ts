/** Surveys as the tests describe them, made of the worlds that the domain is tested with. */
import type { Gap, RookSurvey, Survey } from '../../../src/cli/survey.js';
import type { HostNetworkPod } from '../../../src/domain/rules/host-network-pods.js';
import type { StoredStatus } from '../../../src/domain/rules/api.js';
import { plan } from '../../../src/domain/rules/plan.js';
import type { RolloutFacts } from '../../../src/domain/rules/rollout.js';
import { CALM_MS } from '../../../src/domain/rules/stuck.js';
import { SLOT_SPECS, type Slot } from '../../../src/domain/rules/slots.js';
import type { Workload } from '../../../src/domain/rules/workload.js';
import { statusOf } from '../../../src/domain/report/status.js';
import { NO_FREE_PORTS, driver, pluginPod } from '../domain/drivers.js';
import { podOn, podsOf } from '../domain/pods.js';
import { HELD, type Rollouts } from '../domain/report/report-worlds.js';
import { rawWorkload } from '../domain/raw-workload.js';
import {
  CONFLICTING,
  NOW,
  SETTLED,
  allWorkloads,
  observe,
  rookConfig,
  rookWorld,
  statusIn,
  workloads,
  type World,
} from '../domain/worlds.js';

export const NOW_MS = Date.parse(NOW);

export interface RookOptions extends World {
  /** True by default. */
  readonly isAssigned?: boolean;
  /** What the workloads' controllers have counted. */
  readonly rollouts?: Rollouts;
}

export function rookSurvey({ isAssigned = true, rollouts = {}, ...world }: RookOptions): RookSurvey {
  const observed = observe(world);
  const found = Object.entries(observed.workloads).map(([slot, workload]): [string, Workload] => {
    return [slot, { ...workload, rollout: { ...workload.rollout, ...rollouts[slot as Slot] } }];
  });
  const rolled = { ...observed, workloads: Object.fromEntries(found) };
  const planned = plan(rolled, isAssigned);
  const { stored } = world;
  const { generation } = observed.assignment;
  const status = statusOf({ plan: planned, results: [], generation, stored, now: NOW });
  const { namespace } = observed;
  return {
    namespace,
    observed: rolled,
    isAssigned,
    plan: planned,
    status,
    ...(stored === undefined ? {} : { stored }),
  };
}

export function survey(rooks: readonly RookOptions[], gaps: readonly Gap[] = []): Survey {
  return { source: 'context demo', rooks: rooks.map(rookSurvey), gaps, now: NOW_MS };
}

export const NODES = ['node-1', 'node-2', 'node-3'] as const;

/** A pod of a provisioner for which the scheduler finds no node. */
export function pending(slot: Slot, number: number, port = 9070, namespace = 'rook-ceph'): HostNetworkPod {
  const { kind, workload: name } = SLOT_SPECS.find((slotSpec) => slotSpec.slot === slot)!;
  const pod = podOn([port], {
    namespace,
    kind,
    name,
    container: 'csi-addons',
    node: undefined,
    progress: NO_FREE_PORTS,
  });
  return { ...pod, name: `${name}-${number}`, uid: `${namespace}-${name}-${number}` };
}

/** Each provisioner wants two pods, of which none can be scheduled. */
export const PENDING: readonly HostNetworkPod[] = [1, 2].flatMap((number) => [
  pending('rbdProvisioner', number),
  pending('cephfsProvisioner', number),
]);

const ROOK = { image: 'rook/ceph:v1.17.9' };

/** The node plugin has 9070 on each node, and the provisioners wait for it. */
export const CLASSIC: RookOptions = {
  ...CONFLICTING,
  rook: ROOK,
  isAssigned: false,
  rollouts: {
    rbdProvisioner: { available: 0 },
    cephfsProvisioner: { available: 0 },
    rbdNodePlugin: { desired: 3, updated: 3, total: 3, available: 3, maxUnavailable: '1' },
  },
  pods: [...podsOf('rbdNodePlugin', NODES, 9070), ...PENDING],
};

const dead: Partial<RolloutFacts> = {
  desired: 3,
  updated: 1,
  total: 3,
  available: 2,
  scheduled: 3,
  unavailable: 1,
  maxUnavailable: '1',
  statusChangedAt: NOW_MS - CALM_MS,
};

/** The node plugin's rollout is held by a node that is down, so the RBD provisioner gets its port nowhere. */
export const DEAD_NODE: RookOptions = {
  ...SETTLED,
  rook: ROOK,
  rollouts: {
    rbdNodePlugin: dead,
    rbdProvisioner: { updated: 2, total: 2, available: 0, statusChangedAt: NOW_MS - CALM_MS },
  },
  pods: [
    podOn([9072], {
      namespace: 'rook-ceph',
      kind: 'DaemonSet',
      name: 'csi-rbdplugin',
      container: 'csi-addons',
      node: 'node-1',
    }),
    podOn([9070], {
      namespace: 'rook-ceph',
      kind: 'DaemonSet',
      name: 'csi-rbdplugin',
      container: 'csi-addons',
      node: 'node-2',
      progress: { changedAt: 0, trouble: { reason: 'NodeNotReady', message: '' } },
    }),
    ...podsOf('rbdNodePlugin', ['node-3'], 9070),
    pending('rbdProvisioner', 1),
    pending('rbdProvisioner', 2),
    ...podsOf('cephfsProvisioner', ['node-1', 'node-3'], 9071),
  ],
};

const REVERTED: RookOptions = {
  ...SETTLED,
  rook: ROOK,
  workloads: workloads({ cephfsProvisioner: { port: 9070 } }),
  pods: [
    ...podsOf('rbdNodePlugin', NODES, 9072),
    ...podsOf('rbdProvisioner', ['node-1', 'node-2'], 9070),
    pending('cephfsProvisioner', 1),
    pending('cephfsProvisioner', 2),
  ],
};

const contest = { manager: 'argocd', lastWriteTime: NOW, backoffSeconds: 60 };

/** The CephFS provisioner is changed back to the port of the RBD provisioner, and is not written for a while. */
export const CONTESTED: RookOptions = {
  ...REVERTED,
  stored: statusIn(REVERTED, { results: { cephfsProvisioner: { outcome: 'BackingOff', contest } } }),
};

/** The ctrlplugins of RBD and of NVMe-oF both want 9070. */
export const UPSTREAM: RookOptions = {
  rook: { image: 'rook/ceph:v1.20.6' },
  config: rookConfig(),
  isAssigned: false,
  drivers: [driver('rbd'), driver('nvmeof')],
  pods: [
    pluginPod({ type: 'rbd', part: 'ctrlplugin', node: 'node-1', csiAddons: 9070 }),
    pluginPod({ type: 'rbd', part: 'ctrlplugin', node: 'node-2', csiAddons: 9070 }),
    pluginPod({ type: 'nvmeof', part: 'ctrlplugin', node: undefined, csiAddons: 9070 }),
    pluginPod({ type: 'rbd', part: 'nodeplugin', node: 'node-1' }),
    pluginPod({ type: 'nvmeof', part: 'nodeplugin', node: 'node-1' }),
  ],
};

export const HEALTHY: RookOptions = {
  ...SETTLED,
  rook: ROOK,
  pods: [
    ...podsOf('rbdNodePlugin', NODES, 9072),
    ...podsOf('rbdProvisioner', ['node-1', 'node-2'], 9070),
    ...podsOf('cephfsProvisioner', ['node-1', 'node-3'], 9071),
  ],
};

/** Two Rooks on the same nodes, of which none is assigned: each node plugin of the second waits for its own node. */
export const TWO_ROOKS: readonly RookOptions[] = ['rook-ceph', 'rook-two'].map((namespace, at, names) => {
  const other = names[1 - at]!;
  const second = podsOf('rbdNodePlugin', NODES, 9070, 'rook-two').map((pod): HostNetworkPod => {
    return { ...pod, isScheduled: false, progress: NO_FREE_PORTS };
  });
  const pods = [...podsOf('rbdNodePlugin', NODES, 9070), ...second];
  const rook = { ...CONFLICTING, workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', { port: 9070 }) } };
  return {
    ...rook,
    namespace,
    rook: ROOK,
    isAssigned: false,
    pods,
    others: [rookWorld({ ...rook, namespace: other })],
  };
});

export const PODS_GAP: Gap = {
  what: 'Pods on the host network',
  reason: 'Forbidden',
  message: 'pods is forbidden: User "dev" cannot list resource "pods" in API group "" at the cluster scope',
  remedy: 'kubectl auth can-i list pods -A',
};

/** The same after the operator has written what it says of it, unless it is said otherwise. */
export function written(rook: RookOptions, changes: StoredStatus = {}): RookOptions {
  return { ...rook, stored: { ...rookSurvey(rook).status, ...changes } };
}

/** What the text of every command is tried with, by the name of its snapshot. */
export const SURVEYS: Readonly<Record<string, Survey>> = {
  'classic conflict': survey([CLASSIC]),
  'conflict without pods': survey([{ ...CONFLICTING, rook: ROOK, isAssigned: false, pods: 'unknown' }], [PODS_GAP]),
  'held port': survey([written({ ...HELD, rook: ROOK })]),
  'two Rooks': survey(TWO_ROOKS),
  'dead node': survey([written(DEAD_NODE)]),
  contested: survey([CONTESTED]),
  'ceph-csi-operator': survey([UPSTREAM]),
  healthy: survey([written(HEALTHY)]),
  'no Rook': survey([]),
  gaps: survey([{ ...HEALTHY, pods: 'unknown' }], [PODS_GAP]),
  'dry run': survey([written({ ...CLASSIC, isAssigned: true, spec: { mode: 'DryRun' } })]),
  'operator behind': survey([written(HEALTHY, { observedGeneration: 2 })]),
  liveness: survey([
    {
      ...HEALTHY,
      workloads: workloads({ rbdProvisioner: { liveness: 9080 }, rbdNodePlugin: { liveness: 9080 } }),
      config: rookConfig({}, { CSI_ENABLE_LIVENESS: 'true' }),
    },
  ]),
  'one key': survey([{ ...CLASSIC, rook: { image: 'rook/ceph:v1.16.4' } }]),
  'pod network': survey([
    { workloads: allWorkloads({ hostNetwork: false }), rook: ROOK, isAssigned: false, config: rookConfig() },
  ]),
  misplaced: survey([{ namespace: 'default', rooksElsewhere: ['rook-ceph'] }]),
};
