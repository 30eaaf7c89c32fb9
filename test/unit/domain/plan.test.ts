import { describe, expect, it } from 'vitest';
import { asksForMore, plan, type Plan } from '../../../src/domain/rules/plan.js';
import { applyPatch } from './json-patch.js';
import { ROOK_ARGS, rawWorkload, type RawOptions } from './raw-workload.js';
import {
  CONFLICTING,
  SETTLED,
  SLOTS,
  allWorkloads,
  observe,
  pinned,
  rookConfig,
  workloads,
  type World,
} from './worlds.js';

function planOf(world: World): Plan {
  return plan(observe(world));
}

describe('the state of a workload', () => {
  const rows: [string, RawOptions, string, number | undefined, boolean][] = [
    ['on its port', {}, 'Ready', 9072, false],
    ['on its port, its pods not yet', { rolling: true }, 'RollingOut', 9072, false],
    ['on another port', { port: 9070 }, 'Drifted', 9070, true],
    ['on another port, rolling', { port: 9070, rolling: true }, 'Drifted', 9070, true],
    ['on another port, on its way out', { port: 9070, deleting: true }, 'Drifted', 9070, false],
    ['on its port, on its way out', { deleting: true }, 'Ready', 9072, false],
    ['on the pod network', { port: 9070, hostNetwork: false }, 'PodNetwork', 9070, false],
    ['without a sidecar', { sidecar: 'none' }, 'NoSidecar', undefined, false],
    ['without a sidecar, on the pod network', { sidecar: 'none', hostNetwork: false }, 'NoSidecar', undefined, false],
    ['owned by a Driver', { port: 9070, driverOwned: true }, 'UpstreamManaged', 9070, false],
    [
      'owned by a Driver, without a sidecar',
      { sidecar: 'none', driverOwned: true },
      'UpstreamManaged',
      undefined,
      false,
    ],
    ['without a port anywhere', { sidecar: {} }, 'Drifted', undefined, true],
    [
      'the argument right, the declared port wrong',
      { sidecar: { args: ['--controller-port=9072'], ports: [{ containerPort: 9070 }] } },
      'Drifted',
      9072,
      true,
    ],
    [
      'the argument wrong, the declared port right',
      { sidecar: { args: ['--controller-port=9070'], ports: [{ containerPort: 9072 }] } },
      'Drifted',
      9070,
      true,
    ],
  ];
  it.each(rows)('%s', (...[, options, state, currentPort, patched]) => {
    const row = planOf({ workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', options) } }).workloads[2]!;
    expect([row.state, row.currentPort, row.patch !== undefined]).toEqual([state, currentPort, patched]);
    expect(row).toMatchObject({ assignedPort: 9072, slotSpec: { workload: 'csi-rbdplugin' } });
  });

  it('is Absent for what is not there, in the order of the slotSpec', () => {
    const rows = planOf({}).workloads.map(({ slotSpec, state }) => [slotSpec.slot, state]);
    expect(rows).toEqual(SLOTS.map((slot) => [slot, 'Absent']));
  });
});

describe('the patch', () => {
  const raw = rawWorkload('rbdNodePlugin', { port: 9070 });
  const patch = planOf({ workloads: { rbdNodePlugin: raw } }).workloads[2]!.patch!;

  it('is exactly this for what Rook writes', () => {
    const container = '/spec/template/spec/containers/1';
    expect(patch).toEqual([
      { op: 'test', path: '/metadata/uid', value: 'uid-rbdNodePlugin' },
      { op: 'test', path: `${container}/name`, value: 'csi-addons' },
      { op: 'test', path: `${container}/args/3`, value: '--controller-port=9070' },
      { op: 'replace', path: `${container}/args/3`, value: '--controller-port=9072' },
      { op: 'test', path: `${container}/ports/0/containerPort`, value: 9070 },
      { op: 'replace', path: `${container}/ports/0/containerPort`, value: 9072 },
    ]);
  });

  it('turns the workload into what Rook itself would render with the key set, byte for byte', () => {
    expect(JSON.stringify(applyPatch(raw, patch))).toBe(JSON.stringify(rawWorkload('rbdNodePlugin', { port: 9072 })));
  });

  it('fails on another object of the same name, and where another container took the place', () => {
    const container = '/spec/template/spec/containers/1';
    const recreated = applyPatch(raw, [{ op: 'replace', path: '/metadata/uid', value: 'uid-of-the-next' }]);
    const renamed = applyPatch(raw, [{ op: 'replace', path: `${container}/name`, value: 'csi-addons-2' }]);
    const inserted = applyPatch(raw, [{ op: 'add', path: container, value: { name: 'other' } }]);
    expect(() => applyPatch(recreated, patch)).toThrow('/metadata/uid');
    expect(() => applyPatch(renamed, patch)).toThrow('/name');
    expect(() => applyPatch(inserted, patch)).toThrow('/name');
  });

  it('does not wipe arguments that appeared since the template had none', () => {
    const bare = rawWorkload('rbdNodePlugin', { sidecar: { ports: [{ containerPort: 9070 }] } });
    const added = planOf({ workloads: { rbdNodePlugin: bare } }).workloads[2]!.patch!;
    const meanwhile = applyPatch(bare, [
      { op: 'add', path: '/spec/template/spec/containers/1/args', value: [...ROOK_ARGS] },
      { op: 'replace', path: '/metadata/generation', value: 8 },
    ]);
    expect(() => applyPatch(meanwhile, added)).toThrow();
  });

  it('does not mind a new resourceVersion', () => {
    const meanwhile = applyPatch(raw, [{ op: 'replace', path: '/metadata/resourceVersion', value: '4712' }]);
    expect(() => applyPatch(meanwhile, patch)).not.toThrow();
  });
});

describe('the spec', () => {
  it('is Enforce and Pin where it is empty', () => {
    expect(planOf({})).toMatchObject({ mode: 'Enforce', rookConfigPolicy: 'Pin' });
  });

  it.each(['Enforce', 'DryRun', 'Paused'] as const)(
    'plans the same in mode %s: what is written is for others to say',
    (mode) => {
      expect(planOf({ ...CONFLICTING, spec: { mode } })).toEqual({ ...planOf(CONFLICTING), mode });
    },
  );

  it('gives the ports asked for', () => {
    const result = planOf({ ...CONFLICTING, spec: { ports: { rbdNodePlugin: 9070 } } });
    expect(result.workloads.map(({ assignedPort, state }) => [assignedPort, state])).toEqual([
      [9072, 'Drifted'],
      [9071, 'Drifted'],
      [9070, 'Ready'],
    ]);
  });
});

describe('the pin', () => {
  const all = {
    CSIADDONS_RBD_PROVISIONER_PORT: '9070',
    CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071',
    CSIADDONS_PORT: '9072',
  };

  it('writes every key in play at once, also where the ports are right already', () => {
    expect(planOf(CONFLICTING).pin).toEqual(all);
    expect(planOf({ ...SETTLED, config: rookConfig() }).pin).toEqual(all);
  });

  it('leaves the node plugin alone on the pod network', () => {
    const world = { ...CONFLICTING, workloads: workloads({ rbdNodePlugin: { hostNetwork: false } }) };
    expect(planOf(world).pin).toEqual({
      CSIADDONS_RBD_PROVISIONER_PORT: '9070',
      CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071',
    });
  });

  it('replaces an invalid key out of play with the port of its workload', () => {
    const config = rookConfig({ CSIADDONS_PORT: 'abc' });
    const world = {
      config,
      workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', { port: 9070, hostNetwork: false }) },
    };
    expect(planOf(world).pin).toEqual({ CSIADDONS_PORT: '9070' });
  });

  const without: [string, World][] = [
    ['with rookConfig: Leave', { ...CONFLICTING, spec: { rookConfig: 'Leave' } }],
    ['where the ConfigMap is absent', { workloads: workloads() }],
    ['where the ConfigMap is on its way out', { ...CONFLICTING, config: { ...rookConfig(), deleting: true } }],
    ['where the values are right', SETTLED],
    ['where nothing is in play', { ...CONFLICTING, workloads: allWorkloads({ hostNetwork: false }) }],
    ['where ceph-csi-operator owns the workloads', { ...CONFLICTING, workloads: allWorkloads({ driverOwned: true }) }],
  ];
  it.each(without)('writes nothing %s', (_name, world) => expect(planOf(world).pin).toEqual({}));

  it('tells an absent ConfigMap from one with nothing in it, and finds invalid keys with Leave too', () => {
    expect(planOf({}).rookConfig).toBeUndefined();
    const config = rookConfig({ CSIADDONS_PORT: 'abc' });
    const result = planOf({ config, spec: { rookConfig: 'Leave' } });
    expect(result.rookConfig).toEqual(config);
    expect(result.invalidKeys.map(({ key }) => key)).toEqual(['CSIADDONS_PORT']);
  });

  it("follows the user's keys", () => {
    const config = rookConfig({ CSIADDONS_PORT: '9070' });
    expect(planOf({ ...CONFLICTING, config }).assignment.ports.rbdNodePlugin).toBe(9070);
  });
});

describe('conflicts', () => {
  const [rbd, cephfs, node] = [
    'Deployment csi-rbdplugin-provisioner',
    'Deployment csi-cephfsplugin-provisioner',
    'DaemonSet csi-rbdplugin',
  ];
  const rows: [string, World['workloads'], unknown][] = [
    ["Rook's default: all three", CONFLICTING.workloads, [{ port: 9070, holders: [rbd, cephfs, node] }]],
    ['two of three', workloads({ cephfsProvisioner: { port: 9070 } }), [{ port: 9070, holders: [rbd, cephfs] }]],
    ['none', workloads(), []],
    ['nothing there', {}, []],
    [
      'not with the pod network',
      workloads({ rbdProvisioner: { port: 9072 }, rbdNodePlugin: { hostNetwork: false } }),
      [],
    ],
    ["not with a Driver's", workloads({ rbdProvisioner: { port: 9072 }, rbdNodePlugin: { driverOwned: true } }), []],
    [
      'not by two declarations of the same sidecar',
      { rbdNodePlugin: rawWorkload('rbdNodePlugin', { port: 9070 }) },
      [],
    ],
    [
      'by a leftover declaration',
      workloads({
        rbdNodePlugin: {
          sidecar: { args: ['--controller-port=9072'], ports: [{ containerPort: 9072 }, { containerPort: 9071 }] },
        },
      }),
      [{ port: 9071, holders: [cephfs, node] }],
    ],
    [
      'on two ports',
      workloads({ rbdNodePlugin: { sidecar: { args: ['--controller-port=9070'], ports: [{ containerPort: 9071 }] } } }),
      [
        { port: 9070, holders: [rbd, node] },
        { port: 9071, holders: [cephfs, node] },
      ],
    ],
  ];
  it.each(rows)('%s', (_name, found, conflicts) => {
    expect(planOf({ workloads: found ?? {} }).conflicts.sidecars).toEqual(conflicts);
  });
});

describe('the provider', () => {
  const rows: [string, World['workloads'], string][] = [
    ['nothing there', {}, 'None'],
    ["Rook's", workloads(), 'Rook'],
    ["Rook's, out of play", allWorkloads({ sidecar: 'none' }), 'Rook'],
    ["ceph-csi-operator's", allWorkloads({ driverOwned: true }), 'CephCSIOperator'],
    [
      "one of ceph-csi-operator's, alone",
      { rbdNodePlugin: rawWorkload('rbdNodePlugin', { driverOwned: true }) },
      'CephCSIOperator',
    ],
    ['some of each', workloads({ rbdProvisioner: { driverOwned: true } }), 'Mixed'],
  ];
  it.each(rows)('%s', (_name, found, provider) => expect(planOf({ workloads: found ?? {} }).provider).toBe(provider));
});

it('carries what is known of Rook', () => {
  expect(planOf({ rook: { image: 'rook/ceph:v1.17.9' } })).toMatchObject({ rookAlive: true, rookVersion: 'v1.17.9' });
  expect(planOf({ rook: { readyReplicas: 0 } }).rookAlive).toBe(false);
  expect(planOf({})).not.toHaveProperty('rookVersion');
});

it('is the same for the same world, whatever the resourceVersions', () => {
  expect(planOf(CONFLICTING)).toEqual(planOf(structuredClone(CONFLICTING)));
  expect(planOf({ config: pinned(9070, 9071, 9072) }).pin).toEqual(
    planOf({ config: { ...pinned(9070, 9071, 9072), resourceVersion: '99' } }).pin,
  );
});

describe('whether a plan asks for more than an earlier one', () => {
  const settled = planOf(SETTLED);
  const onlyNodePlugin = { ...CONFLICTING, workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', { port: 9070 }) } };
  const rows: [string, Plan, Plan, boolean][] = [
    ['the same plan', planOf(CONFLICTING), planOf(CONFLICTING), false],
    ['less', settled, planOf(CONFLICTING), false],
    ['patches and keys', planOf(CONFLICTING), settled, true],
    ['the patch of one more workload', planOf(CONFLICTING), planOf(onlyNodePlugin), true],
    [
      'another port for a workload that it patches already',
      planOf({ workloads: workloads(), config: rookConfig({ CSIADDONS_PORT: '9099' }), spec: { rookConfig: 'Leave' } }),
      planOf({ workloads: workloads(), config: rookConfig({ CSIADDONS_PORT: '9098' }), spec: { rookConfig: 'Leave' } }),
      true,
    ],
    [
      'another value of a key',
      planOf({ ...CONFLICTING, spec: { ports: { rbdNodePlugin: 9099 } } }),
      planOf(CONFLICTING),
      true,
    ],
  ];
  it.each(rows)('%s', (_, later, earlier, asks) => expect(asksForMore(later, earlier)).toBe(asks));
});
