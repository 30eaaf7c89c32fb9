/**
 * Hostile objects on the whole way: bytes of a watch -> events -> projections -> stores -> plan -> patch -> status. Whatever
 * comes, no watch ends, no other object is missed, nothing but the port is changed, and what is written can be read.
 */
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { statusPatch } from '../../../src/controller/status-patch.js';
import type { ObservedObjects } from '../../../src/watched/watched-objects.js';
import { plan, type Plan } from '../../../src/domain/rules/plan.js';
import type { WorkloadPlan } from '../../../src/domain/rules/workload-plan.js';
import { SLOT_SPECS } from '../../../src/domain/rules/slots.js';
import { eventsOf } from '../../../src/domain/report/events.js';
import { statusOf } from '../../../src/domain/report/status.js';
import type { WriteResult } from '../../../src/domain/report/write-result.js';
import { CRD_VERSION } from '../crd/manifests.js';
import { applyPatch } from '../domain/json-patch.js';
import { mergePatch } from '../domain/merge-patch.js';
import { hostileConfigMap, hostileWorkload, withOddValue } from './arbitraries.js';
import { openStreams } from './streams.js';

const NAMESPACE = 'rook';
const RUNS = { numRuns: 300 };

const PROTOTYPES: readonly object[] = [{}, [], 'x', 1, () => 0, new Map()].map(
  (one) => Object.getPrototypeOf(one) as object,
);
const properties = (): [string, unknown][] =>
  PROTOTYPES.flatMap((prototype) => Object.entries(Object.getOwnPropertyDescriptors(prototype))).map(
    ([key, descriptor]) => [key, descriptor.value],
  );
const pristine = properties();
afterAll(() => {
  const now = properties();
  expect(now.map(([key]) => key)).toEqual(pristine.map(([key]) => key));
  expect(now.filter(([, value], at) => value !== pristine[at]![1])).toEqual([]);
});

const ASSIGNMENT = {
  metadata: {
    namespace: NAMESPACE,
    name: 'default',
    uid: 'uid-default',
    resourceVersion: '10',
    generation: 3,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: { mode: 'Enforce', ports: { rbdNodePlugin: 9075 } },
  status: {
    workloads: [{ kind: 'DaemonSet', name: 'csi-rbdplugin', slot: 'rbdNodePlugin', hostNetwork: true, state: 'Ready' }],
    ports: { rbdProvisioner: 9070, cephfsProvisioner: 9071, rbdNodePlugin: 9075 },
    conflicts: [{ port: 9070, holders: [{ kind: 'Deployment', name: 'csi-rbdplugin-provisioner' }] }],
    conditions: ['Ready', 'Progressing', 'Degraded'].map((type) => {
      const lastTransitionTime = '2026-01-01T00:00:00Z';
      return { type, status: type === 'Degraded' ? 'False' : 'True', reason: 'x', message: 'y', lastTransitionTime };
    }),
  },
};

interface Template {
  readonly spec: { readonly containers: readonly RawContainer[] };
}
interface RawContainer {
  readonly name: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly containerPort: number; readonly protocol?: string }[];
}
interface Raw {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly template: Template };
}

function rowOf({ workloads }: Plan, raw: Raw): WorkloadPlan {
  return workloads.find(({ slotSpec }) => slotSpec.workload === raw.metadata.name)!;
}

/** Everything but the sidecar's argument for the port and its declared ports. */
function restOf(raw: Raw, index: number): object {
  const copy = structuredClone(raw) as unknown as { spec: { template: { spec: { containers: object[] } } } };
  const { containers } = copy.spec.template.spec;
  const { command = [], args = [], ports = [], ...rest } = raw.spec.template.spec.containers[index]!;
  const foreign = ports.filter(({ protocol = 'TCP' }) => protocol !== 'TCP');
  containers[index] = { ...rest, ...otherArguments(command, args), foreign };
  return copy;
}

/** What neither is the flag for the port nor stands behind one as its value, which may be in the other list. */
function otherArguments(command: readonly string[], args: readonly string[]): Pick<RawContainer, 'command' | 'args'> {
  let isValue = false;
  const isOther = (element: string): boolean => {
    const wasValue = isValue;
    isValue = !wasValue && /^--?controller-port$/.test(element);
    return !wasValue && !isValue && !/^--?controller-port=/.test(element);
  };
  return { command: command.filter(isOther), args: args.filter(isOther) };
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const ajv = new Ajv({ strict: false, formats: { 'date-time': RFC_3339, int32: true, int64: true } });
const statusSchema = CRD_VERSION.schema.openAPIV3Schema.properties!.status!;
const isValidStatus = ajv.compile(statusSchema);

/** No string that the API server holds has half a character in it. */
function wellFormed(object: object): object {
  return JSON.parse(JSON.stringify(object), (_, part: unknown) =>
    typeof part === 'string' ? part.toWellFormed() : part,
  ) as object;
}

/** What is stored is what was sent: a half of a character would come back as another one. */
function expectWritable(value: object): void {
  expect(wellFormed(value)).toEqual(JSON.parse(JSON.stringify(value)));
}

const NOW = '2026-01-01T00:05:00Z';

// eslint-disable-next-line no-control-regex -- these are what it is about
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/;

const STRANGE = 'x\u001b[31m\n';
const CONTEST = { manager: STRANGE, lastWriteTime: NOW, backoffSeconds: 30, keys: [STRANGE] };

/** What may have become of every write of the plan. */
function outcomesOf({ workloads, pin }: Plan): WriteResult[][] {
  const objects = [
    { kind: 'ConfigMap', name: 'rook-ceph-operator-config', keys: pin } as const,
    ...workloads.map(({ slotSpec: { kind, workload: name, slot }, currentPort, assignedPort: to }) => {
      return {
        kind,
        name,
        slot,
        ...(to === undefined ? {} : { to }),
        ...(currentPort === undefined ? {} : { from: currentPort }),
      };
    }),
  ];
  const all = (result: Pick<WriteResult, 'outcome'> & Partial<WriteResult>): WriteResult[] =>
    objects.map((object) => ({ ...object, isSent: true, ...result }));
  return [
    all({ outcome: 'Unchanged', isSent: false }),
    all({ outcome: 'Rejected', cause: STRANGE }),
    all({ outcome: 'Failed', cause: STRANGE }),
    all({ outcome: 'Applied', contest: CONTEST, reverted: { manager: STRANGE } }),
    all({ outcome: 'BackingOff', isSent: false, contest: CONTEST }),
    all({ outcome: 'AwaitingPods', isSent: false }),
  ];
}

/** @param stored the status as it was sent */
function expectSoundStatus(observed: ObservedObjects, found: Plan, stored: unknown): void {
  const { generation, status: read, invalidStatus } = observed.assignment;
  for (const results of outcomesOf(found)) {
    const status = statusOf({ plan: found, results, generation, stored: read, now: NOW });
    expect(isValidStatus(status), ajv.errorsText(isValidStatus.errors)).toBe(true);
    expectWritable(status);
    for (const { message } of status.conditions) expect(message).not.toMatch(CONTROLS);
    const patch = statusPatch(read ?? invalidStatus, status) ?? {};
    expect(mergePatch(stored, JSON.parse(JSON.stringify(patch)))).toEqual(JSON.parse(JSON.stringify(status)));
    const enforced: Plan = { ...found, mode: 'Enforce' };
    const events = eventsOf({ before: enforced, after: enforced, results, lastSeen: undefined });
    for (const { note } of events) expect(note).not.toContain('undefined');
  }
}

test('a workload that the API server takes is repaired in its port, and in nothing else', async () => {
  const { watches, send, failed, unreadable } = await openStreams();
  await send('default', ASSIGNMENT);
  let version = 100;
  let repaired = 0;
  await fc.assert(
    fc.asyncProperty(hostileWorkload, hostileConfigMap, async (workload, config) => {
      const stored = (object: object): object => {
        version += 1;
        const { metadata } = object as { metadata: object };
        return { ...object, metadata: { ...metadata, resourceVersion: String(version) } };
      };
      const raw = stored(wellFormed(workload)) as Raw;
      await Promise.all([send(raw.metadata.name, raw), send('rook-ceph-operator-config', stored(wellFormed(config)))]);
      const observed = watches.observe(NAMESPACE)!;
      const found = plan({ ...observed, now: Date.parse(NOW) });
      expectSoundStatus(observed, found, ASSIGNMENT.status);
      for (const key of Object.keys(found.pin)) expect(SLOT_SPECS.map(({ configKey }) => configKey)).toContain(key);
      const { patch, workload: seen, assignedPort } = rowOf(found, raw);
      if (patch === undefined) return;
      repaired += 1;
      const sent = JSON.parse(JSON.stringify(patch)) as typeof patch;
      const patched = { ...applyPatch(raw, sent) };
      const { index } = seen!.sidecar!;
      expect(restOf(patched, index)).toEqual(restOf(raw, index));
      await send(raw.metadata.name, stored(patched));
      const again = rowOf(plan({ ...watches.observe(NAMESPACE)!, now: Date.parse(NOW) }), raw);
      expect(again.patch).toBeUndefined();
      expect(again.currentPort).toBe(assignedPort);
    }),
    RUNS,
  );
  expect(repaired).toBeGreaterThan(20);
  expect([failed, unreadable]).toEqual([[], []]);
}, 120_000);

test('an object with a value of any other type is read, or counts as absent: no watch ends, nothing is written wrong', async () => {
  const { watches, send, failed, unreadable } = await openStreams();
  let version = 100;
  const odd = (name: string, object: fc.Arbitrary<object>): fc.Arbitrary<[string, object]> =>
    withOddValue(object).map((one) => [name, wellFormed(one)]);
  const oddStatus = withOddValue(fc.constant(ASSIGNMENT.status)).map((status): [string, object] => {
    return ['default', wellFormed({ ...ASSIGNMENT, status })];
  });
  const anyObject = fc.oneof(
    ...SLOT_SPECS.map(({ workload }) => odd(workload, hostileWorkload)),
    odd('rook-ceph-operator', hostileWorkload),
    odd('rook-ceph-operator-config', hostileConfigMap),
    odd('default', fc.constant(ASSIGNMENT)),
    ...SLOT_SPECS.map(() => oddStatus),
  );
  /** By version: of an object that is not read, the store may go on with the one before. */
  const statuses = new Map<string, unknown>();
  await fc.assert(
    fc.asyncProperty(anyObject, async ([name, object]) => {
      version += 1;
      const { metadata } = object as { metadata?: unknown };
      const identity = { namespace: NAMESPACE, uid: `uid-${name}`, resourceVersion: String(version) };
      const isObject = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
      statuses.set(String(version), (object as { status?: unknown }).status);
      await send(name, {
        ...object,
        metadata: isObject ? { ...identity, ...metadata, name, resourceVersion: String(version) } : identity,
      });
      const observed = watches.observe(NAMESPACE);
      if (observed === undefined) {
        statuses.set(String(version), ASSIGNMENT.status);
        await send('default', { ...ASSIGNMENT, metadata: { ...identity, uid: 'uid-default', name: 'default' } });
        return;
      }
      const found = plan({ ...observed, now: Date.parse(NOW) });
      expectSoundStatus(observed, found, statuses.get(observed.assignment.resourceVersion));
    }),
    RUNS,
  );
  expect(failed).toEqual([]);
  expect(unreadable.length).toBeGreaterThan(0);
}, 120_000);

test.each([
  ['nested a hundred thousand times', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['with inherited names', '{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}},"toString":null}'],
  ['of a megabyte', JSON.stringify('x'.repeat(1_000_000))],
])('what the operator has no use for may be %s', async (_, json) => {
  const { watches, send, failed, unreadable } = await openStreams();
  for (const { workload: name } of SLOT_SPECS) {
    const metadata = `{"namespace":"rook","name":"${name}","uid":"u","resourceVersion":"7","annotations":{"x":${json}}}`;
    await send(name, `{"metadata":${metadata},"x":${json},"spec":{"y":${json},"template":{"z":${json}}}}`);
  }
  for (const { slot } of SLOT_SPECS) expect(watches.workloads[slot].get('rook')?.resourceVersion).toBe('7');
  expect([failed, unreadable]).toEqual([[], []]);
});
