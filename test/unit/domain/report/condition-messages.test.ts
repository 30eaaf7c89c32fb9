import { describe, expect, it } from 'vitest';
import type { Condition, ConditionType } from '../../../../src/domain/rules/api.js';
import { conditions } from '../../../../src/domain/report/conditions.js';
import { SLOT_SPECS } from '../../../../src/domain/rules/slots.js';
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

describe('the message of', () => {
  const rows: [string, ConditionType, World, Changes, string][] = [
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
      { hasDrivers: true },
      {},
      `no csi-addons sidecar of Rook's competes for a host port: ${SLOT_SPECS.map(({ workload }) => `${workload} Absent`).join(', ')}; ceph-csi-operator renders the CSI workloads here`,
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
      { ...DRIFTED, spec: { mode: 'Paused' } },
      {},
      `not moved: ${MOVE}; to go on set spec.mode: Enforce`,
    ],
    [
      'DryRun',
      'Ready',
      { ...DRIFTED, spec: { mode: 'DryRun' } },
      ACCEPTED,
      `would move ${MOVE}; the API server accepts it; to do it set spec.mode: Enforce`,
    ],
    [
      'DryRun, with a pin',
      'Ready',
      {
        ...DRIFTED,
        config: pinned({ cephfsProvisioner: 9300, rbdNodePlugin: 9301 }),
        spec: { mode: 'DryRun' },
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
      'CSIADDONS_PORT in rook-ceph-operator-config: set aside, as spec.ports or another key has the same port; give each a port of its own',
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
    const { reason, message } = conditionIn('Ready', { ...DRIFTED, spec: { mode: 'DryRun' } }, results);
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
