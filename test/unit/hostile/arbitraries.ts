/** Objects as nobody would write them: some that the API server takes, and some that only a broken one would send. */
import fc from 'fast-check';
import { SLOT_SPECS } from '../../../src/domain/rules/slots.js';

/** Own keys of JSON.parse, and names that every object inherits. */
export const INHERITED = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];

const CHARACTERS = ['\u0000', '\n', '\r', '\u001b[31m', '\u007f', '\u0085', '\u009b', '\u2028', '\u202e', '\ud800'];
export const strangeText = fc
  .array(fc.oneof(fc.constantFrom(...CHARACTERS, ...INHERITED, '%s', '$(X)', '😀', '/', '~0', '~1'), fc.string()), {
    maxLength: 6,
  })
  .map((parts) => parts.join(''));

const portText = fc.oneof(
  fc.integer({ min: -70_000, max: 70_000 }).map(String),
  fc.constantFrom(
    '9070',
    '9071',
    '9072',
    '09071',
    'NaN',
    '1e4',
    '0x2386',
    '９０７０',
    '',
    '\n',
    ' 9070',
    '9'.repeat(400),
  ),
);
const flag = fc.constantFrom('--controller-port', '-controller-port', '---controller-port', '--metricsport');
const argument = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(flag, portText).map(([name, port]) => `${name}=${port}`) },
  { weight: 1, arbitrary: flag },
  { weight: 1, arbitrary: portText },
  { weight: 2, arbitrary: strangeText },
);

const declaredPort = fc.record(
  {
    containerPort: fc.oneof(fc.constantFrom(9070, 9071, 9072, 9073, 8080), fc.integer({ min: 1, max: 65_535 })),
    hostPort: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 65_535 })),
    name: fc.constantFrom('a', 'b'),
    protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
  },
  { requiredKeys: ['containerPort'] },
);

const container = (name: fc.Arbitrary<string>): fc.Arbitrary<object> =>
  fc.record(
    {
      name,
      image: strangeText,
      command: fc.array(argument, { maxLength: 6 }),
      args: fc.array(argument, { maxLength: 12 }),
      ports: fc.array(declaredPort, { maxLength: 6 }),
    },
    { requiredKeys: ['name', 'image'] },
  );
const containerName = fc.constantFrom('csi-addons', 'csi-addons', 'liveness-prometheus', 'driver', ...INHERITED);

const managedFields = fc.array(
  fc.record({
    manager: fc.oneof(fc.constantFrom('rook', 'csi-port-operator', ...INHERITED), strangeText),
    time: fc.constantFrom('2026-01-01T00:00:00Z', 'never', ''),
    fieldsV1: fc.constantFrom(
      JSON.parse('{"f:data":{"f:CSIADDONS_PORT":{},"__proto__":{}}}'),
      { 'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"csi-addons"}': { 'f:args': {} } } } } } },
      {},
    ),
  }),
  { maxLength: 4 },
);

/** Fields that no object has, and names that all inherit, as JSON gives them: own keys. */
const strangers = fc
  .array(fc.tuple(fc.constantFrom(...INHERITED, 'x'), fc.jsonValue({ maxDepth: 2 })), { maxLength: 3 })
  .map(
    (entries) =>
      JSON.parse(
        `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
      ) as object,
  );

function metadata(name: string): fc.Arbitrary<object> {
  return fc
    .record({ managedFields, labels: strangers, annotations: strangers, deleting: fc.boolean() })
    .map(({ deleting, ...more }) => ({
      namespace: 'rook',
      name,
      uid: `uid-${name}`,
      resourceVersion: '10',
      generation: 3,
      ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      ...more,
    }));
}

/** A workload of Rook's that the API server would take. */
export const hostileWorkload: fc.Arbitrary<object> = fc
  .record({
    metadata: fc.constantFrom(...SLOT_SPECS).chain(({ workload }) => metadata(workload)),
    containers: fc.array(container(containerName), { minLength: 1, maxLength: 5 }),
    initContainers: fc.array(container(fc.constant('csi-addons')), { maxLength: 2 }),
    hostNetwork: fc.integer({ min: 0, max: 9 }).map((dice) => dice > 0),
    strangers,
  })
  .map(({ metadata: identity, strangers: more, ...pod }) => ({
    ...more,
    metadata: identity,
    spec: {
      ...more,
      replicas: 2,
      template: { metadata: { labels: more }, spec: { ...pod, ephemeralContainers: pod.initContainers } },
    },
    status: { observedGeneration: 3 },
  }));

export const hostileConfigMap: fc.Arbitrary<object> = fc
  .record({
    metadata: metadata('rook-ceph-operator-config'),
    strangers: fc.array(fc.tuple(fc.constantFrom(...INHERITED, 'csiaddons_port', 'CSIADDONS_PORT '), strangeText)),
    keys: fc.record(
      Object.fromEntries(SLOT_SPECS.map(({ configKey }) => [configKey, fc.oneof(portText, strangeText)])),
      { requiredKeys: [] },
    ),
  })
  .map(({ strangers: more, keys, ...rest }) => {
    const data = [...more, ...Object.entries(keys)].map((entry) => entry.map((part) => JSON.stringify(part)).join(':'));
    return { ...rest, data: JSON.parse(`{${data.join(',')}}`) as object };
  });

const anything = fc.oneof(
  fc.constantFrom<unknown>(null, '', 'text', 0, -1, 9070.5, 1e308, true, [], {}, [null], [[]], 'x'.repeat(5_000)),
  fc.jsonValue({ maxDepth: 3 }),
);

/** The same with one value, anywhere in it, of any other type. */
export function withOddValue(object: fc.Arbitrary<object>): fc.Arbitrary<object> {
  return fc.tuple(object, fc.nat(), anything).map(([sound, at, value]) => {
    const copy = structuredClone(sound);
    const places = placesIn(copy);
    const { parent, key } = places[at % places.length]!;
    Object.defineProperty(parent, key, { value, enumerable: true, writable: true, configurable: true });
    return copy;
  });
}

function placesIn(parent: object): { readonly parent: object; readonly key: string }[] {
  return Object.entries(parent).flatMap(([key, value]: [string, unknown]) => [
    { parent, key },
    ...(typeof value === 'object' && value !== null ? placesIn(value) : []),
  ]);
}
