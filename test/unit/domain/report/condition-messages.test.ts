import { describe, expect, it } from 'vitest';
import type { Condition, ConditionType } from '../../../../src/domain/rules/api.js';
import type { PodTrouble } from '../../../../src/domain/rules/host-network-pods.js';
import { conditions } from '../../../../src/domain/report/conditions.js';
import { SLOT_SPECS } from '../../../../src/domain/rules/slots.js';
import { driver } from '../drivers.js';
import { podOn } from '../pods.js';
import { rawWorkload } from '../raw-workload.js';
import {
  AFTER_PATCH,
  CONFLICTING,
  DRIFTED,
  EARLIER,
  SETTLED,
  pinned,
  reportOf,
  rookConfig,
  workloads,
  type Changes,
  type World,
} from '../worlds.js';

import {
  ELSEWHERE,
  EXHAUSTED,
  HELD,
  NODE_PLUGIN_LEFT,
  PAUSED_ROLLOUT,
  REFUSED_ROLLOUT,
  UNKNOWN_PODS,
  reportOfRollouts,
} from './report-worlds.js';

const MOVED = SLOT_SPECS.filter(({ defaultPort }) => defaultPort !== 9070);

const REJECTED: Changes = { rbdNodePlugin: { outcome: 'Rejected', cause: 'denied by policy' } };
const ACCEPTED: Changes = { rbdNodePlugin: { outcome: 'Accepted', isSent: true } };

function conditionIn(type: ConditionType, world: World, results: Changes = {}): Condition {
  return conditions(reportOf(world, { results })).find((condition) => condition.type === type)!;
}

const READY = SLOT_SPECS.map(({ workload, defaultPort }) => `${workload} on ${defaultPort}`);
const MOVE = 'DaemonSet csi-rbdplugin from 9500 to 9072';
const ROLLOUTS = SLOT_SPECS.filter(({ defaultPort }) => defaultPort !== 9070)
  .map(({ kind, workload: name }) => {
    const command = `kubectl -n rook-ceph rollout status ${kind.toLowerCase()}/${name}`;
    return `${kind} ${name}: its pods are being replaced: ${command}`;
  })
  .join('; ');

const PODS_UNKNOWN =
  '; pods on the host network cannot be listed, so the ports that others hold are not known; if the right to list them is missing, apply config/rbac/host-network-pods (Helm: hostNetworkPods.enabled)';

type Row = [string, ConditionType, World, Changes, string];

describe('the message of', () => {
  const rows: Row[] = [
    ['PortsAssigned', 'Ready', SETTLED, {}, `every csi-addons sidecar has its own host port: ${READY.join(', ')}`],
    [
      'PortsAssigned, of those that compete',
      'Ready',
      { ...SETTLED, workloads: workloads({ rbdProvisioner: { hostNetwork: false } }) },
      {},
      `every csi-addons sidecar has its own host port: ${READY.slice(1).join(', ')}`,
    ],
    [
      'NothingToAssign',
      'Ready',
      { workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', { sidecar: 'none' }) } },
      {},
      `no csi-addons sidecar of Rook's competes for a host port: ${SLOT_SPECS.map(({ slot, workload }) => `${workload} ${slot === 'rbdNodePlugin' ? 'NoSidecar' : 'Absent'}`).join(', ')}`,
    ],
    [
      "NothingToAssign, with ceph-csi-operator's Drivers",
      'Ready',
      { drivers: [driver('rbd')] },
      {},
      `no csi-addons sidecar of Rook's competes for a host port: ${SLOT_SPECS.map(({ workload }) => `${workload} Absent`).join(', ')}; ceph-csi-operator renders the CSI workloads here`,
    ],
    [
      'NoRook',
      'Ready',
      {},
      {},
      "Rook's operator and its CSI workloads are not in this namespace, and were seen in no other; make the CSIPortAssignment in the namespace of Rook's operator",
    ],
    [
      'NoRook, while Rook is elsewhere',
      'Ready',
      ELSEWHERE,
      {},
      "Rook's operator and its CSI workloads are not in this namespace, but were seen in rook-ceph, rook-two; make the CSIPortAssignment there, where the operator needs config/rbac/rook-namespace (Helm: rookNamespaces), and delete this one: kubectl -n default delete csiports default",
    ],
    ...(['Ready', 'Degraded'] as const).map((type): Row => [
      'PortInUse',
      type,
      HELD,
      {},
      `host port 9171 of spec.ports.cephfsProvisioner is held by DaemonSet default/node-agent (agent) on node-1, so Deployment csi-cephfsplugin-provisioner stays on 9071, and moves when the port is free; to take free ports instead: kubectl -n rook-ceph patch csiports default --type=merge -p '{"spec":{"ports":{"cephfsProvisioner":9071}}}'`,
    ]),
    [
      'PortInUse, without a free port',
      'Ready',
      EXHAUSTED,
      {},
      `${SLOT_SPECS.map(({ kind, workload }) => `no port from 9070 to 9099 is free, so ${kind} ${workload} stays on 9070`).join('; ')}; set spec.ports to ports that are free`,
    ],
    [
      'AwaitingPods',
      'Ready',
      CONFLICTING,
      { rbdNodePlugin: { outcome: 'AwaitingPods' } },
      'DaemonSet csi-rbdplugin is moved to 9072 when the new pods of Deployment csi-cephfsplugin-provisioner exist',
    ],
    [
      'AsExpected, without the right to list pods',
      'Degraded',
      UNKNOWN_PODS,
      {},
      `nothing needs attention${PODS_UNKNOWN}`,
    ],
    [
      'PinRejected, without the right to list pods',
      'Degraded',
      UNKNOWN_PODS,
      { rookConfig: { outcome: 'Rejected', cause: 'denied' } },
      `rook-ceph-operator-config: denied${PODS_UNKNOWN}`,
    ],
    [
      'PortsDiffer',
      'Ready',
      CONFLICTING,
      {},
      `still to move: ${MOVED.map(({ kind, workload, defaultPort }) => `${kind} ${workload} from 9070 to ${defaultPort}`).join(', ')}`,
    ],
    [
      'PortsDiffer, from nowhere',
      'Ready',
      { ...SETTLED, workloads: workloads({ rbdNodePlugin: { sidecar: {} } }) },
      {},
      'still to move: DaemonSet csi-rbdplugin from no port to 9072',
    ],
    [
      'Paused',
      'Ready',
      { ...DRIFTED, spec: { ...DRIFTED.spec, mode: 'Paused' } },
      {},
      `not moved: ${MOVE}; to go on set spec.mode: Enforce`,
    ],
    [
      'DryRun',
      'Ready',
      { ...DRIFTED, spec: { ...DRIFTED.spec, mode: 'DryRun' } },
      ACCEPTED,
      `would move ${MOVE}; the API server accepts it; to do it set spec.mode: Enforce`,
    ],
    [
      'DryRun, with a pin',
      'Ready',
      {
        ...DRIFTED,
        config: pinned({ cephfsProvisioner: 9300, rbdNodePlugin: 9301 }),
        spec: { ...DRIFTED.spec, mode: 'DryRun' },
      },
      { ...ACCEPTED, rookConfig: { outcome: 'Accepted' } },
      `would move ${MOVE}; would set CSIADDONS_CEPHFS_PROVISIONER_PORT=9071, CSIADDONS_PORT=9072 in rook-ceph-operator-config; the API server accepts it; to do it set spec.mode: Enforce`,
    ],
    [
      'PortsAssigned in DryRun, with a pin',
      'Ready',
      { ...SETTLED, config: pinned({ rbdNodePlugin: 9301 }), spec: { mode: 'DryRun' } },
      {},
      `every csi-addons sidecar has its own host port: ${READY.join(', ')}; would set CSIADDONS_PORT=9072 in rook-ceph-operator-config`,
    ],
    [
      'WaitingForRook',
      'Ready',
      DRIFTED,
      { rbdNodePlugin: { outcome: 'WaitingForRook' } },
      `rook-ceph-operator-config was changed, and Rook is given 3 s to write its workloads anew; what it leaves is then moved: ${MOVE}`,
    ],
    ['RollingOut', 'Ready', AFTER_PATCH, {}, ROLLOUTS],
    ['RollingOut', 'Progressing', AFTER_PATCH, {}, ROLLOUTS],
    ['PatchRejected', 'Ready', DRIFTED, REJECTED, 'DaemonSet csi-rbdplugin: denied by policy'],
    [
      'PatchRejected, twice',
      'Degraded',
      DRIFTED,
      {
        rbdNodePlugin: { outcome: 'Rejected', cause: 'b' },
        rbdProvisioner: { outcome: 'Rejected', cause: 'a' },
      },
      'Deployment csi-rbdplugin-provisioner: a; DaemonSet csi-rbdplugin: b',
    ],
    [
      'Retrying after a passing fault',
      'Progressing',
      DRIFTED,
      { rbdNodePlugin: { outcome: 'Failed', cause: 'the API server is busy' } },
      'the API server is busy',
    ],
    [
      'Retrying after a change of others',
      'Progressing',
      DRIFTED,
      { rbdNodePlugin: { outcome: 'Outdated' } },
      'an object changed while it was being written; it is read again',
    ],
    [
      'BackingOff',
      'Progressing',
      DRIFTED,
      { rbdNodePlugin: { outcome: 'BackingOff', contest: { lastWriteTime: EARLIER, backoffSeconds: 90 } } },
      'DaemonSet csi-rbdplugin is written again at 2026-11-22T09:01:30Z',
    ],
    [
      'PortConflict',
      'Degraded',
      { ...CONFLICTING, workloads: workloads({ rbdNodePlugin: { port: 9070 } }) },
      {},
      'host port 9070 is shared by Deployment csi-rbdplugin-provisioner, DaemonSet csi-rbdplugin',
    ],
    [
      'PinRejected',
      'Degraded',
      SETTLED,
      { rookConfig: { outcome: 'Rejected', cause: 'denied' } },
      'rook-ceph-operator-config: denied',
    ],
    [
      'RookConfigAbsent',
      'Degraded',
      { workloads: workloads() },
      {},
      'ConfigMap rook-ceph-operator-config is absent, so Rook cannot be told the ports and reverts them when it restarts; create it, or set spec.rookConfig: Leave',
    ],
    [
      'ClashingRookConfig',
      'Degraded',
      {
        ...SETTLED,
        config: rookConfig({ CSIADDONS_PORT: '9300' }),
        spec: { ports: { rbdProvisioner: 9070, cephfsProvisioner: 9300 }, rookConfig: 'Leave' },
      },
      {},
      'CSIADDONS_PORT in rook-ceph-operator-config: set aside, as spec.ports, another key or another holder has the same port; give each a port of its own',
    ],
    [
      'InvalidRookConfig',
      'Degraded',
      { ...SETTLED, config: rookConfig({ CSIADDONS_PORT: 'abc' }) },
      {},
      'CSIADDONS_PORT: "abc" in rook-ceph-operator-config is not valid: Rook cannot parse it and stops managing all CSI workloads; set it to a port from 1024 to 65535 other than 9080 and 9081 (deleting it does not help Rook 1.16.5 and later)',
    ],
  ];
  it.each(rows)('%s, %s', (...[, type, world, results, message]) => {
    expect(conditionIn(type, world, results).message).toBe(message);
  });

  it('RolloutStuck says what is wrong, on what, and what to do, in Ready and in Degraded', () => {
    const found = conditions(reportOfRollouts(SETTLED, PAUSED_ROLLOUT));
    const resume = 'kubectl -n rook-ceph rollout resume deployment/csi-cephfsplugin-provisioner';
    const message = `Deployment csi-cephfsplugin-provisioner: its rollout is paused, so its pods keep their old port: ${resume}`;
    expect(found.map((condition) => condition.message)).toEqual([message, 'nothing is being changed', message]);
  });

  describe('in a conflict that DryRun leaves', () => {
    const found = (trouble: PodTrouble): Condition[] => {
      const workload = {
        namespace: 'rook-ceph',
        kind: 'Deployment',
        name: 'csi-rbdplugin-provisioner',
        node: undefined,
      };
      const waiting = podOn([9070], { ...workload, container: 'csi-addons', progress: { changedAt: 0, trouble } });
      const world: World = { ...NODE_PLUGIN_LEFT, spec: { mode: 'DryRun' }, pods: [waiting] };
      return conditions(reportOfRollouts(world, { rbdProvisioner: { available: 0 } }));
    };
    const conflict = 'host port 9070 is shared by Deployment csi-rbdplugin-provisioner, DaemonSet csi-rbdplugin';

    it('pods that wait for the port are no finding of their own, and nothing progresses', () => {
      const withoutPort: PodTrouble = { reason: 'Unschedulable', message: '3 without free ports', lacksPort: true };
      expect(found(withoutPort).map(({ reason, message }) => [reason, message])).toEqual([
        ['DryRun', 'would move DaemonSet csi-rbdplugin from 9070 to 9072; to do it set spec.mode: Enforce'],
        ['Settled', 'nothing is being changed'],
        ['PortConflict', conflict],
      ]);
    });

    it('pods that wait for something else are', () => {
      const [ready, , degraded] = found({ reason: 'Unschedulable', message: '3 Insufficient cpu' });
      expect(ready?.reason).toBe('DryRun');
      expect(degraded?.message).toBe(
        `${conflict}; Deployment csi-rbdplugin-provisioner: 1 of its pods cannot be scheduled: 3 Insufficient cpu. Run: kubectl -n rook-ceph describe pod csi-rbdplugin-provisioner-pending`,
      );
    });
  });

  it('PortInUse in DryRun also says what would be moved', () => {
    const world: World = { ...HELD, ...NODE_PLUGIN_LEFT, spec: { ...HELD.spec, mode: 'DryRun' } };
    const { reason, message } = conditionIn('Ready', world);
    expect(reason).toBe('PortInUse');
    expect(message).toMatch(
      /-p '\{.*\}'; would move DaemonSet csi-rbdplugin from 9070 to 9072; to do it set spec.mode: Enforce$/,
    );
  });

  it('AwaitingPods names the pods that are rejected', () => {
    const results: Changes = { rbdNodePlugin: { outcome: 'AwaitingPods' } };
    const found = conditions(reportOfRollouts(NODE_PLUGIN_LEFT, REFUSED_ROLLOUT, { results }));
    expect(found.find(({ type }) => type === 'Progressing')?.message).toBe(
      'DaemonSet csi-rbdplugin is moved to 9072 when the new pods of Deployment csi-cephfsplugin-provisioner are admitted, which are rejected now',
    );
  });

  it('NoRook names no more namespaces than fit', () => {
    const rooksElsewhere = Array.from({ length: 40 }, (_, index) => `rook-${String(index).padStart(2, '0')}`);
    const { message } = conditionIn('Ready', { ...ELSEWHERE, rooksElsewhere });
    expect(message).toContain('rook-06, rook-07 and 32 more; make');
  });

  it('PortInUse ends with the command, however many and long the holders are', () => {
    const pods = Array.from({ length: 500 }, (_, index) => {
      return podOn([9171], { name: `${index}${'x'.repeat(5_000)}`, kind: 'Job', node: `node-${index}` });
    });
    const { message } = conditionIn('Ready', { ...HELD, pods });
    expect(message).toContain(' and 497 more, so Deployment csi-cephfsplugin-provisioner stays on 9071');
    expect(message).toMatch(/patch csiports default --type=merge -p '\{.*\}'$/);
  });

  it('RollingOut stays the same while the pods are replaced', () => {
    const messages = Array.from({ length: 3 }, (_, updated) => {
      const rollouts = { rbdNodePlugin: { desired: 3, updated, total: 3, available: 2 } };
      return conditions(reportOfRollouts(SETTLED, rollouts)).map(({ message }) => message);
    });
    expect(new Set(messages.map((found) => JSON.stringify(found))).size).toBe(1);
  });

  it('LivenessConflict names the containers and the setting that ends it', () => {
    const liveness = { liveness: 9080 };
    const world: World = { ...SETTLED, workloads: workloads({ rbdProvisioner: liveness, rbdNodePlugin: liveness }) };
    const { message } = conditionIn('Degraded', world);
    expect(message).toContain(
      'host port 9080 is shared by Deployment csi-rbdplugin-provisioner (liveness-prometheus), DaemonSet csi-rbdplugin (liveness-prometheus); set CSI_ENABLE_LIVENESS to "false"',
    );
  });

  it('InvalidRookConfig quotes no more than 40 characters of a value', () => {
    const world = { ...SETTLED, config: rookConfig({ CSIADDONS_PORT: 'x'.repeat(5000) }) };
    expect(conditionIn('Degraded', world).message).toContain(`"${'x'.repeat(40)}"`);
    expect(conditionIn('Degraded', world).message.length).toBeLessThan(300);
  });

  it.each<[string, Changes]>([
    ['was away', { rbdNodePlugin: { outcome: 'Failed', cause: 'the API server is away' } }],
    ['rejected the pin', { ...ACCEPTED, rookConfig: { outcome: 'Rejected', cause: 'denied' } }],
    ['was not asked, as with a workload that is being deleted', {}],
  ])('DryRun claims no acceptance where the API server %s', (_, results) => {
    const { reason, message } = conditionIn(
      'Ready',
      { ...DRIFTED, spec: { ...DRIFTED.spec, mode: 'DryRun' } },
      results,
    );
    expect(reason).toBe('DryRun');
    expect(message).not.toContain('accepts');
  });

  it('Degraded names everything found, under the reason of the gravest', () => {
    const config = rookConfig({
      CSIADDONS_PORT: 'abc',
      CSIADDONS_RBD_PROVISIONER_PORT: '9100',
      CSIADDONS_CEPHFS_PROVISIONER_PORT: '9100',
    });
    const contest = { lastWriteTime: EARLIER, backoffSeconds: 30 };
    const { reason, message } = conditionIn(
      'Degraded',
      { ...CONFLICTING, config },
      { ...REJECTED, rbdProvisioner: { contest }, rookConfig: { outcome: 'Rejected', cause: 'denied' } },
    );
    expect(reason).toBe('Contested');
    const parts = [
      'Deployment csi-rbdplugin-provisioner is changed back',
      'host port 9070 is shared',
      'denied by policy',
      'rook-ceph-operator-config: denied',
      '"abc"',
      'set aside',
    ];
    const places = parts.map((part) => message.indexOf(part));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places[0]).toBe(0);
  });

  it('any condition has one line, however long and strange the cause is', () => {
    const cause = `webhook\n\u001b[31m${'x'.repeat(100_000)}`;
    const { message } = conditionIn('Degraded', DRIFTED, { rbdNodePlugin: { outcome: 'Rejected', cause } });
    expect(message).toMatch(/^DaemonSet csi-rbdplugin: webhook {2}\[31mx+…$/);
    expect(message).toHaveLength(4096);
  });
});
