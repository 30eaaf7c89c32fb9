import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canMeet, claimsOn } from '../../../../src/domain/rules/claims.js';
import { surroundingsOf } from '../../../../src/domain/rules/neighbours.js';
import { competing } from '../../../../src/domain/rules/workload-plan.js';
import { lastSeenIn, plan, type Plan } from '../../../../src/domain/rules/plan.js';
import { isEnforced } from '../../../../src/domain/rules/rook-world.js';
import { currentPort, heldPorts } from '../../../../src/domain/rules/sidecar-port.js';
import type { Slot } from '../../../../src/domain/rules/slots.js';
import { isCompeting } from '../../../../src/domain/rules/workload.js';
import { anyWorld } from '../arbitraries.js';
import { applyPatch } from '../json-patch.js';
import type { RawWorkload } from '../raw-workload.js';
import { SLOTS, applyPin, observe, rookConfig, type World } from '../worlds.js';

const RUNS = { numRuns: 200 };

/** The world after all was written that may be. The API server counts the generation of what it changed. */
function applied(world: World, { workloads, pin }: Plan): World {
  const after: Partial<Record<Slot, RawWorkload>> = { ...world.workloads };
  for (const { slotSpec, patch, awaits } of workloads) {
    const raw = after[slotSpec.slot];
    if (raw === undefined || patch === undefined || awaits !== undefined) continue;
    const counted = { op: 'replace' as const, path: '/metadata/generation', value: raw.metadata.generation + 1 };
    after[slotSpec.slot] = applyPatch(raw, [...patch, counted]);
  }
  return { ...world, ...(world.config === undefined ? {} : { config: applyPin(world.config, pin) }), workloads: after };
}

/** The world when every rollout has ended. */
function rolledOut(world: World): World {
  const workloads = Object.entries(world.workloads ?? {}).map(([slot, raw]) => {
    return [slot, { ...raw, status: { ...raw.status, observedGeneration: raw.metadata.generation } }];
  });
  return { ...world, workloads: Object.fromEntries(workloads) as NonNullable<World['workloads']> };
}

/** Whether there is nothing to write. */
function isSettled({ workloads, pin }: Plan): boolean {
  return Object.keys(pin).length === 0 && workloads.every(({ patch }) => patch === undefined);
}

const planOf = (world: World): Plan => plan(observe(world));

/** Round by round, since the node plugin waits for the provisioners. */
function settled(world: World): World {
  let left = rolledOut(world);
  for (let round = 0; round < 3; round += 1) left = rolledOut(applied(left, planOf(left)));
  return left;
}

describe('a plan of any world', () => {
  it('leaves nothing to do after a few rounds, with the ports of the first', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const first = planOf(rolledOut(world));
        const last = planOf(settled(world));
        expect(isSettled(last)).toBe(true);
        expect(last.assignment.ports).toEqual(first.assignment.ports);
      }),
      RUNS,
    );
  });

  it('ends every conflict of a sidecar that may be moved', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const { workloads, conflicts } = planOf(settled(world));
        const fixed = workloads
          .filter(
            ({ state, unreadable, workload }) =>
              state === 'PortInUse' || unreadable !== undefined || workload?.deleting,
          )
          .map(({ slotSpec }) => slotSpec.workload);
        // Their own plans make them move.
        const younger = observe(world)
          .others.filter(isEnforced)
          .map(({ namespace }) => namespace);
        const left = conflicts.sidecars.filter(({ port, holders }) => {
          // No port of the sidecar's, so it is not taken out of the declared ones.
          if (port === 8080) return false;
          return !holders.some(({ namespace, name }) => fixed.includes(name) || younger.includes(namespace));
        });
        expect(left).toEqual([]);
      }),
      RUNS,
    );
  });

  it('writes nothing where no sidecar collides and nobody asked for a port', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const observed = observe({
          ...world,
          spec: {},
          config: { ...(world.config ?? rookConfig()), keys: {} },
          rook: {},
        });
        const surroundings = surroundingsOf(observed, observed.others, observed.pods);
        const found = Object.values(observed.workloads).filter(isCompeting);
        const held = found.flatMap(({ sidecar }) => [...heldPorts(sidecar)]);
        const collides = found.some((workload) => {
          return [...heldPorts(workload.sidecar)].some((port) => {
            return claimsOn(port, observed, surroundings).some((claim) => canMeet(claim, workload, observed.pods));
          });
        });
        fc.pre(new Set(held).size === held.length && !collides);
        fc.pre(found.every(({ sidecar }) => (currentPort(sidecar) ?? 0) > 0));
        expect(plan(observed).workloads.filter(({ patch }) => patch !== undefined)).toEqual([]);
      }),
      RUNS,
    );
  });

  it('never writes a port that somebody claims, nor one where another slot stays', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const observed = observe(world);
        const { workloads } = plan(observed);
        const surroundings = surroundingsOf(observed, observed.others, observed.pods);
        const staying = workloads.filter(({ state }) => state === 'PortInUse').map((row) => row.currentPort);
        for (const { patch, assignedPort, currentPort: port } of workloads) {
          if (patch === undefined || assignedPort === port) continue;
          expect(claimsOn(assignedPort!, observed, surroundings)).toEqual([]);
          expect(staying).not.toContain(assignedPort);
        }
      }),
      RUNS,
    );
  });

  it('moves the node plugin when no provisioner is left to be moved', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const { workloads, mode } = planOf(rolledOut(world));
        const node = workloads[SLOTS.indexOf('rbdNodePlugin')]!;
        const isLeft = workloads.some((row) => row !== node && row.patch !== undefined);
        expect(node.awaits !== undefined).toBe(mode === 'Enforce' && node.patch !== undefined && isLeft);
      }),
    );
  });

  it('patches what is drifted and not on its way out, and nothing else', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        for (const { state, workload, patch, awaits } of planOf(world).workloads) {
          expect(patch !== undefined).toBe(state === 'Drifted' && workload?.deleting === false);
          if (patch === undefined) expect(awaits).toBeUndefined();
          else {
            expect(workload).toMatchObject({ hostNetwork: true, driverOwned: false });
            expect(patch[0]).toEqual({ op: 'test', path: '/metadata/uid', value: workload?.uid });
          }
        }
      }),
      RUNS,
    );
  });

  it('shows what it patched as rolling out', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const first = planOf(world);
        const second = planOf(applied(world, first));
        first.workloads.forEach(({ patch, awaits }, at) => {
          if (patch !== undefined && awaits === undefined) expect(second.workloads[at]!.state).toBe('RollingOut');
        });
      }),
      RUNS,
    );
  });

  it('never names a resourceVersion, a label or an annotation in a patch', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const paths = planOf(world).workloads.flatMap(({ patch = [] }) => patch.map(({ path }) => path));
        for (const path of paths) expect(path).toMatch(/^\/metadata\/(uid|generation)$|\/containers\/1\//);
      }),
    );
  });

  it('is the same each time and in any order of the others, and leaves what it was given as it was', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const observed = observe(world);
        const { pods, ...rest } = observed;
        const copy = structuredClone(rest);
        const first = plan(observed);
        expect(plan({ ...observed, others: [...observed.others].reverse() }).assignment).toEqual(first.assignment);
        expect(plan({ ...copy, ...(pods === undefined ? {} : { pods }) })).toEqual(first);
        expect(rest).toEqual(copy);
      }),
    );
  });

  it('gives ports to slots in play alone', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const { workloads, assignment } = planOf(world);
        const inPlay = competing(workloads).map(({ slotSpec }) => slotSpec.slot);
        expect(inPlay).toEqual(expect.arrayContaining(Object.keys(assignment.ports)));
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
        const lastSeen = lastSeenIn(planOf(earlier));
        expect(masked(planOf({ ...world, lastSeen }))).toEqual(masked(planOf(world)));
      }),
      RUNS,
    );
  });
});
