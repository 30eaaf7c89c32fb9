import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignPorts, type Assignment } from '../../../../src/domain/rules/assignment.js';
import { canMeet, claimsOn, type Surroundings } from '../../../../src/domain/rules/claims.js';
import { surroundingsOf } from '../../../../src/domain/rules/neighbours.js';
import type { Observed } from '../../../../src/domain/rules/observed.js';
import { userKeys } from '../../../../src/domain/rules/rook-config.js';
import { currentPort } from '../../../../src/domain/rules/sidecar-port.js';
import { POOL, type Slot } from '../../../../src/domain/rules/slots.js';
import { isCompeting, type Workload } from '../../../../src/domain/rules/workload.js';
import { anyWorld, hostileSlotPorts } from '../arbitraries.js';
import { podOn, podsOf } from '../pods.js';
import { rawWorkload, type RawOptions, type RawWorkload } from '../raw-workload.js';
import { SLOTS, observe, pinned, rookConfig, type World } from '../worlds.js';

type Live = number | RawOptions | undefined;
type Three<T> = [rbdProvisioner: T, cephfsProvisioner: T, rbdNodePlugin: T];

/** A number is the port in Rook's form. */
function on(...live: Three<Live>): Partial<Record<Slot, RawWorkload>> {
  const found = SLOTS.flatMap((slot, at): [Slot, RawWorkload][] => {
    const options = live[at];
    if (options === undefined) return [];
    return [[slot, rawWorkload(slot, typeof options === 'number' ? { port: options } : options)]];
  });
  return Object.fromEntries(found);
}

function around(observed: Observed): Surroundings {
  return surroundingsOf(observed, observed.others, observed.pods);
}

function assigned(world: World): Assignment {
  const observed = observe(world);
  return assignPorts(observed, around(observed));
}

const ALL_ON_9070 = on(9070, 9070, 9070);
const POD_NETWORK = { port: 9070, hostNetwork: false };
const BY_VARIABLE = {
  sidecar: {
    args: ['--controller-port=$(PORT)'],
    env: [{ name: 'PORT', value: '9070' }],
    ports: [{ containerPort: 9070 }],
  },
};
const LIVENESS = {
  CSI_ENABLE_LIVENESS: 'true',
  CSI_RBD_LIVENESS_METRICS_PORT: '9072',
  CSI_CEPHFS_LIVENESS_METRICS_PORT: '9071',
};
const [RBD_KEY, CEPHFS_KEY, NODE_KEY] = [
  'CSIADDONS_RBD_PROVISIONER_PORT',
  'CSIADDONS_CEPHFS_PROVISIONER_PORT',
  'CSIADDONS_PORT',
] as const;

type Rows = [name: string, world: World, ports: Three<number | undefined>][];

describe('the port of a slot', () => {
  const spec: Rows = [
    [
      'the node plugin stays on 9070',
      { workloads: ALL_ON_9070, spec: { ports: { rbdNodePlugin: 9070 } } },
      [9072, 9071, 9070],
    ],
    ['outside of the pool', { workloads: ALL_ON_9070, spec: { ports: { rbdProvisioner: 9500 } } }, [9500, 9071, 9070]],
    [
      'two swapped',
      { workloads: on(9070, 9071, 9072), spec: { ports: { rbdProvisioner: 9071, cephfsProvisioner: 9070 } } },
      [9071, 9070, 9072],
    ],
    [
      'the bounds',
      { workloads: ALL_ON_9070, spec: { ports: { rbdProvisioner: 1024, rbdNodePlugin: 65535 } } },
      [1024, 9070, 65535],
    ],
    [
      'of a slot that is not there',
      { workloads: on(9070, undefined, 9072), spec: { ports: { cephfsProvisioner: 9070 } } },
      [9070, undefined, 9072],
    ],
    [
      'before the key',
      { workloads: ALL_ON_9070, spec: { ports: { rbdNodePlugin: 9100 } }, config: rookConfig({ [NODE_KEY]: '9200' }) },
      [9070, 9071, 9100],
    ],
  ];
  describe('of the spec', () => it.each(spec)('%s', (...[, world, ports]) => check(world, ports)));

  const keys: Rows = [
    ['one', { workloads: ALL_ON_9070, config: rookConfig({ [NODE_KEY]: '9075' }) }, [9070, 9071, 9075]],
    [
      'on which another one is',
      { workloads: ALL_ON_9070, config: rookConfig({ [NODE_KEY]: '9070' }) },
      [9072, 9071, 9070],
    ],
    [
      "the provisioner's 9071: CephFS alone moves",
      { workloads: on(9071, 9070, 9070), config: rookConfig({ [RBD_KEY]: '9071' }) },
      [9071, 9072, 9070],
    ],
    ['of the environment', { workloads: ALL_ON_9070, rook: { env: { [NODE_KEY]: '9075' } } }, [9070, 9071, 9075]],
    [
      'of the environment, under our own pin of the same port',
      { workloads: ALL_ON_9070, config: pinned({ rbdNodePlugin: 9075 }), rook: { env: { [NODE_KEY]: '9075' } } },
      [9070, 9071, 9075],
    ],
    [
      'of the environment, hidden by our own pin of another port',
      { workloads: ALL_ON_9070, config: pinned(), rook: { env: { [NODE_KEY]: '9075' } } },
      [9070, 9071, 9072],
    ],
    ['our own pin is none', { workloads: on(9085, 9086, 9087), config: pinned() }, [9085, 9086, 9087]],
    [
      'two alike: the first',
      { workloads: ALL_ON_9070, config: rookConfig({ [RBD_KEY]: '9200', [CEPHFS_KEY]: '9200' }) },
      [9200, 9071, 9070],
    ],
    [
      'not one that a stranger holds',
      { workloads: ALL_ON_9070, config: rookConfig({ [NODE_KEY]: '9075' }), pods: [podOn([9075])] },
      [9070, 9071, 9072],
    ],
  ];
  describe("of the user's keys", () => it.each(keys)('%s', (...[, world, ports]) => check(world, ports)));

  const live: Rows = [
    ['distinct ones stay', { workloads: on(9085, 9070, 9500) }, [9085, 9070, 9500]],
    [
      'b06: RBD on 9071, no CephFS',
      { workloads: on(9071, undefined, 9070), config: rookConfig({ [RBD_KEY]: '9071' }) },
      [9071, undefined, 9070],
    ],
    [
      'b40: provisioners on the pod network',
      { workloads: on(POD_NETWORK, POD_NETWORK, 9070) },
      [undefined, undefined, 9070],
    ],
    [
      'b07: CephFS alone, with liveness',
      { workloads: on(undefined, { port: 9070, liveness: 9081 }, undefined) },
      [undefined, 9070, undefined],
    ],
    ['of three alike the node plugin keeps it', { workloads: on(9085, 9085, 9085) }, [9070, 9071, 9085]],
    ['but the slot whose default it is first', { workloads: on(undefined, 9071, 9071) }, [undefined, 9071, 9072]],
    [
      'a stranger on a node not shared',
      {
        workloads: on(9070, 9071, 9072),
        pods: [podOn([9072], { node: 'b' }), ...podsOf('rbdNodePlugin', ['a'], 9072)],
      },
      [9070, 9071, 9072],
    ],
    [
      'a stranger on a shared node',
      {
        workloads: on(9070, 9071, 9072),
        pods: [podOn([9072], { node: 'a' }), ...podsOf('rbdNodePlugin', ['a'], 9072)],
      },
      [9070, 9071, 9073],
    ],
    [
      'a stranger that is not scheduled',
      { workloads: on(9070, 9071, 9072), pods: [podOn([9072], { isScheduled: false })] },
      [9070, 9071, 9072],
    ],
    ['a container of its own pod', { workloads: on(9070, 9071, { port: 9072, liveness: 9072 }) }, [9070, 9071, 9073]],
    ['not one beyond the highest', { workloads: on(70_000, 9071, 9072) }, [9070, 9071, 9072]],
  ];
  describe('that it has', () => it.each(live)('%s', (...[, world, ports]) => check(world, ports)));

  const chosen: Rows = [
    ['the classic conflict', { workloads: ALL_ON_9070 }, [9070, 9071, 9072]],
    ['b17: the same by $(PORT)', { workloads: on(BY_VARIABLE, BY_VARIABLE, BY_VARIABLE) }, [9070, 9071, 9072]],
    ['b04: a stranger on 9071', { workloads: ALL_ON_9070, pods: [podOn([9071])] }, [9070, 9073, 9072]],
    [
      'a stranger on any node',
      { workloads: ALL_ON_9070, pods: [podOn([9071], { node: 'b' }), ...podsOf('cephfsProvisioner', ['a'], 9070)] },
      [9070, 9073, 9072],
    ],
    [
      'b69: liveness on 9072 and 9071',
      { workloads: ALL_ON_9070, config: rookConfig({}, LIVENESS) },
      [9070, 9073, 9074],
    ],
    ['the same in the environment alone', { workloads: ALL_ON_9070, rook: { env: LIVENESS } }, [9070, 9073, 9074]],
    ['a sidecar without a port', { workloads: on(9070, 9071, { sidecar: {} }) }, [9070, 9071, 9072]],
    [
      'never 9080 and 9081',
      { workloads: ALL_ON_9070, pods: [podOn(POOL.filter((port) => port < 9080))] },
      [9082, 9083, 9084],
    ],
    [
      'the last of the pool',
      { workloads: ALL_ON_9070, pods: [podOn(POOL.filter((port) => port < 9099))] },
      [9099, undefined, undefined],
    ],
  ];
  describe('that is chosen', () => it.each(chosen)('%s', (...[, world, ports]) => check(world, ports)));

  function check(world: World, ports: Three<number | undefined>): void {
    const { ports: given } = assigned(world);
    expect(SLOTS.map((slot) => given[slot])).toEqual(ports);
  }
});

describe('a port of the spec that somebody holds', () => {
  const holders = ({ held }: Assignment, slot: Slot): string[] | undefined =>
    held[slot]?.map(({ holder }) => holder.name);
  const wanted = (ports: Partial<Record<Slot, number>>, world: World): Assignment =>
    assigned({ ...world, spec: { ports } });

  it('is kept in mind, and where the slot stays meanwhile is taken', () => {
    const result = wanted({ rbdNodePlugin: 9075 }, { workloads: ALL_ON_9070, pods: [podOn([9075])] });
    expect(result.ports).toEqual({ rbdProvisioner: 9072, cephfsProvisioner: 9071, rbdNodePlugin: 9075 });
    expect(Object.keys(result.held)).toEqual(['rbdNodePlugin']);
    expect(holders(result, 'rbdNodePlugin')).toEqual(['node-agent']);
  });

  it('is that of a liveness container, too', () => {
    const result = wanted({ rbdNodePlugin: 9085 }, { workloads: on({ port: 9070, liveness: 9085 }, 9071, 9072) });
    expect(holders(result, 'rbdNodePlugin')).toEqual(['csi-rbdplugin-provisioner']);
  });

  it('is not held by one who cannot meet a slot that has it already', () => {
    const pods = [podOn([9072], { node: 'b' }), ...podsOf('rbdNodePlugin', ['a'], 9072)];
    expect(wanted({ rbdNodePlugin: 9072 }, { workloads: ALL_ON_9070, pods }).held).toHaveProperty('rbdNodePlugin');
    expect(wanted({ rbdNodePlugin: 9072 }, { workloads: on(9070, 9071, 9072), pods }).held).toEqual({});
  });

  it('is held by a slot of the same Rook that stays there', () => {
    const ports = { rbdProvisioner: 9070, cephfsProvisioner: 9085, rbdNodePlugin: 9075 };
    const result = wanted(ports, { workloads: on(9085, 9086, 9070), pods: [podOn([9075])] });
    expect(holders(result, 'rbdProvisioner')).toEqual(['csi-rbdplugin']);
    expect(holders(result, 'cephfsProvisioner')).toEqual(['csi-rbdplugin-provisioner']);
  });

  it('names a holder once, however it is known, and its nodes', () => {
    const cephfs = { namespace: 'rook-ceph', name: 'csi-cephfsplugin', container: 'liveness-prometheus' };
    const settings = { CSI_ENABLE_LIVENESS: 'true', CSI_CEPHFS_LIVENESS_METRICS_PORT: '9085' };
    const world = { workloads: on(9070, { port: 9071, liveness: 9085 }, 9072), config: rookConfig({}, settings) };
    const { held } = wanted({ rbdNodePlugin: 9085 }, { ...world, pods: [podOn([9085], cephfs)] });
    expect(held.rbdNodePlugin?.map(({ holder, nodes }) => [holder.name, nodes])).toEqual([
      ['csi-cephfsplugin-provisioner', undefined],
      ['csi-cephfsplugin', ['node-1']],
    ]);
  });

  it('is none: nothing of the pool is free', () => {
    const result = assigned({ workloads: ALL_ON_9070, pods: [podOn(POOL)] });
    expect(result).toMatchObject({ ports: {}, held: { rbdProvisioner: [], cephfsProvisioner: [], rbdNodePlugin: [] } });
  });
});

it('names the keys that are set aside', () => {
  const config = rookConfig({ [RBD_KEY]: '9200', [CEPHFS_KEY]: '9200', [NODE_KEY]: '9075' });
  const ignored = (world: World): readonly Slot[] => assigned({ workloads: ALL_ON_9070, config, ...world }).ignoredKeys;
  expect(ignored({})).toEqual(['cephfsProvisioner']);
  expect(ignored({ pods: [podOn([9075])] })).toEqual(['cephfsProvisioner', 'rbdNodePlugin']);
  expect(ignored({ spec: { ports: { cephfsProvisioner: 9300 } } })).toEqual([]);
});

describe('in any world', () => {
  const RUNS = { numRuns: 400 };
  const portIn = (workload: Workload | undefined): number | undefined => {
    return isCompeting(workload) ? currentPort(workload.sidecar) : undefined;
  };

  it('slots in play have ports of their own, and no other slot has one', () => {
    fc.assert(
      fc.property(anyWorld, fc.option(hostileSlotPorts), (world, hostile) => {
        const spec = { ...world.spec, ...(hostile === null ? {} : { ports: hostile }) };
        const observed = observe({ ...world, spec });
        const { ports, held } = assignPorts(observed, around(observed));
        const given = Object.values(ports);
        expect(new Set(given).size).toBe(given.length);
        expect(given.every((port) => Number.isInteger(port) && port > 0 && port <= 65535)).toBe(true);
        for (const slot of SLOTS) {
          expect(slot in ports || slot in held).toBe(isCompeting(observed.workloads[slot]));
        }
      }),
      RUNS,
    );
  });

  it('a port of the spec is never overruled', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const { ports } = assigned(world);
        for (const [slot, port] of Object.entries(ports)) expect(port).toBe(world.spec?.ports?.[slot as Slot] ?? port);
      }),
    );
  });

  it('nothing gets a port that another one claims, but by the spec, which is not written', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const observed = observe(world);
        const { ports, held } = assignPorts(observed, around(observed));
        for (const slot of SLOTS.filter((one) => ports[one] !== undefined && held[one] === undefined)) {
          const workload = observed.workloads[slot]!;
          const isThere = portIn(workload) === ports[slot];
          const claims = claimsOn(ports[slot]!, observed, around(observed));
          const inTheWay = claims.filter(
            (claim) => !isThere || (!claim.yields && canMeet(claim, workload, observed.pods)),
          );
          expect(inTheWay).toEqual([]);
        }
      }),
      RUNS,
    );
  });

  it('nothing moves that collides with nobody, but by the spec and by keys', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const observed = observe(world);
        const keys = userKeys(observed.rookConfig, observed.rookOperator);
        const { ports } = assignPorts(observed, around(observed));
        const isAsked = (slot: Slot): boolean => world.spec?.ports?.[slot] !== undefined || keys[slot] !== undefined;
        for (const slot of SLOTS.filter((one) => !isAsked(one))) {
          const workload = observed.workloads[slot];
          const port = portIn(workload);
          if (workload === undefined || port === undefined || port < 1 || port > 65535) continue;
          const claims = claimsOn(port, observed, around(observed)).filter(({ yields }) => !yields);
          const others = SLOTS.filter((other) => other !== slot);
          const isAlone = others.every((other) => portIn(observed.workloads[other]) !== port && ports[other] !== port);
          if (isAlone && !claims.some((claim) => canMeet(claim, workload, observed.pods)))
            expect(ports[slot]).toBe(port);
        }
      }),
      RUNS,
    );
  });

  it('the same is assigned once it was applied', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const observed = observe(world);
        const { ports, held } = assignPorts(observed, around(observed));
        const moved = Object.entries(observed.workloads).map(([slot, workload]) => {
          const port = held[slot as Slot] === undefined ? ports[slot as Slot] : undefined;
          if (port === undefined || workload.sidecar === undefined) return [slot, workload];
          return [
            slot,
            { ...workload, sidecar: { index: 1, command: [], args: [`--controller-port=${port}`], ports: [] } },
          ];
        });
        const after: Observed = { ...observed, workloads: Object.fromEntries(moved) as Observed['workloads'] };
        const again = assignPorts(after, around(after));
        for (const slot of SLOTS) if (!(slot in held)) expect(again.ports[slot]).toBe(ports[slot]);
      }),
      RUNS,
    );
  });
});
