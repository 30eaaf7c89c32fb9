import { describe, expect, test } from 'vitest';
import { driverOfWorkload, driverType } from '../../../../src/domain/rules/driver.js';
import { plan } from '../../../../src/domain/rules/plan.js';
import type { FurtherSetting } from '../../../../src/domain/rules/rook-settings.js';
import { driver, pluginPod } from '../drivers.js';
import { podsOf } from '../pods.js';
import { NOW, observe, rookConfig, workloads, type World } from '../worlds.js';

const RBD = 'rook-ceph.rbd.csi.ceph.com';
const CEPHFS = 'rook-ceph.cephfs.csi.ceph.com';
const NVMEOF = 'rook-ceph.nvmeof.csi.ceph.com';

type Settings = Readonly<Partial<Record<FurtherSetting, string>>>;

function rook(version: string, settings: Settings = {}): World {
  return { config: rookConfig({}, settings), rook: { image: `rook/ceph:${version}` } };
}

function findings(world: World): object {
  return plan(observe(world)).upstream;
}

describe('Drivers left behind', () => {
  const OFF = { ROOK_USE_CSI_OPERATOR: 'false' };
  const drivers = [driver('rbd'), driver('cephfs'), driver('nvmeof'), driver('nfs')];

  test.each<[string, Settings, readonly string[]]>([
    ['v1.16.4', {}, [CEPHFS, RBD]],
    ['v1.17.9', OFF, [CEPHFS, RBD]],
    ['v1.18.0', {}, [CEPHFS, RBD]],
    ['v1.18.1', {}, []],
    ['v1.18.1', { ROOK_USE_CSI_OPERATOR: '' }, []],
    ['v1.18.1', OFF, [CEPHFS, RBD]],
    ['v1.19.10', OFF, [CEPHFS, RBD]],
    ['v1.19.10', { ROOK_USE_CSI_OPERATOR: 'true' }, []],
    ['v1.20.0', OFF, []],
    ['v1.20.6', {}, []],
    ['main', OFF, []],
  ])('Rook %s with %j', (version, settings, leftBehind) => {
    expect(findings({ ...rook(version, settings), workloads: workloads(), drivers })).toMatchObject({ leftBehind });
  });

  test("none without Rook's own workloads of the type: the Driver may be all that there is", () => {
    expect(findings({ ...rook('v1.18.9', OFF), drivers })).toMatchObject({ leftBehind: [] });
    const { cephfsProvisioner } = workloads();
    const world = { ...rook('v1.18.9', OFF), workloads: { cephfsProvisioner }, drivers };
    expect(findings(world)).toMatchObject({ leftBehind: [CEPHFS] });
    const owned = workloads({ rbdProvisioner: { driverOwned: true }, rbdNodePlugin: { driverOwned: true } });
    expect(findings({ ...world, workloads: owned })).toMatchObject({ leftBehind: [CEPHFS] });
  });

  test('from the environment of Rook, too', () => {
    const world = { rook: { image: 'rook/ceph:v1.19.1', env: OFF }, workloads: workloads(), drivers };
    expect(findings(world)).toMatchObject({ leftBehind: [CEPHFS, RBD] });
  });

  test('they are not missed for their pods', () => {
    const world = {
      ...rook('v1.18.9', { ...OFF, ROOK_ENFORCE_HOST_NETWORK: 'true' }),
      workloads: workloads(),
      drivers,
    };
    expect(findings(world)).toMatchObject({ withoutWorkloads: [NVMEOF], withoutHostNetwork: [] });
  });
});

describe('a Driver without workloads', () => {
  const at = Date.parse(NOW);
  const created = (secondsAgo: number): string => new Date(at - secondsAgo * 1000).toISOString();
  const rbd = pluginPod({ type: 'rbd', part: 'nodeplugin', node: 'n1' });
  const world = { ...rook('v1.20.6'), pods: [rbd] };

  test('is one of whose node plugin no pod is there', () => {
    const drivers = [driver('rbd'), driver('cephfs'), driver('nfs')];
    expect(findings({ ...world, drivers })).toEqual({
      leftBehind: [],
      withoutWorkloads: [CEPHFS],
      withoutHostNetwork: [],
      recheckAfterMs: Infinity,
    });
    expect(findings({ ...world, drivers, pods: [] })).toMatchObject({ withoutWorkloads: [CEPHFS, RBD] });
  });

  test.each<[string, number, readonly string[], number | undefined]>([
    ['59 s', 59, [], 1000],
    ['60 s', 60, [CEPHFS], undefined],
    ['that its clock does not have yet', -500, [], 60_000],
  ])('is judged by its age: %s', (_, secondsAgo, withoutWorkloads, recheckAfterMs) => {
    const drivers = [driver('cephfs', { created: created(secondsAgo) })];
    const planned = plan(observe({ ...world, drivers }));
    expect(planned.upstream).toMatchObject({ withoutWorkloads });
    expect(planned.recheckAfterMs).toBe(recheckAfterMs);
  });

  test('is not judged without a time, and without the pods', () => {
    expect(findings({ ...world, drivers: [driver('cephfs', { created: '' })] })).toMatchObject({
      withoutWorkloads: [],
    });
    expect(findings({ ...world, drivers: [driver('cephfs')], pods: 'unknown' })).toMatchObject({
      withoutWorkloads: [],
    });
  });
});

describe('the host network is lost', () => {
  const ON = { ROOK_ENFORCE_HOST_NETWORK: 'true' };
  const nodePlugin = (type: 'rbd' | 'nvmeof') => pluginPod({ type, part: 'nodeplugin', node: 'n1' });
  const onHost = (type: 'rbd' | 'nvmeof') => pluginPod({ type, part: 'ctrlplugin', node: 'n1', csiAddons: 9070 });

  test.each<[string, World, readonly string[]]>([
    ['of a ctrlplugin without a pod on it', { ...rook('v1.20.6', ON), pods: [nodePlugin('rbd')] }, [RBD]],
    ['not where it is not asked for', { ...rook('v1.20.6'), pods: [nodePlugin('rbd')] }, []],
    ['not if a pod is on it', { ...rook('v1.20.6', ON), pods: [nodePlugin('rbd'), onHost('rbd')] }, []],
    ['not if nothing is rendered', { ...rook('v1.20.6', ON), pods: [] }, []],
    ['not if it is not known', { ...rook('v1.20.6', ON), pods: 'unknown' }, []],
  ])('%s', (_, world, withoutHostNetwork) => {
    expect(findings({ ...world, drivers: [driver('rbd')] })).toMatchObject({ withoutHostNetwork });
  });

  test('not of NVMe-oF beside RBD, nor the other way round: both have 9070', () => {
    const drivers = [driver('rbd'), driver('nvmeof')];
    const pods = [nodePlugin('rbd'), nodePlugin('nvmeof')];
    const world = { ...rook('v1.20.6', ON), drivers };
    expect(findings({ ...world, pods })).toMatchObject({ withoutHostNetwork: [NVMEOF, RBD] });
    for (const type of ['rbd', 'nvmeof'] as const) {
      expect(findings({ ...world, pods: [...pods, onHost(type)] })).toMatchObject({ withoutHostNetwork: [] });
    }
  });
});

test("where a slot can go that keeps another namespace's Driver off its port", () => {
  const slots = podsOf('rbdProvisioner', ['n1', 'n2'], 9070);
  const foreign = pluginPod({
    type: 'rbd',
    part: 'ctrlplugin',
    namespace: 'rook-two',
    node: undefined,
    csiAddons: 9070,
  });
  const world = { ...rook('v1.17.9'), workloads: workloads(), pods: [...slots, foreign] };
  const planned = plan(observe(world));
  expect(planned.assignment.ports.rbdProvisioner).toBe(9070);
  expect(planned.portsInstead).toEqual({ rbdProvisioner: 9073 });
  expect(plan(observe({ ...world, pods: slots })).portsInstead).toEqual({});
});

test.each([
  ['rook-ceph.rbd.csi.ceph.com', 'rbd'],
  ['cephfs.csi.ceph.com', 'cephfs'],
  ['a.nvmeof.csi.ceph.com', 'nvmeof'],
  ['a.nfs.csi.ceph.com', undefined],
  ['rbd', undefined],
])('the type of Driver %s: %s', (name, type) => expect(driverType(name)).toBe(type));

test.each([
  ['rook-ceph.rbd.csi.ceph.com-ctrlplugin', 'rook-ceph.rbd.csi.ceph.com'],
  ['rook-ceph.rbd.csi.ceph.com-nodeplugin-csi-addons', 'rook-ceph.rbd.csi.ceph.com'],
  ['csi-rbdplugin', undefined],
])('the Driver of %s: %s', (name, of) => expect(driverOfWorkload(name)).toBe(of));
