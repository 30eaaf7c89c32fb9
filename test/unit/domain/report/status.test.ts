import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AssignmentStatus, StoredStatus } from '../../../../src/domain/rules/api.js';
import { plan } from '../../../../src/domain/rules/plan.js';
import { SLOT_SPECS } from '../../../../src/domain/rules/slots.js';
import { advice } from '../../../../src/domain/report/compatibility.js';
import { statusOf } from '../../../../src/domain/report/status.js';
import type { Workload } from '../../../../src/domain/rules/workload.js';
import { rfc3339Seconds } from '../../../../src/domain/report/time.js';
import { projectAssignment } from '../../../../src/kube/projections.js';
import { anyResults, anyWorld } from '../arbitraries.js';
import { project, rawWorkload } from '../raw-workload.js';
import {
  CONFLICTING,
  DEFAULT_PORTS,
  EARLIER,
  NOW,
  SETTLED,
  observe,
  reportOf,
  statusIn,
  workloads,
  type World,
} from '../worlds.js';

describe('the status', () => {
  it('is exactly this of a settled world', () => {
    const world: World = { ...SETTLED, rook: { image: 'rook/ceph:v1.17.9' } };
    const { conditions, ...rest } = statusIn(world, { generation: 4 });
    expect(conditions.map(({ type, status }) => [type, status])).toEqual([
      ['Ready', 'True'],
      ['Progressing', 'False'],
      ['Degraded', 'False'],
    ]);
    expect(rest).toEqual({
      observedGeneration: 4,
      provider: 'Rook',
      rookVersion: 'v1.17.9',
      ports: DEFAULT_PORTS,
      workloads: SLOT_SPECS.map(({ slot, kind, workload: name, defaultPort: port }) => {
        return { kind, name, slot, hostNetwork: true, assignedPort: port, currentPort: port, state: 'Ready' };
      }),
      advice: advice('v1.17.9', 'Rook'),
    });
  });

  it('has no field for what is unknown, so that equal statuses are equal as JSON too', () => {
    const status = statusIn({ workloads: { rbdNodePlugin: rawWorkload('rbdNodePlugin', { sidecar: 'none' }) } });
    expect(status).toEqual(JSON.parse(JSON.stringify(status)));
    expect(status).not.toHaveProperty('rookVersion');
    expect(status).not.toHaveProperty('conflicts');
    expect(status.workloads.filter((row) => 'currentPort' in row)).toEqual([]);
    expect(status.workloads.filter(({ hostNetwork }) => hostNetwork).map(({ slot }) => slot)).toEqual([
      'rbdNodePlugin',
    ]);
  });

  it('calls a workload Rejected whose patch was rejected, and the others what they are', () => {
    const status = statusIn(CONFLICTING, { results: { rbdNodePlugin: { outcome: 'Rejected', cause: 'denied' } } });
    const stateOf = (name: string): string => status.workloads.find(({ slot }) => slot === name)!.state;
    expect(['rbdProvisioner', 'cephfsProvisioner', 'rbdNodePlugin'].map(stateOf)).toEqual([
      'Ready',
      'Drifted',
      'Rejected',
    ]);
  });

  it('lists the conflicts of sidecars and of other containers, lowest port first', () => {
    const found = statusIn({
      ...SETTLED,
      workloads: workloads({
        rbdProvisioner: { port: 9500, liveness: 9080 },
        cephfsProvisioner: { port: 9500 },
        rbdNodePlugin: { liveness: 9080 },
      }),
    });
    expect(found.conflicts!.map(({ port }) => port)).toEqual([9080, 9500]);
  });

  it('lists no more conflicts than the schema takes, and names fewer in the message, which ends with the remedy', () => {
    const otherPorts = Array.from({ length: 80 }, (_, index) => ({ container: 'driver', port: 20_000 + index }));
    const crowded = (slot: 'rbdProvisioner' | 'rbdNodePlugin'): Workload => ({
      ...project(rawWorkload(slot)),
      otherPorts,
    });
    const found = { rbdProvisioner: crowded('rbdProvisioner'), rbdNodePlugin: crowded('rbdNodePlugin') };
    const report = { ...reportOf(SETTLED), plan: plan({ ...observe(SETTLED), workloads: found }) };
    const { conflicts, conditions } = statusOf(report);
    expect(conflicts).toHaveLength(64);
    const { message } = conditions.find(({ type }) => type === 'Degraded')!;
    expect(message.match(/host port/g)).toHaveLength(8);
    expect(message).toMatch(/ and 72 more; give .* another port in its own manifest$/);
  });
});

const storedCondition = fc.record({
  type: fc.constantFrom('Ready', 'Progressing', 'Degraded', 'toString'),
  status: fc.constantFrom('True', 'False', 'Unknown', 'x'),
  reason: fc.string(),
  lastTransitionTime: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(EARLIER, '2020-02-29T23:59:59.5Z') },
    { weight: 1, arbitrary: fc.constantFrom('2026-02-30T10:00:00Z', 'never') },
  ),
});
/** Anything, or of the shape that is read, with anything in the fields that are not. */
const anyStored: fc.Arbitrary<StoredStatus> = fc
  .oneof(
    fc.anything(),
    fc.record(
      {
        conditions: fc.array(storedCondition, { maxLength: 4 }),
        conflicts: fc.array(fc.dictionary(fc.string(), fc.anything())),
        workloads: fc.anything(),
        ports: fc.anything(),
        observedGeneration: fc.anything(),
      },
      { requiredKeys: [] },
    ),
  )
  .map((status) => status as StoredStatus);

function withoutTimes(status: AssignmentStatus): object {
  return { ...status, conditions: status.conditions.map((condition) => ({ ...condition, lastTransitionTime: '' })) };
}

describe('a stored status, whatever it is', () => {
  it('gives nothing but the times of conditions to the next one', () => {
    let taken = 0;
    fc.assert(
      fc.property(anyWorld, anyResults, anyStored, (world, results, any) => {
        const stored = readBack(any);
        const status = statusIn(world, { results, stored, now: NOW });
        expect(withoutTimes(status)).toEqual(withoutTimes(statusIn(world, { results })));
        for (const { type, status: value, lastTransitionTime } of status.conditions) {
          const before = stored?.conditions?.find((condition) => condition.type === type);
          const since = Date.parse(before?.lastTransitionTime ?? '');
          const isKept = before?.status === value && !Number.isNaN(since);
          expect(lastTransitionTime).toBe(isKept ? rfc3339Seconds(new Date(since)) : NOW);
          taken += lastTransitionTime === NOW ? 0 : 1;
        }
      }),
      { numRuns: 200 },
    );
    expect(taken).toBeGreaterThan(0);
  });

  it('changes no plan', () => {
    fc.assert(
      fc.property(anyWorld, anyStored, (world, stored) => {
        expect(plan(observe({ ...world, stored }))).toEqual(plan(observe(world)));
      }),
      { numRuns: 200 },
    );
  });

  it('stays as it is while the world and the outcome do, however much time passes', () => {
    fc.assert(
      fc.property(anyWorld, anyResults, (world, results) => {
        const first = statusIn(world, { results });
        const stored = readBack(JSON.parse(JSON.stringify(first)));
        expect(stored).toEqual(first);
        expect(statusIn(structuredClone(world), { results, stored, now: NOW })).toEqual(first);
      }),
    );
  });
});

/** What the operator reads of a status that is stored; undefined if it is of another shape than the API's. */
function readBack(status: unknown): StoredStatus | undefined {
  const metadata = { namespace: 'rook-ceph', name: 'default', uid: 'u', resourceVersion: '1', generation: 3 };
  return projectAssignment({ metadata, spec: {}, status }).status;
}
