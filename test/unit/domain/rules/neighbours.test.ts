import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignPorts } from '../../../../src/domain/rules/assignment.js';
import { HostNetworkPods, type HostNetworkPod } from '../../../../src/domain/rules/host-network-pods.js';
import { surroundingsOf } from '../../../../src/domain/rules/neighbours.js';
import { isEnforced, type RookWorld } from '../../../../src/domain/rules/rook-world.js';
import { anyWorld } from '../arbitraries.js';
import { podOn, rookPods } from '../pods.js';
import type { RawOptions } from '../raw-workload.js';
import {
  DEFAULT_PORTS,
  SLOTS,
  allWorkloads,
  observe,
  rookWorld,
  unassigned,
  workloads,
  type World,
} from '../worlds.js';

/** All three sidecars on 9070; the letter is the namespace, and an earlier one in the alphabet is older. */
function rook(namespace: string, world: World = {}): RookWorld {
  const created = `2026-11-0${namespace.charCodeAt(0) - 'a'.charCodeAt(0) + 1}T00:00:00Z`;
  return rookWorld({ workloads: allWorkloads({ port: 9070 }), namespace, created, ...world });
}

/** By namespace, the ports that its own plan gives it. */
function portsOf(rooks: readonly RookWorld[], pods?: readonly HostNetworkPod[]): Record<string, number[]> {
  const known = pods && HostNetworkPods.of(pods);
  const rows = rooks.map((one) => {
    const others = rooks.filter((other) => other !== one);
    const { ports } = assignPorts(one, surroundingsOf(one, others, known));
    return [one.namespace, SLOTS.flatMap((slot) => ports[slot] ?? [])] as const;
  });
  return Object.fromEntries(rows);
}

const SHARED = [...rookPods('a', ['n1']), ...rookPods('b', ['n1'])];
/** a and b share one node, b and c another. */
const CHAIN = [...rookPods('a', ['n1']), ...rookPods('b', ['n1', 'n2']), ...rookPods('c', ['n2'])];

describe('Rooks on the same nodes', () => {
  const settled = { workloads: workloads() };

  it.each<[string, RookWorld[], HostNetworkPod[] | undefined, Record<string, number[]>]>([
    ['the older keeps', [rook('a'), rook('b')], SHARED, { a: [9070, 9071, 9072], b: [9073, 9074, 9075] }],
    [
      'where pods cannot be listed, too',
      [rook('a'), rook('b')],
      undefined,
      { a: [9070, 9071, 9072], b: [9073, 9074, 9075] },
    ],
    [
      'a node of its own each',
      [rook('a'), rook('b')],
      [...rookPods('a', ['n1']), ...rookPods('b', ['n2'])],
      {
        a: [9070, 9071, 9072],
        b: [9070, 9071, 9072],
      },
    ],
    [
      'by name if both are as old',
      [rook('b', { created: 'x' }), rook('a', { created: 'x' })],
      SHARED,
      {
        a: [9070, 9071, 9072],
        b: [9073, 9074, 9075],
      },
    ],
    [
      'the older moves past where a settled younger one is',
      [rook('a'), rook('b', settled)],
      SHARED,
      {
        a: [9070, 9073, 9074],
        b: [9075, 9071, 9072],
      },
    ],
    [
      'both settled on the same ports: the younger makes way',
      [rook('a', settled), rook('b', settled)],
      SHARED,
      {
        a: [9070, 9071, 9072],
        b: [9073, 9074, 9075],
      },
    ],
    [
      'a Paused one stays',
      [rook('a', { spec: { mode: 'Paused' } }), rook('b')],
      SHARED,
      {
        a: [9070, 9071, 9072],
        b: [9073, 9071, 9072],
      },
    ],
    [
      'the spec of the younger does not outweigh the older',
      [rook('a'), rook('b', { spec: { ports: { rbdNodePlugin: 9072 } } })],
      SHARED,
      { a: [9070, 9071, 9072], b: [9073, 9074, 9072] },
    ],
    [
      'a chain whose ends share no node',
      [rook('a'), rook('b'), rook('c')],
      CHAIN,
      {
        a: [9070, 9071, 9072],
        b: [9073, 9074, 9075],
        c: [9070, 9071, 9072],
      },
    ],
    [
      'three on one node',
      [rook('a'), rook('b'), rook('c')],
      ['a', 'b', 'c'].flatMap((name) => rookPods(name, ['n1'])),
      {
        a: [9070, 9071, 9072],
        b: [9073, 9074, 9075],
        c: [9076, 9077, 9078],
      },
    ],
  ])('%s', (...[, rooks, pods, ports]) => expect(portsOf(rooks, pods)).toEqual(ports));

  it('keep off one without an assignment', () => {
    const one = unassigned({ namespace: 'b', workloads: allWorkloads({ port: 9070 }) });
    const pods = HostNetworkPods.of(SHARED);
    const { ports } = assignPorts(rook('a'), surroundingsOf(rook('a'), [one], pods));
    expect(SLOTS.map((slot) => ports[slot])).toEqual([9073, 9071, 9072]);
  });

  it('are kept off the port where an older one stays that may not be moved', () => {
    const a = rook('a', {
      workloads: workloads({ rbdProvisioner: { port: 9085 } }),
      spec: { ports: { rbdProvisioner: 9090 } },
    });
    const b = rook('b', { workloads: workloads({ rbdProvisioner: { port: 9085 } }) });
    const ports = portsOf([a, b], [...SHARED, podOn([9090], { node: 'n1' })]);
    expect(ports.a).toEqual([9090, 9071, 9072]);
    expect(ports.b).not.toContain(9085);
  });

  it.each<[string, RawOptions, number[]]>([
    ["takes notice of a Driver's, which nobody may move", { driverOwned: true }, [9073, 9071, 9072]],
    ['takes no notice of one on the pod network', { hostNetwork: false }, Object.values(DEFAULT_PORTS)],
  ])('the younger %s', (_, options, ports) => {
    const a = rook('a', { workloads: allWorkloads({ port: 9070, ...options }) });
    expect(portsOf([a, rook('b')], SHARED).b).toEqual(ports);
  });
});

describe('in any world', () => {
  it('the ports of Rooks that share nodes are distinct, each planned on its own', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const observed = observe(world);
        const rooks: RookWorld[] = [observed, ...observed.others].filter(isEnforced);
        const planned = rooks.map((one) => {
          const others = [observed, ...observed.others].filter((other) => other !== one);
          return assignPorts(one, surroundingsOf(one, others, observed.pods));
        });
        rooks.forEach((one, at) => {
          rooks.slice(at + 1).forEach((other, offset) => {
            if (observed.pods?.neighboursOf(one.namespace).includes(other.namespace) === false) return;
            const [left, right] = [planned[at]!, planned[at + 1 + offset]!];
            const common = Object.values(left.ports).filter((port) => Object.values(right.ports).includes(port));
            const held = [left, right].flatMap(({ held: slots, ports }) =>
              SLOTS.filter((slot) => slots[slot]).map((slot) => ports[slot]),
            );
            expect(common.filter((port) => !held.includes(port))).toEqual([]);
          });
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('the order of the others changes nothing', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const { others, pods, ...one } = observe(world);
        const [given, reversed] = [others, [...others].reverse()].map((list) =>
          assignPorts(one, surroundingsOf(one, list, pods)),
        );
        expect(reversed!.ports).toEqual(given!.ports);
      }),
    );
  });
});
