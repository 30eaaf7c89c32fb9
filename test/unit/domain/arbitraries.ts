/** Random ports, sidecars, settings and worlds, drawn so that what matters (clashes, leftovers, own pins) is frequent. */
import fc from 'fast-check';
import { FIELD_MANAGER, type AssignmentSpec } from '../../../src/domain/rules/api.js';
import type { HostNetworkPod } from '../../../src/domain/rules/host-network-pods.js';
import type { RookConfig, RookConfigEntry } from '../../../src/domain/rules/rook-config.js';
import type { RookOperator } from '../../../src/domain/rules/rook-operator.js';
import type { RookWorld } from '../../../src/domain/rules/rook-world.js';
import { SLOT_SPECS, forEachSlot, isAssignable, type ConfigKey, type Slot } from '../../../src/domain/rules/slots.js';
import type { WriteOutcome, WriteResult } from '../../../src/domain/report/write-result.js';
import { driver } from './drivers.js';
import { podOn, rookPods } from './pods.js';
import { ROOK_ARGS, rawWorkload } from './raw-workload.js';
import type { RawContainer, RawPort, RawVariable, RawWorkload } from './raw-workload.js';
import { EARLIER, SLOTS, rookConfig, rookWorld, unassigned, type Changes, type World } from './worlds.js';

const FREQUENT_PORTS = [9070, 9071, 9072, 9073, 9075, 9090];
const HOSTILE_NUMBERS = [
  NaN,
  Infinity,
  -Infinity,
  -9070,
  -0,
  0,
  80,
  1023,
  1024,
  9070.5,
  9080,
  9081,
  65535,
  65536,
  2 ** 53,
];

export const assignablePort: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...FREQUENT_PORTS) },
  { weight: 1, arbitrary: fc.integer({ min: 1024, max: 65535 }).filter(isAssignable) },
);

const hostileNumber = fc.oneof(fc.constantFrom(...FREQUENT_PORTS), fc.constantFrom(...HOSTILE_NUMBERS), fc.double());

type PortKeys<T> = Record<ConfigKey, T>;

function perKey<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Partial<PortKeys<T>>> {
  const keys = SLOT_SPECS.map(({ configKey }) => [configKey, value]);
  return fc.record(Object.fromEntries(keys) as PortKeys<typeof value>, { requiredKeys: [] });
}

function perSlot<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Partial<Record<Slot, T>>> {
  return fc.record(
    forEachSlot(() => value),
    { requiredKeys: [] },
  );
}

/** Anything that a slot's port might be given as. */
export const hostileSlotPorts: fc.Arbitrary<Partial<Record<Slot, number>>> = perSlot(hostileNumber);

/** What the API server lets through in `spec.ports`: assignable and distinct. */
export const validSlotPorts: fc.Arbitrary<Partial<Record<Slot, number>>> = perSlot(assignablePort).filter((ports) => {
  return new Set(Object.values(ports)).size === Object.keys(ports).length;
});

const argumentValue = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...FREQUENT_PORTS).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('', 'abc', '09070', ':9070') },
  { weight: 1, arbitrary: fc.constantFrom('$(PORT)', '0$(PORT)', '$$(PORT)', '$(OTHER)') },
);

/** Every form in which Go's flag package takes the port. */
const portFlag: fc.Arbitrary<string[]> = fc
  .tuple(fc.constantFrom('--controller-port', '-controller-port'), argumentValue, fc.boolean())
  .map(([flag, value, joined]) => (joined ? [`${flag}=${value}`] : [flag, value]));

/** Rook's arguments with the flag in none, one or several places, and sometimes last without its value. */
const argumentList: fc.Arbitrary<string[]> = fc
  .tuple(
    fc.subarray([...ROOK_ARGS]),
    fc.array(fc.tuple(fc.nat({ max: ROOK_ARGS.length }), portFlag), { maxLength: 3 }),
    fc.option(fc.constantFrom('--controller-port', '-controller-port'), { freq: 5 }),
  )
  .map(([others, flags, trailing]) => {
    const groups = others.map((argument) => [argument]);
    for (const [at, flag] of flags) groups.splice(at, 0, flag);
    return [...groups.flat(), ...(trailing === null ? [] : [trailing])];
  });

const declaredPort: fc.Arbitrary<RawPort> = fc
  .tuple(fc.constantFrom(...FREQUENT_PORTS, 8080), fc.boolean(), fc.option(fc.constantFrom('addons', 'metrics')))
  .map(([containerPort, stored, name]) => ({
    ...(name === null ? {} : { name }),
    containerPort,
    protocol: 'TCP',
    ...(stored ? { hostPort: containerPort } : {}),
  }));

/** What `$(PORT)` in an argument stands for. */
const portVariable: fc.Arbitrary<RawVariable> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...FREQUENT_PORTS).map((port) => ({ name: 'PORT', value: String(port) })) },
  { weight: 1, arbitrary: fc.constant({ name: 'PORT', value: 'abc' }) },
  { weight: 1, arbitrary: fc.constant({ name: 'PORT', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }) },
);

/** The csi-addons container, less name and image. */
export const sidecarContainer: fc.Arbitrary<Omit<RawContainer, 'name' | 'image'>> = fc
  .record({
    command: fc.option(
      portFlag.map((flag) => ['/usr/bin/csi-addons-sidecar', ...flag]),
      { freq: 4 },
    ),
    args: fc.option(argumentList, { freq: 8 }),
    ports: fc.option(fc.uniqueArray(declaredPort, { selector: ({ containerPort }) => containerPort, maxLength: 4 })),
    env: fc.option(portVariable.map((variable) => [variable])),
  })
  .map(({ command, args, ports, env }) => ({
    ...(command === null ? {} : { command }),
    ...(args === null ? {} : { args }),
    ...(ports === null ? {} : { ports }),
    ...(env === null ? {} : { env }),
  }));

function workloadOf(slot: Slot): fc.Arbitrary<RawWorkload> {
  const rarely = fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0);
  return fc
    .record({
      port: fc.constantFrom(...FREQUENT_PORTS),
      odd: fc.option(sidecarContainer),
      bare: rarely,
      podNetwork: fc.integer({ min: 0, max: 2 }).map((dice) => dice === 0),
      driverOwned: rarely,
      deleting: rarely,
      rolling: fc.boolean(),
      liveness: fc.option(fc.constantFrom(9071, 9072, 9080), { freq: 4 }),
    })
    .map(({ port, odd, bare, podNetwork, liveness, ...rest }) => {
      const sidecar = bare ? ('none' as const) : odd;
      return rawWorkload(slot, {
        ...rest,
        port,
        hostNetwork: !podNetwork,
        ...(sidecar === null ? {} : { sidecar }),
        ...(liveness === null ? {} : { liveness }),
      });
    });
}

const keyEntry: fc.Arbitrary<RookConfigEntry> = fc.record({
  value: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...FREQUENT_PORTS).map(String) },
    { weight: 1, arbitrary: fc.constantFrom('', ' ', 'abc', '70000', '0', '80', '9080', '09070') },
  ),
  managers: fc.constantFrom([], [FIELD_MANAGER], [FIELD_MANAGER, 'helm'], ['kubectl-edit']),
});

const livenessSettings: fc.Arbitrary<RookConfig['settings']> = fc.record(
  {
    CSI_ENABLE_LIVENESS: fc.constantFrom('true', 'false'),
    CSI_RBD_LIVENESS_METRICS_PORT: fc.constantFrom('9072', '9080', 'abc'),
    CSI_CEPHFS_LIVENESS_METRICS_PORT: fc.constantFrom('9071', '9081', ''),
  },
  { requiredKeys: [] },
);

export const anyRookConfig: fc.Arbitrary<RookConfig> = fc
  .tuple(perKey(keyEntry), livenessSettings)
  .map(([keys, settings]) => rookConfig(keys, settings));

const anyEnvironment: fc.Arbitrary<RookOperator['env']> = fc
  .tuple(perKey(fc.constantFrom('9070', '9071', '9075', 'abc')), livenessSettings)
  .map(([keys, settings]) => ({ ...keys, ...settings }));

const anySpec: fc.Arbitrary<AssignmentSpec> = fc.record(
  {
    mode: fc.constantFrom('Enforce', 'DryRun', 'Paused'),
    ports: validSlotPorts,
    rookConfig: fc.constantFrom('Pin', 'Leave'),
  },
  { requiredKeys: [] },
);

const NODES = ['node-1', 'node-2', 'node-3'];

/** Of strangers: on some nodes, with some of the frequent ports. */
export const foreignPods: fc.Arbitrary<HostNetworkPod[]> = fc.uniqueArray(
  fc
    .record({
      ports: fc.subarray(FREQUENT_PORTS, { minLength: 1, maxLength: 2 }),
      name: fc.constantFrom('node-agent', 'node-exporter'),
      node: fc.constantFrom(...NODES),
      isScheduled: fc.integer({ min: 0, max: 4 }).map((dice) => dice > 0),
    })
    .map(({ ports, ...rest }) => podOn(ports, rest)),
  { maxLength: 3, selector: ({ uid }) => uid },
);

/** One Rook, without its surroundings. */
const aRook = fc
  .record({
    created: fc.constantFrom('2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'),
    spec: anySpec,
    config: fc.option(anyRookConfig, { nil: undefined, freq: 8 }),
    present: fc.subarray([...SLOTS]),
    raws: fc.record(forEachSlot(({ slot }) => workloadOf(slot))),
    rook: fc.option(
      fc.record({
        image: fc.constantFrom('rook/ceph:v1.16.4', 'rook/ceph:v1.17.9', 'rook/ceph:main'),
        env: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: anyEnvironment }),
      }),
      { nil: undefined },
    ),
  })
  .map(({ config, rook, present, raws, ...rest }) => ({
    ...rest,
    ...(config === undefined ? {} : { config }),
    ...(rook === undefined ? {} : { rook }),
    workloads: Object.fromEntries(present.map((slot) => [slot, raws[slot]])),
  }));

const aNeighbour: fc.Arbitrary<RookWorld> = fc
  .tuple(fc.constantFrom('rook-a', 'rook-z'), aRook, fc.integer({ min: 0, max: 3 }))
  .map(([namespace, world, dice]) => (dice === 0 ? unassigned : rookWorld)({ ...world, namespace }));

const neighbours = fc.uniqueArray(aNeighbour, { maxLength: 2, selector: ({ namespace }) => namespace });

/** Of each namespace, the pods of all slots on some nodes: what they have does not matter, where they are does. */
function slotPods(namespaces: readonly string[]): fc.Arbitrary<HostNetworkPod[]> {
  const each = namespaces.map((namespace) => {
    return fc.subarray(NODES).map((nodes) => rookPods(namespace, nodes));
  });
  return fc.tuple(...each).map((pods) => pods.flat());
}

const anyPods: fc.Arbitrary<NonNullable<World['pods']>> = fc.oneof(
  { weight: 1, arbitrary: fc.constant('unknown' as const) },
  { weight: 1, arbitrary: foreignPods },
  {
    weight: 3,
    arbitrary: fc.tuple(foreignPods, slotPods(['rook-ceph', 'rook-a', 'rook-z'])).map((pods) => pods.flat()),
  },
);

export const anyWorld: fc.Arbitrary<World> = fc
  .record({
    world: aRook,
    drivers: fc.subarray([driver('rbd'), driver('cephfs'), driver('nvmeof'), driver('nfs')]),
    pods: anyPods,
    others: fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: neighbours }),
  })
  .map(({ world, ...rest }) => ({ ...world, ...rest }));

/** Some who write the objects, or none that left a name. */
const reverted = fc.record(
  { manager: fc.constantFrom('rook', 'kubectl-edit', 'argocd-controller') },
  { requiredKeys: [] },
);
const contest = fc
  .tuple(reverted, fc.constantFrom(30, 60, 120, 240, 300))
  .map(([who, backoffSeconds]) => ({ ...who, backoffSeconds, lastWriteTime: EARLIER }));

/** What may have become of one object's write. */
const anyResult: fc.Arbitrary<Partial<WriteResult>> = fc
  .record({
    outcome: fc.constantFrom<WriteOutcome>(
      'Unchanged',
      'Applied',
      'Accepted',
      'WaitingForRook',
      'AwaitingPods',
      'BackingOff',
      'Rejected',
      'Outdated',
      'Failed',
    ),
    isSent: fc.boolean(),
    cause: fc.constantFrom('denied by policy', 'the API server is away'),
    contest: fc.option(contest, { nil: undefined }),
    reverted: fc.option(reverted, { nil: undefined }),
  })
  .map(({ contest: fight, reverted: by, ...rest }) => ({
    ...rest,
    ...(fight === undefined ? {} : { contest: fight }),
    ...(by === undefined ? {} : { reverted: by }),
  }));

export const anyResults: fc.Arbitrary<Changes> = fc.record(
  { rookConfig: anyResult, ...forEachSlot(() => anyResult) },
  { requiredKeys: [] },
);
