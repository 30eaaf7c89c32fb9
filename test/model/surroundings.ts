/** What happens around a Rook: foreign pods, dead nodes, policies that refuse pods, and the Rooks of other namespaces. */
import fc from 'fast-check';
import type { Mode } from '../../src/domain/rules/api.js';
import { SLOT_SPECS, type Slot } from '../../src/domain/rules/slots.js';
import { ASSIGNMENT, WORKLOADS, keyOf, type StoredAssignment, type StoredWorkload } from './objects.js';
import { Step, often, type Weighted } from './step.js';
import { LAYOUT_PORTS, portMoved } from './workload-edits.js';
import { NODES, type World } from './world.js';

const PERSON = { manager: 'kubectl-edit' };
const index = fc.nat({ max: 1000 });
const anyPort = fc.constantFrom(...LAYOUT_PORTS, 9074, 9075);
const anySlot = fc.constantFrom<Slot>(...SLOT_SPECS.map(({ slot }) => slot));
const anyNode = fc.constantFrom(...NODES);

const ofThePods: readonly Weighted[] = [
  often(3, fc.tuple(anyNode, anyPort).map(foreignComes)),
  often(
    2,
    index.map((at) => upset(`foreign pod no. ${at} ends`, ({ pods }) => pods.foreignGoes(at))),
  ),
  often(
    2,
    fc.constantFrom(...WORKLOADS).map((name) =>
      upset(`a policy refuses new pods of ${name}`, ({ pods, server }) => {
        if (server.get(name) !== undefined) pods.refuse(name);
      }),
    ),
  ),
  often(2, fc.constant(upset('no policy refuses pods any more', ({ pods }) => pods.endRefusals()))),
  often(
    1,
    anyNode.map((node) => upset(`${node} dies`, ({ pods }) => pods.setDead(node, true))),
  ),
  often(
    1,
    anyNode.map((node) => upset(`${node} is back`, ({ pods }) => pods.setDead(node, false))),
  ),
];

const ofTheNeighbours: readonly Weighted[] = [
  often(
    1,
    index.map((at) => neighbour('Rook starts', at, ({ rooks }, namespace) => rooks.get(namespace)!.start())),
  ),
  often(2, fc.tuple(index, anySlot, anyPort).map(portWanted)),
  often(1, fc.tuple(index, fc.constantFrom<Mode>('Enforce', 'Paused', 'DryRun')).map(modeSet)),
  often(2, fc.tuple(index, fc.constantFrom(...WORKLOADS), anyPort).map(moved)),
  often(
    1,
    index.map((at) =>
      neighbour('the assignment is deleted', at, ({ server }, namespace) => {
        server.delete(keyOf(namespace, ASSIGNMENT), PERSON.manager);
      }),
    ),
  ),
  often(
    1,
    index.map((at) => neighbour('an assignment is made', at, makeAssignment)),
  ),
];

export const surroundings: readonly Weighted[] = [...ofThePods, ...ofTheNeighbours];

function upset(text: string, run: (world: World) => void): Step {
  return new Step(text, (world) => {
    world.upsets += 1;
    run(world);
  });
}

function foreignComes([node, port]: readonly [string, number]): Step {
  return upset(`a foreign pod takes ${port} on ${node}`, ({ pods }) => pods.foreignComes(node, port));
}

/** In a world without neighbours nothing happens. */
function neighbour(text: string, at: number, run: (world: World, namespace: string) => void): Step {
  return new Step(`neighbour no. ${at}: ${text}`, (world) => {
    const found = world.neighbours[at % Math.max(world.neighbours.length, 1)];
    if (found !== undefined) run(world, found.namespace);
  });
}

function editSpec(
  { server }: World,
  namespace: string,
  edit: (spec: StoredAssignment['spec']) => StoredAssignment['spec'],
): void {
  const key = keyOf(namespace, ASSIGNMENT);
  const stored = server.get(key) as StoredAssignment | undefined;
  if (stored === undefined) return;
  const spec = edit(stored.spec);
  const ports = Object.values(spec.ports ?? {});
  if (new Set(ports).size === ports.length) server.update(key, { ...stored, spec }, PERSON);
}

function portWanted([at, slot, port]: readonly [number, Slot, number]): Step {
  return neighbour(`spec.ports.${slot} becomes ${port}`, at, (world, namespace) =>
    editSpec(world, namespace, (spec) => ({ ...spec, ports: { ...spec.ports, [slot]: port } })),
  );
}

function modeSet([at, mode]: readonly [number, Mode]): Step {
  return neighbour(`spec.mode becomes ${mode}`, at, (world, namespace) =>
    editSpec(world, namespace, (spec) => ({ ...spec, mode })),
  );
}

function moved([at, name, port]: readonly [number, string, number]): Step {
  return neighbour(`kubectl puts ${name} on ${port}`, at, ({ server }, namespace) => {
    const key = keyOf(namespace, name);
    const stored = server.get(key) as StoredWorkload | undefined;
    if (stored !== undefined) server.update(key, portMoved(stored, port), PERSON);
  });
}

function makeAssignment({ server }: World, namespace: string): void {
  const key = keyOf(namespace, ASSIGNMENT);
  if (server.get(key) === undefined) {
    server.create(key, { kind: 'CSIPortAssignment', metadata: {}, spec: {} }, PERSON);
  }
}
