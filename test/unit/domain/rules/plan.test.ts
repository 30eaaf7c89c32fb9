import { describe, expect, it } from 'vitest';
import { lastSeenIn, plan, type Plan } from '../../../../src/domain/rules/plan.js';
import type { LastSeen } from '../../../../src/domain/rules/observed.js';
import type { WorkloadPlan } from '../../../../src/domain/rules/workload-plan.js';
import { POOL, type Slot } from '../../../../src/domain/rules/slots.js';
import { driver } from '../drivers.js';
import { applyPatch } from '../json-patch.js';
import { podOn } from '../pods.js';
import { ROOK_ARGS, rawWorkload, type RawOptions } from '../raw-workload.js';
import {
  CONFLICTING,
  DRIFTED,
  ROLLING,
  DEFAULT_PORTS,
  SETTLED,
  SLOTS,
  allWorkloads,
  observe,
  pinned,
  rookConfig,
  rookWorld,
  statusIn,
  workloads,
  type World,
} from '../worlds.js';

function planOf(world: World): Plan {
  return plan(observe(world));
}

function rowOf(slot: Slot, world: World): WorkloadPlan {
  return planOf(world).workloads.find(({ slotSpec }) => slotSpec.slot === slot)!;
}

describe('the state of a workload', () => {
  const rows: [string, RawOptions, string, number | undefined, boolean][] = [
    ['on its port', {}, 'Ready', 9072, false],
    ['on its port, its pods not yet', { rolling: true }, 'RollingOut', 9072, false],
    ['on another port', { port: 9070 }, 'Drifted', 9070, true],
    ['on another port, rolling', { port: 9070, rolling: true }, 'Drifted', 9070, true],
    ['on another port, on its way out', { port: 9070, deleting: true }, 'Drifted', 9070, false],
    ['on its port, on its way out', { deleting: true }, 'Ready', 9072, false],
    ['without a port anywhere', { sidecar: {} }, 'Drifted', undefined, true],
    [
      'the argument right, another port declared',
      { sidecar: { args: ['--controller-port=9072'], ports: [{ containerPort: 9085 }] } },
      'Ready',
      9072,
      false,
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
    const row = rowOf('rbdNodePlugin', {
      spec: { ports: { rbdNodePlugin: 9072 } },
      workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', options) },
    });
    expect([row.state, row.currentPort, row.patch !== undefined]).toEqual([state, currentPort, patched]);
    expect(row).toMatchObject({ assignedPort: 9072, slotSpec: { workload: 'csi-rbdplugin' } });
  });

  const notInPlay: [string, RawOptions, string][] = [
    ['on the pod network', { hostNetwork: false }, 'PodNetwork'],
    ['without a sidecar', { sidecar: 'none' }, 'NoSidecar'],
    ['without a sidecar, on the pod network', { sidecar: 'none', hostNetwork: false }, 'NoSidecar'],
    ['owned by a Driver', { driverOwned: true }, 'UpstreamManaged'],
    ['owned by a Driver, without a sidecar', { sidecar: 'none', driverOwned: true }, 'UpstreamManaged'],
  ];
  it.each(notInPlay)('has no port %s', (_name, options, state) => {
    const row = rowOf('rbdNodePlugin', { ...CONFLICTING, workloads: workloads({ rbdNodePlugin: options }) });
    expect(row.state).toBe(state);
    expect(row).not.toHaveProperty('assignedPort');
    expect(row).not.toHaveProperty('patch');
  });

  it('is Absent for what is not there, in the order of the layout', () => {
    const rows = planOf({}).workloads.map(({ slotSpec, state }) => [slotSpec.slot, state]);
    expect(rows).toEqual(SLOTS.map((slot) => [slot, 'Absent']));
  });

  it('is Drifted with a port left behind that is in the way of another slot', () => {
    const sidecar = { args: ['--controller-port=9072'], ports: [{ containerPort: 9072 }, { containerPort: 9071 }] };
    const row = rowOf('rbdNodePlugin', { ...SETTLED, workloads: workloads({ rbdNodePlugin: { sidecar } }) });
    expect(row).toMatchObject({ state: 'Drifted', assignedPort: 9072, currentPort: 9072 });
    expect(row.patch?.at(-1)).toMatchObject({ op: 'remove' });
  });

  it('is Drifted with one that is in the way of a younger Rook, too, which sees nothing of it', () => {
    const sidecar = { args: ['--controller-port=9072'], ports: [{ containerPort: 9072 }, { containerPort: 9085 }] };
    const younger = { namespace: 'rook-z', workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', { port: 9085 }) } };
    const world = { ...SETTLED, workloads: workloads({ rbdNodePlugin: { sidecar } }), pods: 'unknown' } as const;
    expect(rowOf('rbdNodePlugin', { ...world, others: [rookWorld(younger)] }).state).toBe('Drifted');
    expect(rowOf('rbdNodePlugin', world).state).toBe('Ready');
  });
});

describe('a port that somebody holds', () => {
  const spec = { ports: { rbdNodePlugin: 9075 } };
  const held: World = { ...CONFLICTING, spec, pods: [podOn([9075])] };

  it('is not written, and its key is not pinned', () => {
    const row = rowOf('rbdNodePlugin', held);
    expect(row).toMatchObject({ state: 'PortInUse', assignedPort: 9075, currentPort: 9070 });
    expect(row.heldBy?.map(({ holder }) => holder.name)).toEqual(['node-agent']);
    expect(row).not.toHaveProperty('patch');
    expect(planOf(held).pin).not.toHaveProperty('CSIADDONS_PORT');
  });

  it('has a free one beside it, which may be where the slot is', () => {
    expect(planOf(held).freePorts).toEqual({ rbdNodePlugin: 9070 });
    const both = { ...held, pods: [podOn([9070, 9072, 9075])] };
    expect(planOf(both).freePorts).toEqual({ rbdNodePlugin: 9074 });
    expect(planOf({ ...CONFLICTING, spec }).freePorts).toEqual({});
  });

  it('is written once it is free', () => {
    const moved = workloads({ rbdProvisioner: { port: 9072 }, rbdNodePlugin: { port: 9070 } });
    expect(rowOf('rbdNodePlugin', { ...held, workloads: moved, pods: [] })).toMatchObject({ state: 'Drifted' });
  });

  it('is any of the pool', () => {
    const row = rowOf('rbdNodePlugin', { ...CONFLICTING, pods: [podOn(POOL)] });
    expect(row).toMatchObject({ state: 'PortInUse', heldBy: [], currentPort: 9070 });
    expect(row).not.toHaveProperty('assignedPort');
  });
});

it('names where Rook is, and whether pods are known', () => {
  expect(planOf({ rooksElsewhere: ['a', 'b'] })).toMatchObject({ hasRook: false, rooksElsewhere: ['a', 'b'] });
  expect(planOf({ rook: {} }).hasRook).toBe(true);
  expect(planOf({ workloads: workloads() }).hasRook).toBe(true);
  expect(planOf({}).knowsPods).toBe(true);
  expect(planOf({ pods: 'unknown' }).knowsPods).toBe(false);
});

describe('the patch', () => {
  const spec = { ports: { rbdNodePlugin: 9072 } };
  const raw = rawWorkload('rbdNodePlugin', { port: 9070 });
  const patch = rowOf('rbdNodePlugin', { spec, workloads: { rbdNodePlugin: raw } }).patch!;

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
    const added = rowOf('rbdNodePlugin', { spec, workloads: { rbdNodePlugin: bare } }).patch!;
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

  it.each(['DryRun', 'Paused'] as const)('plans the same ports in mode %s, and waits for nothing', (mode) => {
    const { assignment, workloads: rows, pin } = planOf({ ...CONFLICTING, spec: { mode } });
    const enforced = planOf(CONFLICTING);
    expect(assignment).toEqual(enforced.assignment);
    expect(rows.every(({ awaits }) => awaits === undefined)).toBe(true);
    expect(rows.map(({ patch }) => patch)).toEqual(enforced.workloads.map(({ patch }) => patch));
    expect(pin).toEqual({ ...enforced.pin, CSIADDONS_PORT: '9072' });
  });

  it('gives the ports asked for', () => {
    const result = planOf({ ...CONFLICTING, spec: { ports: { rbdNodePlugin: 9070 } } });
    const rows = result.workloads.map(({ slotSpec, assignedPort, state }) => [slotSpec.slot, [assignedPort, state]]);
    expect(Object.fromEntries(rows)).toMatchObject({
      rbdProvisioner: [9072, 'Drifted'],
      cephfsProvisioner: [9071, 'Drifted'],
      rbdNodePlugin: [9070, 'Ready'],
    });
  });
});

describe('the pin', () => {
  const PROVISIONERS = { CSIADDONS_RBD_PROVISIONER_PORT: '9070', CSIADDONS_CEPHFS_PROVISIONER_PORT: '9071' };

  it('writes the keys of the provisioners, and that of the node plugin when it may move', () => {
    expect(planOf(CONFLICTING).pin).toEqual(PROVISIONERS);
    expect(planOf({ ...SETTLED, config: rookConfig() }).pin).toEqual({ ...PROVISIONERS, CSIADDONS_PORT: '9072' });
  });

  it('leaves the node plugin alone on the pod network', () => {
    const world = workloads({ cephfsProvisioner: { port: 9070 }, rbdNodePlugin: { hostNetwork: false } });
    expect(planOf({ ...CONFLICTING, workloads: world }).pin).toEqual(PROVISIONERS);
  });

  it('replaces an invalid key not competing with the port of its workload', () => {
    const config = rookConfig({ CSIADDONS_PORT: 'abc' });
    const world = {
      config,
      workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', { port: 9070, hostNetwork: false }) },
    };
    expect(planOf(world).pin).toEqual({ CSIADDONS_PORT: '9070' });
  });

  const NODE_PLUGIN_ALONE = { rbdNodePlugin: rawWorkload('rbdNodePlugin', { port: 9070 }) };
  const without: [string, World][] = [
    ['with rookConfig: Leave', { ...CONFLICTING, spec: { rookConfig: 'Leave' } }],
    ['where the ConfigMap is absent', { workloads: workloads() }],
    ['where the ConfigMap is on its way out', { ...CONFLICTING, config: { ...rookConfig(), deleting: true } }],
    ['where the values are right', SETTLED],
    ['where Rook renders what is there', { config: rookConfig(), workloads: NODE_PLUGIN_ALONE }],
    ['where nothing is competing', { ...CONFLICTING, workloads: allWorkloads({ hostNetwork: false }) }],
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

describe('the provider', () => {
  const rows: [string, World, string][] = [
    ['nothing there', {}, 'None'],
    ["Rook's", { workloads: workloads() }, 'Rook'],
    ["Rook's, none with a sidecar", { workloads: allWorkloads({ sidecar: 'none' }) }, 'Rook'],
    ['all owned by Drivers', { workloads: allWorkloads({ driverOwned: true }) }, 'CephCSIOperator'],
    [
      'one owned by a Driver, alone',
      { workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', { driverOwned: true }) } },
      'CephCSIOperator',
    ],
    ['one owned by a Driver', { workloads: workloads({ rbdProvisioner: { driverOwned: true } }) }, 'Mixed'],
    ['Drivers alone', { drivers: [driver('rbd')] }, 'CephCSIOperator'],
    ["Drivers beside Rook's", { drivers: [driver('rbd')], workloads: workloads() }, 'Mixed'],
  ];
  it.each(rows)('%s', (_name, world, provider) => expect(planOf(world).provider).toBe(provider));
});

it('carries what is known of Rook', () => {
  expect(planOf({ rook: { image: 'rook/ceph:v1.17.9' } })).toMatchObject({ rookAlive: true, rookVersion: 'v1.17.9' });
  expect(planOf({ rook: { readyReplicas: 0 } }).rookAlive).toBe(false);
  expect(planOf({})).not.toHaveProperty('rookVersion');
});

it('is the same for the same world, whatever the resourceVersions', () => {
  expect(planOf(CONFLICTING)).toEqual(planOf(structuredClone(CONFLICTING)));
  expect(planOf({ config: pinned() }).pin).toEqual(planOf({ config: { ...pinned(), resourceVersion: '99' } }).pin);
});

describe('a workload whose counters are not up to date', () => {
  const uid = 'uid-rbdNodePlugin';
  const ready = planOf(SETTLED);
  const stateAfter = (lastSeen: LastSeen | undefined, options: RawOptions = { rolling: true }): string => {
    const world = { ...SETTLED, workloads: workloads({ rbdNodePlugin: options }) };
    return rowOf('rbdNodePlugin', lastSeen === undefined ? world : { ...world, lastSeen }).state;
  };

  it.each<[string, LastSeen | undefined, string]>([
    ['was seen Ready', lastSeenIn(ready), 'Ready'],
    [
      'was seen Ready under another uid',
      { ready: { rbdNodePlugin: 'uid-of-the-last' }, inConflict: false },
      'RollingOut',
    ],
    ['was seen Ready by a slot of another one', { ready: { rbdProvisioner: uid }, inConflict: false }, 'RollingOut'],
    ['was seen rolling out', lastSeenIn(planOf(ROLLING)), 'RollingOut'],
    ['was seen drifted', lastSeenIn(planOf(DRIFTED)), 'RollingOut'],
    ['was never seen', undefined, 'RollingOut'],
  ])('that %s', (_, lastSeen, state) => expect(stateAfter(lastSeen)).toBe(state));

  it('stays Ready from look to look, until its counters are up to date', () => {
    const world = { ...SETTLED, workloads: workloads({ rbdNodePlugin: { rolling: true } }) };
    const second = planOf({ ...world, lastSeen: lastSeenIn(ready) });
    expect(stateAfter(lastSeenIn(second))).toBe('Ready');
  });

  it('is Ready by no stored status', () => {
    const world = { ...SETTLED, workloads: workloads({ rbdNodePlugin: { rolling: true } }), stored: statusIn(SETTLED) };
    expect(rowOf('rbdNodePlugin', world).state).toBe('RollingOut');
  });

  it('is Drifted where its port is another one, whatever was seen', () => {
    expect(stateAfter(lastSeenIn(ready), { rolling: true, port: 9070 })).toBe('Drifted');
  });

  it('is judged by its counters once they are up to date', () => {
    const observed = observe({ ...SETTLED, lastSeen: lastSeenIn(ready) });
    const node = observed.workloads.rbdNodePlugin!;
    const replacing = { ...node, rollout: { ...node.rollout, updated: 1 } };
    const { workloads: rows } = plan({ ...observed, workloads: { ...observed.workloads, rbdNodePlugin: replacing } });
    expect(rows.find(({ workload }) => workload === replacing)!.state).toBe('RollingOut');
  });
});

describe('what is remembered of a plan', () => {
  it('is the uid of each workload that is Ready, with its port', () => {
    const found = planOf({ ...SETTLED, workloads: workloads({ rbdProvisioner: { rolling: true } }) });
    const others = SLOTS.filter((slot) => slot !== 'rbdProvisioner');
    expect(lastSeenIn(found).ready).toEqual(
      Object.fromEntries(others.map((slot) => [slot, `uid-${slot} ${DEFAULT_PORTS[slot]}`])),
    );
    expect(lastSeenIn(planOf({}))).toEqual({ ready: {}, inConflict: false });
  });

  it.each([
    ['Enforce', true],
    ['DryRun', false],
    ['Paused', false],
  ] as const)('is a conflict of sidecars in mode %s: %s', (mode, inConflict) => {
    expect(lastSeenIn(planOf({ ...CONFLICTING, spec: { mode } })).inConflict).toBe(inConflict);
    expect(lastSeenIn(planOf({ ...SETTLED, spec: { mode } })).inConflict).toBe(false);
  });
});
