import { describe, expect, test } from 'vitest';
import type { Condition } from '../../../../src/domain/rules/api.js';
import { advice } from '../../../../src/domain/report/compatibility.js';
import { conditions } from '../../../../src/domain/report/conditions.js';
import type { FurtherSetting } from '../../../../src/domain/rules/rook-settings.js';
import { driver, pluginPod, type PluginPod } from '../drivers.js';
import { podOn, podsOf } from '../pods.js';
import { reportOf, rookConfig, statusIn, workloads, type World } from '../worlds.js';

const RBD = 'rook-ceph.rbd.csi.ceph.com';
const NVMEOF = 'rook-ceph.nvmeof.csi.ceph.com';
const PATCH_NVMEOF = `kubectl -n rook-ceph patch drivers.csi.ceph.io ${NVMEOF} --type=merge -p '{"spec":{"controllerPlugin":{"hostNetwork":false}}}'`;

function rook(version: string, settings: Readonly<Partial<Record<FurtherSetting, string>>> = {}): World {
  return { config: rookConfig({}, settings), rook: { image: `rook/ceph:${version}` } };
}

function conditionIn(world: World, type: Condition['type'] = 'Degraded'): Condition {
  return conditions(reportOf(world)).find((condition) => condition.type === type)!;
}

function ctrl(type: PluginPod['type'], node: string | undefined, csiAddons: number, more: object = {}) {
  return pluginPod({ type, part: 'ctrlplugin', node, csiAddons, ...more });
}

/** What is running fine. */
const NODE_PLUGINS = (['rbd', 'cephfs', 'nvmeof'] as const).map((type) => {
  return pluginPod({ type, part: 'nodeplugin', node: 'n9' });
});

describe('UpstreamConflict', () => {
  const both = [ctrl('rbd', 'n1', 9070), ctrl('rbd', 'n2', 9070), ctrl('nvmeof', undefined, 9070), ...NODE_PLUGINS];
  const liveness = [
    ctrl('rbd', 'n1', 9070, { liveness: 9080 }),
    pluginPod({ type: 'rbd', part: 'nodeplugin', node: 'n1', liveness: 9080 }),
  ];

  test('of RBD and NVMe-oF: one of them off the host network, and not Ready until then', () => {
    const world = { ...rook('v1.20.6'), drivers: [driver('rbd'), driver('nvmeof')], pods: both };
    const degraded = conditionIn(world);
    expect(degraded).toMatchObject({ status: 'True', reason: 'UpstreamConflict' });
    expect(degraded.message).toContain('host port 9070 is shared by Deployment');
    expect(degraded.message).toContain(PATCH_NVMEOF);
    expect(conditionIn(world, 'Ready')).toMatchObject({ status: 'False', reason: 'UpstreamConflict' });
    const apart = [...both.filter(({ isScheduled }) => isScheduled), ctrl('nvmeof', 'n3', 9070)];
    expect(conditionIn({ ...world, pods: apart })).toMatchObject({ reason: 'AsExpected' });
    expect(conditionIn({ ...world, pods: apart }, 'Ready')).toMatchObject({ reason: 'NothingToAssign' });
  });

  test.each([
    ['v1.18.2', 'upgrade Rook to v1.18.3 or later'],
    ['v1.18.11', 'this version of Rook sets no liveness port'],
    ['v1.19.10', 'change a key of rook-ceph-operator-config'],
    ['v1.20.6', 'with another number in each Driver, and RBD a spec.liveness.metricsPort other than 9080'],
    ['main', 'docs/admin/migrate.md#rook-versions'],
  ])('of liveness with Rook %s: %s', (version, remedy) => {
    const { reason, message } = conditionIn({ ...rook(version), drivers: [driver('rbd')], pods: liveness });
    expect(reason).toBe('UpstreamConflict');
    expect(message).toContain('host port 9080 is shared by');
    expect(message).toContain(remedy);
  });

  test('of Drivers left behind: delete them, also if they share no port', () => {
    const settings = { ROOK_USE_CSI_OPERATOR: 'false', CSI_ENABLE_LIVENESS: 'false' };
    const quiet = { ...rook('v1.18.0', settings), workloads: workloads(), drivers: [driver('rbd'), driver('cephfs')] };
    const command = `kubectl -n rook-ceph delete drivers.csi.ceph.io rook-ceph.cephfs.csi.ceph.com ${RBD}`;
    expect(conditionIn(quiet)).toMatchObject({ reason: 'UpstreamConflict' });
    expect(conditionIn(quiet).message).toContain(command);
    expect(conditionIn(quiet, 'Ready').reason).not.toBe('UpstreamConflict');
    expect(statusIn(quiet)).toMatchObject({ provider: 'Mixed', advice: advice('v1.18.0', 'Rook') });

    const legacy = podOn([9080], {
      namespace: 'rook-ceph',
      name: 'csi-rbdplugin',
      container: 'liveness-prometheus',
      node: 'n1',
    });
    const { message } = conditionIn({ ...quiet, pods: [...liveness, legacy] });
    expect(message).toContain('host port 9080 is shared by');
    expect(message.split(command)).toHaveLength(2);
  });

  test.each([
    ['v1.19.10', 'this ends when Rook has deleted its own workloads'],
    ['v1.20.6', 'delete them (docs/admin/migrate.md#workloads-left-on-rook-120)'],
  ])("with Rook's own workloads in a switch, Rook %s: %s", (version, remedy) => {
    const legacy = podOn([9080], {
      namespace: 'rook-ceph',
      name: 'csi-rbdplugin',
      container: 'liveness-prometheus',
      node: 'n1',
    });
    const world = { ...rook(version), drivers: [driver('rbd')], pods: [...liveness, legacy] };
    expect(conditionIn(world).message).toContain(remedy);
  });

  test("with another namespace's Driver: the port that this Rook can take instead, or that Driver off the host network", () => {
    const foreign = ctrl('rbd', undefined, 9070, { namespace: 'rook-two' });
    const slots = podsOf('rbdProvisioner', ['n1', 'n2'], 9070);
    const { reason, message } = conditionIn({ ...rook('v1.17.9'), workloads: workloads(), pods: [...slots, foreign] });
    expect(reason).toBe('UpstreamConflict');
    expect(message).toContain(
      `kubectl -n rook-ceph patch csiports default --type=merge -p '{"spec":{"ports":{"rbdProvisioner":9073}}}'`,
    );
    expect(message).toContain('kubectl -n rook-two patch drivers.csi.ceph.io rook-two.rbd.csi.ceph.com');
  });

  test('of Drivers of two namespaces, neither of which can be moved', () => {
    const foreign = ctrl('rbd', undefined, 9070, { namespace: 'rook-two' });
    const world = {
      ...rook('v1.20.6'),
      drivers: [driver('rbd')],
      pods: [ctrl('rbd', 'n1', 9070), foreign, ...NODE_PLUGINS],
    };
    const { message } = conditionIn(world);
    expect(message).toContain('take that ctrlplugin off the host network: kubectl -n rook-two');
    expect(message).not.toContain('csiports');
  });

  test('with a stranger: that one has to move', () => {
    const pods = [podOn([9070], { node: 'n1' }), ctrl('rbd', undefined, 9070), ...NODE_PLUGINS];
    const { message } = conditionIn({ ...rook('v1.20.6'), drivers: [driver('rbd')], pods });
    expect(message).toContain('give DaemonSet default/node-agent (agent) another port');
  });
});

test('DriverWithoutWorkloads has the commands that end it', () => {
  const world = { ...rook('v1.20.6'), drivers: [driver('rbd'), driver('nvmeof')], pods: NODE_PLUGINS.slice(0, 1) };
  const { status, reason, message } = conditionIn(world);
  expect({ status, reason }).toEqual({ status: 'True', reason: 'DriverWithoutWorkloads' });
  expect(message).toContain(`Driver ${NVMEOF} has no node plugin pod`);
  expect(message).toContain(`kubectl delete csidriver ${NVMEOF}`);
  expect(message).toContain(
    `kubectl annotate csidriver ${NVMEOF} 'csi.ceph.io/ownerref={"Namespace":"rook-ceph","Name":"${NVMEOF}"}'`,
  );
  expect(conditionIn({ ...world, pods: [] }).message).toContain(`Drivers ${NVMEOF}, ${RBD} have`);
});

describe('HostNetworkLost', () => {
  test.each([
    ['v1.17.9', 'upgrade Rook to v1.18.3'],
    ['v1.18.1', 'upgrade Rook to v1.18.3'],
    ['v1.18.11', 'change a key of rook-ceph-operator-config'],
    ['v1.19.1', 'upgrade Rook to v1.20'],
    ['v1.19.10', 'overwrites an edited Driver with its next pass'],
    [
      'v1.20.6',
      `kubectl -n rook-ceph patch drivers.csi.ceph.io ${RBD} --type=merge -p '{"spec":{"controllerPlugin":{"hostNetwork":true}}}'`,
    ],
    ['main', 'docs/admin/migrate.md#rook-versions'],
  ])('Rook %s: %s', (version, remedy) => {
    const settings = { ROOK_ENFORCE_HOST_NETWORK: 'true', ROOK_USE_CSI_OPERATOR: 'true' };
    const { reason, message } = conditionIn({
      ...rook(version, settings),
      drivers: [driver('rbd')],
      pods: NODE_PLUGINS,
    });
    expect(reason).toBe('HostNetworkLost');
    expect(message).toContain(`no pod of Deployment ${RBD}-ctrlplugin is on the host network`);
    expect(message).toContain(remedy);
  });
});
