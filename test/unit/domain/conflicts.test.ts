import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AssignmentStatus, Condition, PortConflict } from '../../../src/domain/rules/api.js';
import { isAmongSidecars, sidecarOf } from '../../../src/domain/rules/conflicts.js';
import { plan } from '../../../src/domain/rules/plan.js';
import { SLOT_SPECS } from '../../../src/domain/rules/slots.js';
import { anyWorld } from './arbitraries.js';
import {
  CONFLICTING,
  ROLLING,
  SETTLED,
  allWorkloads,
  observe,
  reconcile,
  rookConfig,
  statusIn,
  upstreamWorkload,
  workloads,
  type World,
} from './worlds.js';
import { statusOf } from '../../../src/domain/report/status.js';

const [rbd, cephfs, nvmeof] = [
  upstreamWorkload('rbd'),
  upstreamWorkload('cephfs', { port: 9080 }),
  upstreamWorkload('nvmeof'),
];
const name = (driver: string, kind = 'ctrlplugin'): string => `rook-ceph.${driver}.csi.ceph.com-${kind}`;

function degraded(world: World): Condition {
  return statusIn(world).conditions.find(({ type }) => type === 'Degraded')!;
}

describe('workloads of ceph-csi-operator', () => {
  it('have rows with their real ports, and no slot', () => {
    const node = upstreamWorkload('rbd', { kind: 'DaemonSet', port: 9071 });
    const rows = statusIn({ upstream: [node, cephfs, rbd] }).workloads.slice(3);
    expect(rows).toEqual([
      {
        kind: 'DaemonSet',
        name: name('rbd', 'nodeplugin'),
        hostNetwork: true,
        currentPort: 9071,
        state: 'UpstreamManaged',
      },
      { kind: 'Deployment', name: name('cephfs'), hostNetwork: true, currentPort: 9080, state: 'UpstreamManaged' },
      { kind: 'Deployment', name: name('rbd'), hostNetwork: true, currentPort: 9070, state: 'UpstreamManaged' },
    ]);
  });

  it.each<[string, World, string]>([
    ['alone', { upstream: [rbd] }, 'CephCSIOperator'],
    ["beside Rook's", { ...SETTLED, upstream: [rbd] }, 'Mixed'],
    ['gone', SETTLED, 'Rook'],
    ["gone, and Rook's too", {}, 'None'],
    ['hidden by a missing right, but for their Drivers', { hasDrivers: true }, 'CephCSIOperator'],
  ])('%s: the provider', (_name, world, provider) => expect(statusIn(world).provider).toBe(provider));

  it('are never planned to be written', () => {
    const planned = plan(observe({ ...CONFLICTING, upstream: [rbd, nvmeof] }));
    expect(planned.workloads.map(({ slotSpec }) => slotSpec.workload)).not.toContain(rbd.name);
    expect(plan(observe({ config: rookConfig(), upstream: [rbd, nvmeof] }))).toMatchObject({ pin: {} });
  });

  it('make a conflict known: nvmeof and rbd on 9070', () => {
    const world: World = { upstream: [nvmeof, rbd], rook: { image: 'rook/ceph:v1.20.3' } };
    expect(statusIn(world).conflicts).toEqual([
      { port: 9070, holders: [`Deployment ${name('nvmeof')}`, `Deployment ${name('rbd')}`] },
    ]);
    const { reason, message } = degraded(world);
    expect(reason).toBe('UpstreamConflict');
    expect(message).toContain(`host port 9070 is shared by Deployment ${name('nvmeof')}, Deployment ${name('rbd')}`);
    expect(message).toContain('nvmeof');
  });

  it('collide on liveness ports in Rook 1.18.2, which has no port key: the remedy is the next release', () => {
    const world: World = {
      upstream: [
        upstreamWorkload('cephfs', { port: 9080, liveness: 9081 }),
        upstreamWorkload('rbd', { liveness: 9080 }),
        upstreamWorkload('rbd', { kind: 'DaemonSet', port: 9071, liveness: 9080 }),
      ],
      rook: { image: 'rook/ceph:v1.18.2' },
    };
    expect(statusIn(world).conflicts).toEqual([
      {
        port: 9080,
        holders: [
          `Deployment ${name('cephfs')}`,
          `Deployment ${name('rbd')} (liveness-prometheus)`,
          `DaemonSet ${name('rbd', 'nodeplugin')} (liveness-prometheus)`,
        ],
      },
    ]);
    expect(degraded(world).message).toMatch(/1\.18\.3/);
  });

  it('are told of in part where they are many, so that the remedy is not cut off', () => {
    const many = Array.from({ length: 80 }, (_, index) => ({ container: 'csi-driver', port: 20_000 + index }));
    const upstream = [
      { ...nvmeof, otherPorts: many },
      { ...rbd, otherPorts: many },
    ];
    expect(statusIn({ upstream }).conflicts).toHaveLength(64);
    expect(degraded({ upstream }).message).toContain(' and 73 more; ');
    const holders = Array.from({ length: 80 }, (_, index) => ({
      ...rbd,
      name: `x${index}.rbd.csi.ceph.com-ctrlplugin`,
    }));
    expect(statusIn({ upstream: holders }).conflicts![0]!.holders).toHaveLength(64);
    expect(statusIn({ upstream: holders }).workloads).toHaveLength(64);
  });

  it('hold no host port on the pod network', () => {
    const world: World = { upstream: [upstreamWorkload('rbd', { hostNetwork: false }), nvmeof] };
    expect(statusIn(world)).not.toHaveProperty('conflicts');
    expect(degraded(world).reason).toBe('AsExpected');
  });

  it("collide with Rook's: the operator's own conflict is told beside it", () => {
    const world: World = { ...CONFLICTING, upstream: [nvmeof] };
    expect(statusIn(world).conflicts!.map(({ port, holders }) => [port, holders.length])).toEqual([
      [9070, 3],
      [9070, 4],
    ]);
    const { reason, message } = degraded(world);
    expect(reason).toBe('PortConflict');
    expect(message).toContain(name('nvmeof'));
    const left = { ...SETTLED, upstream: [nvmeof] };
    expect(degraded(left).reason).toBe('UpstreamConflict');
  });
});

describe('the lost host network', () => {
  const upstream = [upstreamWorkload('rbd', { hostNetwork: false })];
  const rook = { image: 'rook/ceph:v1.19.4' };

  it('is told of Rook 1.19.1 to 1.19.10 where the settings ask for it', () => {
    expect(degraded({ upstream, rook, config: rookConfig() })).toMatchObject({ reason: 'HostNetworkLost' });
    expect(degraded({ upstream, rook, config: rookConfig() }).message).toContain(name('rbd'));
  });

  it.each<[string, World]>([
    ['where they do not', { upstream, rook, config: { ...rookConfig(), enforceHostNetwork: false } }],
    ['of another version', { upstream, rook: { image: 'rook/ceph:v1.19.0' }, config: rookConfig() }],
    ['of an unknown version', { upstream, config: rookConfig() }],
    ['where it is there', { upstream: [rbd], rook, config: rookConfig() }],
    ["of Rook's own workloads", { ...SETTLED, rook }],
  ])('not %s', (_name, world) => expect(degraded(world).reason).toBe('AsExpected'));
});

describe('liveness', () => {
  it("of Rook's node plugin and provisioner on one port is told, with the setting that ends it", () => {
    const liveness = { liveness: 9080 };
    const world: World = { ...SETTLED, workloads: workloads({ rbdProvisioner: liveness, rbdNodePlugin: liveness }) };
    const { reason, message } = degraded(world);
    expect(reason).toBe('LivenessConflict');
    expect(message).toContain(
      'host port 9080 is shared by Deployment csi-rbdplugin-provisioner (liveness-prometheus), DaemonSet csi-rbdplugin (liveness-prometheus)',
    );
    expect(message).toContain('CSI_ENABLE_LIVENESS');
  });
});

it("a conflict of the sidecars' stays told until every pod has left it, over any number of reconciles", () => {
  const found = statusOf(reconcile(CONFLICTING, { after: ROLLING }));
  expect(found.conflicts).toHaveLength(1);
  const rolling = statusOf(reconcile(ROLLING, { previous: found }));
  expect(rolling.conflicts).toEqual(found.conflicts);
  expect(rolling.conditions.find(({ type }) => type === 'Degraded')!.reason).toBe('PortConflict');
  expect(statusOf(reconcile(SETTLED, { previous: rolling }))).not.toHaveProperty('conflicts');
  expect(statusIn({ ...SETTLED, workloads: allWorkloads({ rolling: true }) })).not.toHaveProperty('conflicts');
});

describe("the pods of a workload that has no part in a conflict do not make Rook's conflict last", () => {
  const previous = statusIn(CONFLICTING);
  const world = (rolling: Parameters<typeof workloads>[0]): World => ({ ...SETTLED, workloads: workloads(rolling) });

  it('its holders have left the port, another one is still rolling out', () => {
    const parted: AssignmentStatus = {
      ...previous,
      conflicts: [
        { port: 9070, holders: ['Deployment csi-rbdplugin-provisioner', 'Deployment csi-cephfsplugin-provisioner'] },
      ],
    };
    const rolling = world({ rbdNodePlugin: { rolling: true } });
    expect(statusOf(reconcile(rolling, { previous: parted }))).not.toHaveProperty('conflicts');
    const holderRolling = world({ cephfsProvisioner: { rolling: true } });
    expect(statusOf(reconcile(holderRolling, { previous: parted })).conflicts).toEqual(parted.conflicts);
  });

  it('all that had to leave it have, and a pod of the one whose port it is comes late', () => {
    const rolling = world({ rbdProvisioner: { rolling: true } });
    expect(statusOf(reconcile(rolling, { previous }))).not.toHaveProperty('conflicts');
  });

  it('a new one beside an earlier one: each port is told once', () => {
    const both = {
      ...SETTLED,
      workloads: workloads({ rbdProvisioner: { port: 9072, rolling: true }, cephfsProvisioner: { rolling: true } }),
    };
    const { conflicts } = statusOf(reconcile(both, { previous }));
    expect(conflicts!.map(({ port }) => port)).toEqual([9070, 9072]);
    expect(statusOf(reconcile(both, { previous: { ...previous, conflicts: conflicts! } })).conflicts).toEqual(
      conflicts,
    );
  });
});

describe('of a port that sidecars shared, who is told', () => {
  const [rbdProvisioner, cephfsProvisioner, rbdNodePlugin] = SLOT_SPECS.map(sidecarOf);
  const previous = statusIn(CONFLICTING);
  const now = (options: Parameters<typeof workloads>[0], before = previous): readonly PortConflict[] | undefined =>
    statusOf(reconcile({ ...SETTLED, workloads: workloads(options) }, { previous: before })).conflicts;

  it('those who still have it, and those who have left it but not yet with all of their pods', () => {
    expect(previous.conflicts).toEqual([{ port: 9070, holders: [rbdProvisioner, cephfsProvisioner, rbdNodePlugin] }]);
    const first = now({ cephfsProvisioner: { rolling: true }, rbdNodePlugin: { rolling: true } });
    expect(first).toEqual(previous.conflicts);
    const second = now({ cephfsProvisioner: { rolling: true } });
    expect(second).toEqual([{ port: 9070, holders: [rbdProvisioner, cephfsProvisioner] }]);
    expect(now({})).toBeUndefined();
  });

  it('not one that has left it with all of its pods, while others share it still', () => {
    const left = now({ cephfsProvisioner: { port: 9070 } });
    expect(left).toEqual([{ port: 9070, holders: [rbdProvisioner, cephfsProvisioner] }]);
    // Nor when its pods are replaced once more, for a reason of their own.
    const again = { cephfsProvisioner: { port: 9070 }, rbdNodePlugin: { rolling: true } };
    expect(now(again, { ...previous, conflicts: left! })).toEqual(left);
  });

  it('two that leave it at once, until one of them is gone', () => {
    const both = now({
      rbdProvisioner: { port: 9500, rolling: true },
      cephfsProvisioner: { rolling: true },
    });
    expect(both).toEqual([{ port: 9070, holders: [rbdProvisioner, cephfsProvisioner] }]);
    expect(now({ rbdProvisioner: { port: 9500 }, cephfsProvisioner: { rolling: true } })).toBeUndefined();
  });

  it('one that comes to it while another is still leaving', () => {
    const shared = { ...previous, conflicts: [{ port: 9071, holders: [rbdProvisioner!, cephfsProvisioner!] }] };
    const told = now({ rbdProvisioner: { rolling: true }, rbdNodePlugin: { port: 9071 } }, shared);
    expect(told).toEqual([{ port: 9071, holders: [rbdProvisioner, cephfsProvisioner, rbdNodePlugin] }]);
  });

  it('in any world after any other: the same at a second look, each port once, and everybody who shares it now', () => {
    fc.assert(
      fc.property(anyWorld, anyWorld, (earlier, world) => {
        const amongSidecars = (status: AssignmentStatus): readonly PortConflict[] =>
          (status.conflicts ?? []).filter(isAmongSidecars);
        const first = statusOf(reconcile(world, { previous: statusIn(earlier) }));
        const told = amongSidecars(first);
        expect(amongSidecars(statusOf(reconcile(world, { previous: first })))).toEqual(told);
        expect(new Set(told.map(({ port }) => port)).size).toBe(told.length);
        for (const { holders } of told) expect(new Set(holders).size).toBeGreaterThan(1);
        for (const { port, holders } of plan(observe(world)).conflicts.sidecars) {
          expect(told.find((one) => one.port === port)?.holders).toEqual(expect.arrayContaining([...holders]));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("a workload of Rook's name that a Driver owns", () => {
  const owned: World = {
    ...SETTLED,
    workloads: workloads({ rbdProvisioner: { rolling: true }, rbdNodePlugin: { driverOwned: true, port: 9070 } }),
  };

  it("is told as the Driver's, and never as one of Rook's own", () => {
    const status = statusIn(owned);
    expect(status.conflicts).toEqual([
      { port: 9070, holders: ['Deployment csi-rbdplugin-provisioner', 'DaemonSet csi-rbdplugin (of a Driver)'] },
    ]);
    expect(degraded(owned).reason).toBe('UpstreamConflict');
  });

  it('adds nothing to the status with each look at it', () => {
    const first = statusIn(owned);
    expect(statusOf(reconcile(owned, { previous: first })).conflicts).toEqual(first.conflicts);
  });
});
