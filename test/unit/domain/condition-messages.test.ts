import { describe, expect, it } from 'vitest';
import type { Condition, ConditionType } from '../../../src/domain/rules/api.js';
import { conditions } from '../../../src/domain/report/conditions.js';
import { rawWorkload } from './raw-workload.js';
import {
  AFTER_PATCH,
  CONFLICTING,
  DRIFTED,
  SETTLED,
  pinned,
  reconcile,
  rookConfig,
  workloads,
  type ReconcileOptions,
  type World,
} from './worlds.js';

const REJECTED = { rejections: { rbdNodePlugin: 'denied by policy' } };

function conditionIn(type: ConditionType, world: World, options: ReconcileOptions = {}): Condition {
  return conditions(reconcile(world, options)).find((condition) => condition.type === type)!;
}

describe('the message of', () => {
  const rows: [string, ConditionType, World, ReconcileOptions, string][] = [
    [
      'PortsAssigned',
      'Ready',
      SETTLED,
      {},
      'every csi-addons sidecar has its own host port: csi-rbdplugin-provisioner on 9070, csi-cephfsplugin-provisioner on 9071, csi-rbdplugin on 9072',
    ],
    [
      'PortsAssigned, of those in play',
      'Ready',
      { ...SETTLED, workloads: workloads({ rbdProvisioner: { hostNetwork: false } }) },
      {},
      'every csi-addons sidecar has its own host port: csi-cephfsplugin-provisioner on 9071, csi-rbdplugin on 9072',
    ],
    [
      'NothingToAssign',
      'Ready',
      { workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', { sidecar: 'none' }) } },
      {},
      "no csi-addons sidecar of Rook's competes for a host port: csi-rbdplugin-provisioner Absent, csi-cephfsplugin-provisioner Absent, csi-rbdplugin NoSidecar",
    ],
    [
      'PortsDiffer',
      'Ready',
      CONFLICTING,
      {},
      'still to move: Deployment csi-cephfsplugin-provisioner from 9070 to 9071, DaemonSet csi-rbdplugin from 9070 to 9072',
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
      { ...DRIFTED, spec: { mode: 'Paused' } },
      {},
      'not moved: DaemonSet csi-rbdplugin from 9500 to 9072; to go on set spec.mode: Enforce',
    ],
    [
      'DryRun',
      'Ready',
      { ...DRIFTED, spec: { mode: 'DryRun' } },
      {},
      'would move DaemonSet csi-rbdplugin from 9500 to 9072; the API server accepts it; to do it set spec.mode: Enforce',
    ],
    [
      'DryRun, with a pin',
      'Ready',
      { ...DRIFTED, config: pinned(9070, 9300, 9300), spec: { mode: 'DryRun' } },
      {},
      'would move DaemonSet csi-rbdplugin from 9500 to 9072; would set CSIADDONS_CEPHFS_PROVISIONER_PORT=9071, CSIADDONS_PORT=9072 in rook-ceph-operator-config; the API server accepts it; to do it set spec.mode: Enforce',
    ],
    [
      'WaitingForRook',
      'Ready',
      DRIFTED,
      { outcome: { waitingForRook: 'Pin' } },
      'the ports are in rook-ceph-operator-config now, and Rook is given time to render them; what it leaves is then moved: DaemonSet csi-rbdplugin from 9500 to 9072',
    ],
    [
      'WaitingForRook after a change by others, which need not hold the ports',
      'Ready',
      { ...DRIFTED, spec: { rookConfig: 'Leave' } },
      { outcome: { waitingForRook: 'ForeignChange' } },
      'rook-ceph-operator-config was changed, and Rook is given time to write its workloads anew; what it leaves is then moved: DaemonSet csi-rbdplugin from 9500 to 9072',
    ],
    [
      'RollingOut',
      'Ready',
      AFTER_PATCH,
      {},
      'Deployment csi-cephfsplugin-provisioner: its pods are being replaced: kubectl -n rook-ceph rollout status deployment/csi-cephfsplugin-provisioner; DaemonSet csi-rbdplugin: its pods are being replaced: kubectl -n rook-ceph rollout status daemonset/csi-rbdplugin',
    ],
    [
      'RollingOut, Progressing',
      'Progressing',
      AFTER_PATCH,
      {},
      'Deployment csi-cephfsplugin-provisioner: its pods are being replaced: kubectl -n rook-ceph rollout status deployment/csi-cephfsplugin-provisioner; DaemonSet csi-rbdplugin: its pods are being replaced: kubectl -n rook-ceph rollout status daemonset/csi-rbdplugin',
    ],
    ['PatchRejected', 'Ready', DRIFTED, { outcome: REJECTED }, 'DaemonSet csi-rbdplugin: denied by policy'],
    [
      'PatchRejected, twice',
      'Degraded',
      DRIFTED,
      { outcome: { rejections: { rbdNodePlugin: 'b', rbdProvisioner: 'a' } } },
      'Deployment csi-rbdplugin-provisioner: a; DaemonSet csi-rbdplugin: b',
    ],
    ['Retrying', 'Progressing', DRIFTED, { outcome: { failure: 'the API server is busy' } }, 'the API server is busy'],
    [
      'PortConflict',
      'Degraded',
      { ...CONFLICTING, workloads: workloads({ rbdNodePlugin: { port: 9070 } }) },
      {},
      'host port 9070 is shared by Deployment csi-rbdplugin-provisioner, DaemonSet csi-rbdplugin',
    ],
    [
      'PortConflict, coming to its end',
      'Degraded',
      CONFLICTING,
      { after: AFTER_PATCH },
      'sidecars shared a host port; their ports are distinct now and the pods are being replaced',
    ],
    ['PinRejected', 'Degraded', SETTLED, { outcome: { pinRejection: 'denied' } }, 'rook-ceph-operator-config: denied'],
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
      'CSIADDONS_PORT in rook-ceph-operator-config set aside, as they clash with each other or with spec.ports; give each a port of its own',
    ],
    [
      'InvalidRookConfig',
      'Degraded',
      { ...SETTLED, config: rookConfig({ CSIADDONS_PORT: 'abc' }) },
      {},
      'CSIADDONS_PORT: "abc" in rook-ceph-operator-config is not valid: Rook cannot parse it and stops managing all CSI workloads; set it to a port from 1024 to 65535 other than 9080 and 9081 (deleting it does not help Rook 1.16.5 and later)',
    ],
  ];
  it.each(rows)('%s', (...[, type, world, options, message]) => {
    expect(conditionIn(type, world, options).message).toBe(message);
  });

  it('InvalidRookConfig quotes no more than 40 characters of a value', () => {
    const world = { ...SETTLED, config: rookConfig({ CSIADDONS_PORT: 'x'.repeat(5000) }) };
    expect(conditionIn('Degraded', world).message).toContain(`"${'x'.repeat(40)}"`);
    expect(conditionIn('Degraded', world).message.length).toBeLessThan(300);
  });

  it('DryRun does not claim an answer that the API server never gave', () => {
    const world: World = { ...DRIFTED, spec: { mode: 'DryRun' } };
    const { message } = conditionIn('Ready', world, { outcome: { failure: 'the API server is away' } });
    expect(message).not.toContain('the API server accepts it');
  });

  it('Degraded names everything found, under the reason of the gravest', () => {
    const config = rookConfig({
      CSIADDONS_PORT: 'abc',
      CSIADDONS_RBD_PROVISIONER_PORT: '9100',
      CSIADDONS_CEPHFS_PROVISIONER_PORT: '9100',
    });
    const world: World = { ...CONFLICTING, config };
    const { reason, message } = conditionIn('Degraded', world, { outcome: { ...REJECTED, pinRejection: 'denied' } });
    expect(reason).toBe('PortConflict');
    const parts = [
      'host port 9070 is shared',
      'denied by policy',
      'rook-ceph-operator-config: denied',
      '"abc"',
      'set aside',
    ];
    const places = parts.map((part) => message.indexOf(part));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBe(0);
    expect(places).not.toContain(-1);
  });
});
