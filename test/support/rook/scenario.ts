/** A namespace in which a Rook runs and has made the conflict, and what it costs to get from one state to another. */
import { onTestFinished } from 'vitest';
import type { AssignmentSpec } from '../../../src/domain/rules/api.js';
import { forEachSlot, type Slot } from '../../../src/domain/rules/slots.js';
import type { Assignment } from '../assignment.js';
import type { Cluster } from '../cluster.js';
import type { Mark } from '../control-plane/audit-log.js';
import { waitFor } from '../control-plane/wait-for.js';
import { InProcessOperator, type SteppedClock } from '../in-process-operator.js';
import type { Operator } from '../operator.js';
import { DEFAULT_PORTS, inOrder, keysOf, layoutOf, MOVED, patchOf, PROVISIONERS, SLOTS, type Ports } from '../slots.js';
import type { DaemonSet, Deployment } from './api-types.js';
import type { RookInstallation } from './installation.js';
import type { LivingRook, RookKind } from './living-rook.js';
import { RolloutRecorder } from './rollouts.js';
import { OPERATOR_USER } from '../operator-account.js';

type Rollouts = Readonly<Record<Slot, number>>;

/** Where it has to end. */
export interface End {
  /** In the order of SLOT_SPECS; undefined: any in which each slot has a port of its own. */
  readonly layout: readonly number[] | undefined;
  /** Keys of the settings ConfigMap; undefined: not there. */
  readonly keys: Readonly<Record<string, string | undefined>>;
}

/** What something costs with a Rook of one key and with one that has a key for each slot. */
export interface CostByKeys {
  readonly one: Cost;
  readonly three: Cost;
}

export function costOf({ hasThreeKeys }: RookKind, { one, three }: CostByKeys): Cost {
  return hasThreeKeys ? three : one;
}

/** @param rollouts none of the slots that are not named */
export function cost(rollouts: Partial<Rollouts>, ...writes: string[]): Cost {
  return { rollouts: forEachSlot(({ slot }) => rollouts[slot] ?? 0), writes: writes.sort() };
}

/** So many rollouts of each of the slots. */
export function times(count: number, slots: readonly Slot[]): Partial<Rollouts> {
  return Object.fromEntries(slots.map((slot) => [slot, count]));
}

export interface Cost {
  readonly rollouts: Rollouts;
  /** The operator's writes of the ConfigMap and of the workloads, sorted; the status and events are left out. */
  readonly writes: readonly string[];
}

/** How the operator's writes of these objects read. */
export const PIN = 'patch configmaps rook-ceph-operator-config';
export const PROVISIONER_PATCHES: readonly string[] = PROVISIONERS.map(patchOf);

/** A Rook of one key puts the provisioners on the node plugin's port in each pass, and the operator puts them back. */
export const PASS: CostByKeys = { one: cost(times(2, PROVISIONERS), ...PROVISIONER_PATCHES), three: cost({}) };

const MOVED_PROVISIONERS = PROVISIONERS.filter((slot) => MOVED.includes(slot));

/**
 * Provisioners are moved and pinned first, the node plugin when their pods exist. A Rook of one key then puts the
 * provisioners on the node plugin's port, so that those which had been moved are moved once more.
 */
export const SOLVED: CostByKeys = {
  one: cost(
    { ...times(2, PROVISIONERS), ...times(3, MOVED_PROVISIONERS), rbdNodePlugin: 1 },
    PIN,
    PIN,
    ...PROVISIONER_PATCHES,
    ...MOVED_PROVISIONERS.map(patchOf),
  ),
  three: cost(times(1, MOVED), PIN, PIN),
};

/** The same, after so many further rollouts of workloads that were put back to the conflict. */
export function solvedAfter(further: CostByKeys): CostByKeys {
  const sum = (a: Cost, b: Cost): Cost => ({
    rollouts: forEachSlot(({ slot }) => a.rollouts[slot] + b.rollouts[slot]),
    writes: [...a.writes, ...b.writes].sort(),
  });
  return { one: sum(SOLVED.one, further.one), three: sum(SOLVED.three, further.three) };
}

/** The default ports but for those that are given, and each key as its slot. */
export function pinned(ports: Partial<Ports> = {}): End {
  return { layout: layoutOf(ports), keys: keysOf({ ...DEFAULT_PORTS, ...ports }) };
}

export const FIXED: End = pinned();

/** Of a Rook of one key, half of whose pass has been seen: what collides with nobody then stays where it is. */
export const DISTINCT: End = { layout: undefined, keys: {} };

export interface ScenarioOptions {
  readonly spec?: AssignmentSpec;
  /** Settings that Rook has found from its first start on. */
  readonly config?: Readonly<Record<string, string>>;
}

export class Scenario {
  readonly cluster: Cluster;
  readonly kind: RookKind;
  readonly rook: RookInstallation;
  readonly living: LivingRook;
  readonly assignment: Assignment;
  readonly #recorder: RolloutRecorder;
  /** The built one, where it was started. */
  operator: Operator | undefined;
  #stoppable: { stop(): Promise<unknown> } | undefined;

  private constructor(parts: Pick<Scenario, 'cluster' | 'kind' | 'rook' | 'living'>, recorder: RolloutRecorder) {
    this.cluster = parts.cluster;
    this.kind = parts.kind;
    this.rook = parts.rook;
    this.living = parts.living;
    this.assignment = this.cluster.assignment(this.rook.namespace);
    this.#recorder = recorder;
  }

  /** Rook has written its workloads and rests, every pod exists, the assignment asks for nothing: no operator runs. */
  static async begin(cluster: Cluster, kind: RookKind, options: ScenarioOptions = {}): Promise<Scenario> {
    const { spec = {}, config = {} } = options;
    const rook = await cluster.installRook({ ...kind.install, alive: true, workloads: false, config });
    const living = await kind.start(cluster, rook);
    await living.settled();
    await waitFor('every pod to exist', async () => {
      const workloads = await Promise.all(SLOTS.map((slot) => rook.workload(slot)));
      return workloads.every(hasAllPods);
    });
    const recorder = await RolloutRecorder.start(cluster.controlPlane, rook.namespace);
    onTestFinished(() => recorder.stop());
    const scenario = new Scenario({ cluster, kind, rook, living }, recorder);
    await scenario.assignment.create(spec);
    return scenario;
  }

  /** The same, and the operator has solved it and rests. */
  static async solved(
    cluster: Cluster,
    kind: RookKind,
    options: ScenarioOptions & { end?: End } = {},
  ): Promise<Scenario> {
    const scenario = await Scenario.begin(cluster, kind, options);
    await scenario.startOperator();
    await scenario.#reach(options.end ?? FIXED);
    return scenario;
  }

  async startOperator(): Promise<void> {
    this.operator = await this.cluster.startOperator();
    this.#stoppable = this.operator;
  }

  /** In this process, by a clock of the test's: then no wait of the operator's ends because the machine is slow. */
  async startOperatorWith(clock: SteppedClock): Promise<void> {
    this.#stoppable = await InProcessOperator.start(this.cluster, clock, [this.rook.namespace]);
  }

  async stopOperator(): Promise<void> {
    await this.#stoppable?.stop();
  }

  setKeys(data: Readonly<Record<string, string | null>>): Promise<unknown> {
    return this.cluster.controlPlane.api.patch(this.rook.configPath, { data });
  }

  /** What it costs to get to the end after the action; in the log as a row of a table. */
  async cost(title: string, action: () => Promise<unknown>, end: End = FIXED): Promise<Cost> {
    await this.#recorder.mark();
    const mark = await this.cluster.controlPlane.audit.mark();
    await action();
    await this.#reach(end);
    const all = await this.cluster.writesUntilSettled(mark, this.assignment);
    const writes = all.filter((write) => /configmaps|deployments|daemonsets/.test(write)).sort();
    const restarts = await this.#recorder.sinceMark();
    const [rollouts, pods, ports] = (['rollouts', 'pods', 'ports'] as const).map((field) =>
      SLOTS.map((slot) => restarts[slot][field]),
    );
    console.log(
      [
        'measured',
        title,
        this.kind.name,
        `${await this.#secondsBetweenPins(mark)} s between its pins`,
        rollouts!.join(' '),
        pods!.join(' '),
        describe(writes),
        JSON.stringify(ports),
      ].join(' | '),
    );
    return { rollouts: forEachSlot(({ slot }) => restarts[slot].rollouts), writes };
  }

  /** From the first pin since the mark to the last one: what the order of the moves costs. */
  async #secondsBetweenPins(mark: Mark): Promise<string> {
    const requests = await this.cluster.controlPlane.audit.since(mark, { user: OPERATOR_USER });
    const pins = requests.filter(
      ({ resource, verb, code }) => resource === 'configmaps' && verb === 'patch' && code < 300,
    );
    const times = pins.map(({ receivedAt }) => receivedAt);
    return times.length === 0 ? '0' : ((Math.max(...times) - Math.min(...times)) / 1000).toFixed(1);
  }

  /** The end, and Rook and the operator have nothing left to do. */
  async #reach(end: End): Promise<void> {
    await this.#waitFor(end);
    await this.living.settled();
    // Twice: each kind of object is watched on its own, so the first may overtake what Rook wrote last.
    await this.assignment.waitUntilSettled();
    await this.assignment.waitUntilSettled();
    await this.#waitFor(end);
  }

  async #waitFor(end: End): Promise<void> {
    await waitFor(
      `${end.layout?.join(' ') ?? 'distinct ports'} in ${this.rook.namespace}`,
      async () => {
        const [layout, config] = await Promise.all([this.rook.layout(), this.rook.config()]);
        const isDistinct = new Set(layout).size === layout.length;
        const isThere = end.layout === undefined ? isDistinct : String(layout) === String(end.layout);
        return isThere && Object.entries(end.keys).every(([key, value]) => config[key] === value);
      },
      { lastSeen: async () => ({ layout: await this.rook.layout(), status: await this.assignment.status() }) },
    );
    await waitFor(
      `all to be well in ${this.rook.namespace}`,
      async () => {
        const { conditions } = await this.assignment.status();
        const reasons = conditions.map(({ reason }) => reason).sort();
        return reasons.join(' ') === 'AsExpected PortsAssigned Settled';
      },
      { lastSeen: () => this.assignment.status() },
    );
  }
}

/**
 * For what depends on which of two writers comes first: what there is of rollouts and writes beyond the bound. A worse
 * order is allowed for, a needless restart is not.
 */
export function beyond(bound: Cost, { rollouts, writes }: Cost): string[] {
  const allowed = [...bound.writes];
  const writesBeyond = writes.filter((write) => {
    const index = allowed.indexOf(write);
    if (index >= 0) allowed.splice(index, 1);
    return index < 0;
  });
  const isWithin = SLOTS.every((slot) => rollouts[slot] <= bound.rollouts[slot]);
  return isWithin ? writesBeyond : [`rollouts ${inOrder(rollouts).join(' ')}`, ...writesBeyond];
}

/** On the three nodes, or the two replicas. */
function hasAllPods({ status }: DaemonSet | Deployment): boolean {
  const { numberReady, replicas } = (status ?? {}) as { numberReady?: number; replicas?: number };
  return numberReady === 3 || replicas === 2;
}

/** Each write once, with its count. */
function describe(writes: readonly string[]): string {
  const names = [...new Set(writes)];
  const counted = names.map(
    (name) => `${writes.filter((write) => write === name).length}x ${name.replace('patch ', '')}`,
  );
  return counted.length === 0 ? 'none' : counted.join(', ');
}
