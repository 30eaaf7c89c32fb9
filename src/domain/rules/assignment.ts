/**
 * Which port each slot in play gets. Per slot, the first of these that applies:
 *   1. `spec.ports.<slot>`, also if somebody else holds it: then nothing is written, and nothing else is chosen;
 *   2. the user's own key in Rook's settings;
 *   3. the port that it has, if that collides with nobody who can meet it. Of slots that have the same port, one keeps it:
 *      the slot whose default it is, else the node plugin, whose move costs most, else the first;
 *   4. the slot's default port;
 *   5. the lowest free port of the pool.
 * Each rule is applied to all slots before the next one. 2, 4 and 5 take only what is free: what nobody claims on any node.
 * Ports are distinct for every input. Assigning again after the ports were applied gives the same ports.
 */
import { canMeet, claimsOn, holderKey, type Claim, type Surroundings } from './claims.js';
import { parsePortKey, userKeys } from './rook-config.js';
import type { RookWorld } from './rook-world.js';
import { currentPort, heldPorts } from './sidecar-port.js';
import { POOL, SIDECAR_CONTAINER, SLOT_SPECS, isAssignable, isListenable, type ConfigKey, type Slot } from './slots.js';
import { isCompeting, type Sidecar, type Workload } from './workload.js';

/** Of the slots in play. */
export type Ports = Readonly<Partial<Record<Slot, number>>>;

export interface Assignment {
  readonly ports: Ports;
  /** Slots whose key was set aside: somebody else has its port. */
  readonly ignoredKeys: readonly Slot[];
  /** Slots that may not be written, with those who hold the port; empty if there is no free port at all. */
  readonly held: Readonly<Partial<Record<Slot, readonly Claim[]>>>;
  /** Of these, the ports that they have. */
  readonly staying: Ports;
}

type Competing = Workload & { readonly sidecar: Sidecar };

interface Row {
  readonly slot: Slot;
  readonly workload: Competing;
  readonly defaultPort: number;
  readonly configKey: ConfigKey;
}

/** @param world of which only slots in play get a port */
export function assignPorts(world: RookWorld, surroundings: Surroundings): Assignment {
  return new Assigning(world, surroundings).result();
}

class Assigning {
  readonly #world: RookWorld;
  readonly #surroundings: Surroundings;
  readonly #ports = new Map<Slot, number>();
  /** Where slots stay that may not be written. */
  readonly #staying = new Map<Slot, number>();
  /** In play. */
  readonly #slots: readonly Row[];

  constructor(world: RookWorld, surroundings: Surroundings) {
    this.#world = world;
    this.#surroundings = surroundings;
    this.#slots = SLOT_SPECS.flatMap(({ slot, defaultPort, configKey }) => {
      const workload = world.workloads[slot];
      return isCompeting(workload) ? [{ slot, workload, defaultPort, configKey }] : [];
    });
  }

  result(): Assignment {
    const { spec } = this.#world.assignment ?? {};
    for (const { slot } of this.#slots) this.#give(slot, spec?.ports?.[slot]);
    const held = this.#held();
    const ignoredKeys = this.#takeKeys();
    this.#keepLivePorts();
    for (const { slot, defaultPort } of this.#open()) if (this.#isFree(defaultPort)) this.#give(slot, defaultPort);
    for (const { slot } of this.#open())
      this.#give(
        slot,
        POOL.find((port) => this.#isFree(port)),
      );
    return {
      ports: Object.fromEntries(this.#ports),
      ignoredKeys,
      held: { ...this.#unassigned(), ...held },
      staying: Object.fromEntries(this.#staying),
    };
  }

  /** Slots without a port so far. */
  #open(): Row[] {
    return this.#slots.filter(({ slot }) => !this.#ports.has(slot));
  }

  #give(slot: Slot, port: number | undefined): void {
    if (port !== undefined && isAssignable(port) && !this.#isGiven(port)) this.#ports.set(slot, port);
  }

  /** Of keys with the same port, the first in the order of slots.ts counts. */
  #takeKeys(): Slot[] {
    const keys = userKeys(this.#world.rookConfig, this.#world.rookOperator);
    const keyed = this.#open().flatMap((row) => {
      const port = keys[row.slot];
      return port === undefined ? [] : [{ ...row, port }];
    });
    for (const { slot, workload, port } of keyed) {
      const isKept = currentPort(workload.sidecar) === port && !this.#collides(workload);
      if (isKept || this.#isFree(port)) this.#give(slot, port);
    }
    return keyed.map(({ slot }) => slot).filter((slot) => !this.#ports.has(slot));
  }

  #keepLivePorts(): void {
    const keepers = new Map<number, Row[]>();
    for (const row of this.#open()) {
      const port = currentPort(row.workload.sidecar);
      if (port === undefined || !this.#mayStay(row, port)) continue;
      keepers.set(port, [...(keepers.get(port) ?? []), row]);
    }
    for (const [port, rows] of keepers) this.#keep(port, rows);
  }

  #keep(port: number, rows: readonly Row[]): void {
    const owner = rows.find(({ defaultPort }) => defaultPort === port);
    const keeper = owner ?? rows.find(({ workload }) => workload.kind === 'DaemonSet') ?? rows[0];
    if (keeper !== undefined) this.#ports.set(keeper.slot, port);
  }

  /**
   * A slot makes way for one that may not be written, but not the node plugin if its key names the port: a Rook that reads
   * this key alone has put the other one there, too, and would let it follow for ever.
   */
  #mayStay({ workload, configKey }: Row, port: number): boolean {
    const meaning = parsePortKey(this.#world.rookConfig?.keys[configKey]?.value);
    const isRendered = workload.kind === 'DaemonSet' && meaning.kind === 'Port' && meaning.port === port;
    const isGiven = isRendered ? this.#isAssigned(port) : this.#isGiven(port);
    return isListenable(port) && !isGiven && !this.#collides(workload);
  }

  #isAssigned(port: number): boolean {
    return [...this.#ports.values()].includes(port);
  }

  /** Whether somebody else who can meet the workload, and stays, claims the port on which it listens. */
  #collides(workload: Competing): boolean {
    const port = currentPort(workload.sidecar);
    return port !== undefined && this.#claimsOn(port).some((claim) => isInTheWay(claim, workload, this.#surroundings));
  }

  #isFree(port: number): boolean {
    return isAssignable(port) && !this.#isGiven(port) && this.#claimsOn(port).length === 0;
  }

  #isGiven(port: number): boolean {
    return [...this.#ports.values(), ...this.#staying.values()].includes(port);
  }

  #claimsOn(port: number): Claim[] {
    return claimsOn(port, this.#world, this.#surroundings);
  }

  /**
   * Of the slots with a port of the spec: it is kept if the slot has it already, and never written if it is claimed. A slot
   * that is held stays where it is, and so may hold another one: as often as one is found, all are looked at again.
   */
  #held(): Partial<Record<Slot, readonly Claim[]>> {
    const held = new Map<Slot, readonly Claim[]>();
    for (let found = true; found;) {
      found = false;
      for (const { slot, workload } of this.#slots.filter((row) => !held.has(row.slot))) {
        const claims = this.#holdersOf(slot, workload);
        if (claims.length === 0) continue;
        found = true;
        held.set(slot, claims);
        const port = currentPort(workload.sidecar);
        if (port !== undefined) this.#staying.set(slot, port);
      }
    }
    return Object.fromEntries(held);
  }

  #holdersOf(own: Slot, workload: Competing): Claim[] {
    const port = this.#ports.get(own);
    if (port === undefined) return [];
    if (currentPort(workload.sidecar) === port) {
      return distinctHolders(this.#claimsOn(port).filter((claim) => isInTheWay(claim, workload, this.#surroundings)));
    }
    const staying = this.#slots.filter(({ slot }) => slot !== own && this.#staying.get(slot) === port);
    const claims = staying.map(({ workload: { namespace, kind, name } }): Claim => {
      return { port, holder: { namespace, kind, name, container: SIDECAR_CONTAINER } };
    });
    return distinctHolders([...claims, ...this.#claimsOn(port)]);
  }

  /** All of the pool is taken. */
  #unassigned(): Partial<Record<Slot, readonly Claim[]>> {
    return Object.fromEntries(this.#open().map(({ slot }) => [slot, []]));
  }
}

/** A holder may be known from several sources: then that counts which says on which nodes it is. */
function distinctHolders(claims: readonly Claim[]): Claim[] {
  const byHolder = new Map<string, Claim>();
  for (const claim of claims) {
    const key = holderKey(claim.holder);
    if (!byHolder.has(key) || claim.nodes !== undefined) byHolder.set(key, claim);
  }
  return [...byHolder.values()];
}

function isInTheWay(claim: Claim, workload: Workload, { pods }: Surroundings): boolean {
  return claim.yields !== true && canMeet(claim, workload, pods);
}

/**
 * The ports on which a sidecar is in somebody's way though it does not listen there: declared ports that were left behind.
 *
 * @param ports that are in force
 */
export function collidingLeftovers(
  { slot: own, workload }: Pick<Row, 'slot' | 'workload'>,
  ports: Ports,
  world: RookWorld,
  surroundings: Surroundings,
): number[] {
  const others = SLOT_SPECS.flatMap(({ slot }) => (slot === own ? [] : (ports[slot] ?? [])));
  const listening = currentPort(workload.sidecar);
  return [...heldPorts(workload.sidecar)].filter((port) => {
    if (port === listening) return false;
    return (
      others.includes(port) ||
      // A younger Rook that was given this port sees no claim on it, so it does not make way.
      claimsOn(port, world, surroundings).some((claim) => canMeet(claim, workload, surroundings.pods))
    );
  });
}
