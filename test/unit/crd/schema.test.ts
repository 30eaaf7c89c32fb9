import { describe, expect, test } from 'vitest';
import { plan } from '../../../src/domain/rules/plan.js';
import { POOL, SLOT_SPECS, isAssignable, type Slot } from '../../../src/domain/rules/slots.js';
import { CONFLICTING, observe, type World } from '../domain/worlds.js';
import { CONFLICT_PORT } from '../../support/slots.js';
import { CRD, CRD_VERSION, SCHEMA, allFields, fieldSchema } from './manifests.js';

const FIELDS = allFields();

describe('descriptions', () => {
  test.each(FIELDS.filter(([path]) => path !== 'metadata'))('%s starts with its name', (path, { description }) => {
    expect(description).toMatch(new RegExp(`^${path.split('.').at(-1)!} is `));
  });

  test.each(FIELDS.filter(([path]) => path.startsWith('spec.')))(
    '%s says what absence means',
    (_path, { description }) => {
      expect(description).toContain('Absent means');
    },
  );

  test.each([
    'status.rookVersion',
    ...SLOT_SPECS.map(({ slot }) => `status.ports.${slot}`),
    'status.workloads.assignedPort',
    'status.workloads.currentPort',
    'status.conflicts',
    'status.conflicts.nodes',
    'status.conflicts.nodeCount',
    'status.advice',
  ])('%s says what absence means', (path) => {
    expect(fieldSchema(path).description).toContain('Absent means');
  });

  test('status.workloads.state has a word on each state', () => {
    const { description, enum: states = [] } = fieldSchema('status.workloads.state');
    for (const state of states) expect(description).toMatch(new RegExp(`\\b${state}\\b`));
  });

  test.each(SLOT_SPECS)('spec.ports.$slot names its workload, its key and its fixed port', (layout) => {
    const { description } = fieldSchema(`spec.ports.${layout.slot}`);
    expect(description).toContain(`is the port of the ${layout.kind} ${layout.workload}, `);
    expect(description).toContain(
      `the user's key ${layout.configKey}, else the port that it has, else ${layout.defaultPort}, `,
    );
    expect(fieldSchema('spec.ports').description).toContain(`${layout.slot} ${layout.defaultPort}`);
  });

  test('what is said of an empty spec, and of how to restart nothing on the nodes, is so where all three are on 9070', () => {
    const inWords = (world: World): string => {
      const { rbdProvisioner, cephfsProvisioner, rbdNodePlugin } = plan(observe(world)).assignment.ports;
      return rbdProvisioner === CONFLICT_PORT
        ? `the RBD provisioner stays there, the CephFS provisioner gets ${cephfsProvisioner} and the RBD node plugin ${rbdNodePlugin}.`
        : `The node plugin then stays there, the CephFS provisioner gets ${cephfsProvisioner} and the RBD provisioner ${rbdProvisioner}.`;
    };
    expect(SCHEMA.description).toContain(
      `Where all three are on ${CONFLICT_PORT}, as Rook leaves them, ${inWords(CONFLICTING)}`,
    );
    const { description } = fieldSchema('spec.ports');
    expect(description).toContain('where all three are on 9070, give only rbdNodePlugin: 9070');
    expect(description).toContain(inWords({ ...CONFLICTING, spec: { ports: { rbdNodePlugin: 9070 } } }));
  });

  test('spec.ports names the range from which the last tier takes', () => {
    const range = `the lowest one from ${POOL[0]} to ${POOL.at(-1)}.`;
    expect(fieldSchema('spec.ports').description).toContain(range);
  });
});

describe('spec', () => {
  test('has no defaults: an absent field stays absent', () => {
    for (const [path, field] of FIELDS) expect(field, path).not.toHaveProperty('default');
  });

  const slots = SLOT_SPECS.map(({ slot }) => slot);

  test.each(slots)('a given %s is what isAssignable accepts', (slot) => {
    const { minimum, maximum, 'x-kubernetes-validations': rules } = fieldSchema(`spec.ports.${slot}`);
    const assignable = Array.from({ length: 65_537 }, (_, port) => port).filter(isAssignable);
    expect([minimum, maximum]).toEqual([assignable[0], assignable.at(-1)]);

    const within = Array.from({ length: maximum! - minimum! + 1 }, (_, offset) => minimum! + offset);
    const excluded = within.filter((port) => !isAssignable(port));
    expect(rules?.map(({ rule }) => rule)).toEqual([excluded.map((port) => `self != ${port}`).join(' && ')]);
  });

  test('given ports are compared pair by pair', () => {
    const differ = (a: Slot, b: Slot): string => `!has(self.${a}) || !has(self.${b}) || self.${a} != self.${b}`;
    const pairs = slots.flatMap((a, index) => slots.slice(index + 1).map((b) => differ(a, b)));
    expect(fieldSchema('spec.ports')['x-kubernetes-validations']?.map(({ rule }) => rule)).toEqual(pairs);
  });

  test('every rule has a message that says the fix', () => {
    const rules = [SCHEMA, ...FIELDS.map(([, field]) => field)].flatMap(
      (schema) => schema['x-kubernetes-validations'] ?? [],
    );
    const pairs = (SLOT_SPECS.length * (SLOT_SPECS.length - 1)) / 2;
    // The name, one for each pair of ports, and one for each port.
    expect(rules).toHaveLength(1 + pairs + SLOT_SPECS.length);
    for (const { message } of rules) expect(message).toMatch(/: (set|change|choose) /);
  });
});

describe('status', () => {
  const inStatus = FIELDS.filter(([path]) => path.startsWith('status.'));

  const lists = inStatus.filter(([, { type }]) => type === 'array');

  test.each(lists)('%s is bounded, and says how it is merged', (_path, list) => {
    expect(list.maxItems).toBeLessThanOrEqual(100);
    expect(['map', 'atomic']).toContain(list['x-kubernetes-list-type']);
  });

  test.each(lists.filter(([, list]) => list['x-kubernetes-list-type'] === 'map'))('%s has its keys', (_path, list) => {
    expect(list.items?.required).toEqual(expect.arrayContaining([...list['x-kubernetes-list-map-keys']!]));
  });

  test.each(inStatus.filter(([, { type }]) => type === 'string'))('%s is bounded', (_path, field) => {
    expect(field.enum !== undefined || field.maxLength !== undefined || field.format === 'date-time').toBe(true);
  });
});

test('kubectl get shows what an admin looks for', () => {
  expect(CRD.spec.names).toMatchObject({ shortNames: ['csiports'], categories: ['rook'] });
  expect(CRD_VERSION.additionalPrinterColumns.map(({ name }) => name.toUpperCase())).toEqual([
    'READY',
    'REASON',
    'RBD',
    'CEPHFS',
    'NODE',
    'PROVIDER',
    'AGE',
    'DEGRADED',
    'MODE',
    'MESSAGE',
  ]);
});
