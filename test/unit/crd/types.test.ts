// The CRD and the types of src/domain/rules/api.ts say the same. The tables below are typed by those types: a field or word
// that is added there does not compile here until it is listed, and then fails until the CRD has it, and the reverse.
import { describe, expect, test } from 'vitest';
import {
  API_GROUP,
  API_VERSION,
  ASSIGNMENT_KIND,
  ASSIGNMENT_NAME,
  ASSIGNMENT_PLURAL,
  type AssignmentSpec,
  type AssignmentStatus,
  type Condition,
  type Mode,
  type PortConflict,
  type PortHolder,
  type Provider,
  type RookConfigPolicy,
  type WorkloadState,
  type WorkloadStatus,
} from '../../../src/domain/rules/api.js';
import { DEGRADED_REASONS, PROGRESSING_REASONS, READY_REASONS } from '../../../src/domain/report/reasons.js';
import { forEachSlot, type Slot, type WorkloadKind } from '../../../src/domain/rules/slots.js';
import { CRD, SCHEMA, fieldSchema } from './manifests.js';

type JsonType<T> = T extends string
  ? 'string'
  : T extends number
    ? 'integer'
    : T extends boolean
      ? 'boolean'
      : T extends readonly unknown[]
        ? 'array'
        : 'object';
type Presence<T, K extends keyof T> = object extends Pick<T, K> ? 'optional' : 'required';
type Fields<T> = { readonly [K in keyof T]-?: `${Presence<T, K>} ${JsonType<NonNullable<T[K]>>}` };

const SPEC: Fields<AssignmentSpec> = {
  mode: 'optional string',
  ports: 'optional object',
  rookConfig: 'optional string',
};
const SPEC_PORTS: Fields<NonNullable<AssignmentSpec['ports']>> = forEachSlot(() => 'optional integer' as const);
const STATUS: Fields<AssignmentStatus> = {
  observedGeneration: 'required integer',
  provider: 'required string',
  rookVersion: 'optional string',
  ports: 'required object',
  workloads: 'required array',
  conflicts: 'optional array',
  advice: 'optional string',
  conditions: 'required array',
};
const STATUS_PORTS: Fields<AssignmentStatus['ports']> = forEachSlot(() => 'optional integer' as const);
const WORKLOAD: Fields<WorkloadStatus> = {
  kind: 'required string',
  name: 'required string',
  slot: 'required string',
  hostNetwork: 'required boolean',
  assignedPort: 'optional integer',
  currentPort: 'optional integer',
  state: 'required string',
};
const CONFLICT: Fields<PortConflict> = {
  port: 'required integer',
  holders: 'required array',
  nodes: 'optional array',
  nodeCount: 'optional integer',
};
const HOLDER: Fields<PortHolder> = {
  namespace: 'required string',
  kind: 'required string',
  name: 'required string',
  container: 'required string',
};
const CONDITION: Fields<Condition> = {
  type: 'required string',
  status: 'required string',
  reason: 'required string',
  message: 'required string',
  observedGeneration: 'required integer',
  lastTransitionTime: 'required string',
};

interface Row {
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Fields that the operator always writes and the schema does not ask for. */
  readonly lax?: readonly string[];
}

const OBJECTS: readonly Row[] = [
  { path: 'spec', fields: SPEC },
  { path: 'spec.ports', fields: SPEC_PORTS },
  // A field that a later version adds is missing in what is stored.
  { path: 'status', fields: STATUS, lax: Object.keys(STATUS) },
  { path: 'status.ports', fields: STATUS_PORTS },
  { path: 'status.workloads', fields: WORKLOAD },
  { path: 'status.conflicts', fields: CONFLICT },
  { path: 'status.conflicts.holders', fields: HOLDER },
  // As in metav1.Condition.
  { path: 'status.conditions', fields: CONDITION, lax: ['observedGeneration'] },
];

describe('the fields of the CRD are those of the types', () => {
  test.each(OBJECTS)('$path', ({ path, fields, lax = [] }) => {
    const { properties = {}, required = [] } = fieldSchema(path).items ?? fieldSchema(path);
    const inSchema = Object.entries(properties).map(([name, { type }]) => [name, type]);
    const inType = Object.entries(fields).map(([name, field]) => [name, field.split(' ')[1]]);
    expect(Object.fromEntries(inSchema)).toEqual(Object.fromEntries(inType));

    const always = Object.keys(fields).filter((name) => fields[name]!.startsWith('required'));
    expect([...required].sort()).toEqual(always.filter((name) => !lax.includes(name)).sort());
  });

  test('and there are none beside spec and status', () => {
    expect(Object.keys(SCHEMA.properties ?? {})).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
    expect(SCHEMA.required).toBeUndefined();
  });
});

type Words<T extends string> = Readonly<Record<T, true>>;
const MODES: Words<Mode> = { Enforce: true, DryRun: true, Paused: true };
const POLICIES: Words<RookConfigPolicy> = { Pin: true, Leave: true };
const PROVIDERS: Words<Provider> = { Rook: true, CephCSIOperator: true, Mixed: true, None: true };
const KINDS: Words<WorkloadKind> = { Deployment: true, DaemonSet: true };
const SLOTS: Words<Slot> = forEachSlot(() => true as const);
const STATES: Words<WorkloadState> = {
  Absent: true,
  PodNetwork: true,
  NoSidecar: true,
  UpstreamManaged: true,
  Drifted: true,
  PortInUse: true,
  RollingOut: true,
  Stuck: true,
  Ready: true,
  Rejected: true,
};
const CONDITION_STATUSES: Words<Condition['status']> = { True: true, False: true, Unknown: true };

describe('the words of the CRD are those of the types', () => {
  test.each([
    ['spec.mode', MODES],
    ['spec.rookConfig', POLICIES],
    ['status.provider', PROVIDERS],
    ['status.workloads.kind', KINDS],
    ['status.workloads.slot', SLOTS],
    ['status.workloads.state', STATES],
    ['status.conditions.status', CONDITION_STATUSES],
  ])('%s', (path, words) => {
    expect(fieldSchema(path).enum).toEqual(Object.keys(words));
  });

  test('every reason fits status.conditions.reason', () => {
    const pattern = new RegExp(fieldSchema('status.conditions.reason').pattern!);
    for (const reasons of [READY_REASONS, PROGRESSING_REASONS, DEGRADED_REASONS]) {
      for (const reason of Object.values(reasons)) expect(reason).toMatch(pattern);
    }
  });
});

test('the CRD has the names of the types', () => {
  expect(CRD.metadata.name).toBe(`${ASSIGNMENT_PLURAL}.${API_GROUP}`);
  expect(CRD.spec).toMatchObject({ group: API_GROUP, scope: 'Namespaced' });
  expect(CRD.spec.names).toMatchObject({ kind: ASSIGNMENT_KIND, plural: ASSIGNMENT_PLURAL });
  expect(CRD.spec.versions.map(({ name }) => name)).toEqual([API_VERSION]);
  expect(SCHEMA['x-kubernetes-validations']?.[0]?.rule).toBe(`self.metadata.name == '${ASSIGNMENT_NAME}'`);
});
