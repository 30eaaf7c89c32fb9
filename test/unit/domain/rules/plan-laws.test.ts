import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { competing, lastSeenIn, plan, type Plan } from '../../../../src/domain/rules/plan.js';
import type { Slot } from '../../../../src/domain/rules/slots.js';
import { anyWorld } from '../arbitraries.js';
import { applyPatch } from '../json-patch.js';
import type { RawWorkload } from '../raw-workload.js';
import { SLOTS, applyPin, observe, type World } from '../worlds.js';

const RUNS = { numRuns: 1000 };

/** The world after all that the plan says was written; the API server counts the generation of what it changed. */
function applied(world: World, { workloads, pin }: Plan): World {
  const after: Partial<Record<Slot, RawWorkload>> = { ...world.workloads };
  for (const { slotSpec, patch } of workloads) {
    const raw = after[slotSpec.slot];
    if (raw === undefined || patch === undefined) continue;
    const counted = { op: 'replace' as const, path: '/metadata/generation', value: raw.metadata.generation + 1 };
    after[slotSpec.slot] = applyPatch(raw, [...patch, counted]);
  }
  return { ...world, ...(world.config === undefined ? {} : { config: applyPin(world.config, pin) }), workloads: after };
}

describe('a plan of any world', () => {
  it('leaves nothing to do once it was applied', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const first = plan(observe(world));
        const second = plan(observe(applied(world, first)));
        expect(second.pin).toEqual({});
        expect(second.workloads.filter(({ patch }) => patch !== undefined)).toEqual([]);
        expect(competing(second.workloads).map(({ assignedPort }) => assignedPort)).toEqual(
          competing(first.workloads).map(({ assignedPort }) => assignedPort),
        );
      }),
      RUNS,
    );
  });

  it("ends every conflict of the ports that are the operator's, and shows what it patched as rolling out", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const first = plan(observe(world));
        const second = plan(observe(applied(world, first)));
        first.workloads.forEach(({ patch }, at) => {
          if (patch !== undefined) expect(second.workloads[at]!.state).toBe('RollingOut');
        });
        const moved = first.workloads.filter(({ state, patch }) => state !== 'Drifted' || patch !== undefined);
        const foreign = [8080, 9075, 9090];
        if (moved.length < SLOTS.length) return;
        expect(second.conflicts.sidecars.filter(({ port }) => !foreign.includes(port))).toEqual([]);
      }),
      RUNS,
    );
  });

  it('patches what is drifted and not on its way out, and nothing else', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        for (const { state, workload, patch } of plan(observe(world)).workloads) {
          expect(patch !== undefined).toBe(state === 'Drifted' && workload?.deleting === false);
          if (patch === undefined) continue;
          expect(workload).toMatchObject({ hostNetwork: true, driverOwned: false });
          expect(patch[0]).toEqual({ op: 'test', path: '/metadata/uid', value: workload?.uid });
        }
      }),
      RUNS,
    );
  });

  it('never names a resourceVersion, a label or an annotation in a patch', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const paths = plan(observe(world)).workloads.flatMap(({ patch = [] }) => patch.map(({ path }) => path));
        for (const path of paths) expect(path).toMatch(/^\/metadata\/(uid|generation)$|\/containers\/1\//);
      }),
    );
  });

  it('is the same each time, and leaves what it was given as it was', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const observed = observe(world);
        const copy = structuredClone(observed);
        expect(plan(observed)).toEqual(plan(copy));
        expect(observed).toEqual(copy);
      }),
    );
  });

  it('does not depend on what was seen last, but for whether a workload is Ready', () => {
    const masked = ({ workloads, ...rest }: Plan): object => ({
      ...rest,
      workloads: workloads.map(({ state, ...row }) => [row, state === 'Ready' ? 'RollingOut' : state]),
    });
    fc.assert(
      fc.property(anyWorld, anyWorld, (world, earlier) => {
        const lastSeen = lastSeenIn(plan(observe(earlier)));
        expect(masked(plan(observe({ ...world, lastSeen })))).toEqual(masked(plan(observe(world))));
      }),
      RUNS,
    );
  });
});
