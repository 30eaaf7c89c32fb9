/** Random ports, sidecars, settings and worlds, drawn so that what matters (clashes, leftovers, own pins) is frequent. */
import fc from 'fast-check';
import { FIELD_MANAGER, type AssignmentSpec } from '../../../src/domain/rules/api.js';
import type { RookConfig, RookConfigEntry } from '../../../src/domain/rules/rook-config.js';
import { SLOT_SPECS, forEachSlot, isAssignable, type ConfigKey, type Slot } from '../../../src/domain/rules/slots.js';
import type { WriteOutcome, WriteResult } from '../../../src/domain/report/write-result.js';
import { ROOK_ARGS, rawWorkload, type RawContainer, type RawPort, type RawWorkload } from './raw-workload.js';
import { EARLIER, SLOTS, rookConfig, type Changes, type World } from './worlds.js';

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
  { weight: 1, arbitrary: fc.constantFrom('$(PORT)', '', 'abc', '09070', ':9070') },
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

/** The csi-addons container, less name and image. */
export const sidecarContainer: fc.Arbitrary<Omit<RawContainer, 'name' | 'image'>> = fc
  .record({
    command: fc.option(
      portFlag.map((flag) => ['/usr/bin/csi-addons-sidecar', ...flag]),
      { freq: 4 },
    ),
    args: fc.option(argumentList, { freq: 8 }),
    ports: fc.option(fc.uniqueArray(declaredPort, { selector: ({ containerPort }) => containerPort, maxLength: 4 })),
  })
  .map(({ command, args, ports }) => ({
    ...(command === null ? {} : { command }),
    ...(args === null ? {} : { args }),
    ...(ports === null ? {} : { ports }),
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
    })
    .map(({ port, odd, bare, podNetwork, ...rest }) => {
      const sidecar = bare ? ('none' as const) : odd;
      return rawWorkload(slot, { ...rest, port, hostNetwork: !podNetwork, ...(sidecar === null ? {} : { sidecar }) });
    });
}

const keyEntry: fc.Arbitrary<RookConfigEntry> = fc.record({
  value: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...FREQUENT_PORTS).map(String) },
    { weight: 1, arbitrary: fc.constantFrom('', ' ', 'abc', '70000', '0', '80', '9080', '09070') },
  ),
  managers: fc.constantFrom([], [FIELD_MANAGER], [FIELD_MANAGER, 'helm'], ['kubectl-edit']),
});

export const anyRookConfig: fc.Arbitrary<RookConfig> = fc
  .record(
    Object.fromEntries(SLOT_SPECS.map(({ configKey }) => [configKey, keyEntry])) as Record<ConfigKey, typeof keyEntry>,
    {
      requiredKeys: [],
    },
  )
  .map(rookConfig);

const anySpec: fc.Arbitrary<AssignmentSpec> = fc.record(
  {
    mode: fc.constantFrom('Enforce', 'DryRun', 'Paused'),
    ports: validSlotPorts,
    rookConfig: fc.constantFrom('Pin', 'Leave'),
  },
  { requiredKeys: [] },
);

export const anyWorld: fc.Arbitrary<World> = fc
  .record({
    spec: anySpec,
    config: fc.option(anyRookConfig, { nil: undefined, freq: 8 }),
    present: fc.subarray([...SLOTS]),
    raws: fc.record(forEachSlot(({ slot }) => workloadOf(slot))),
    rook: fc.option(fc.record({ image: fc.constantFrom('rook/ceph:v1.16.4', 'rook/ceph:v1.17.9', 'rook/ceph:main') }), {
      nil: undefined,
    }),
    hasDrivers: fc.boolean(),
  })
  .map(({ config, rook, present, raws, ...rest }) => ({
    ...rest,
    ...(config === undefined ? {} : { config }),
    ...(rook === undefined ? {} : { rook }),
    workloads: Object.fromEntries(present.map((slot) => [slot, raws[slot]])),
  }));

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
