/** Everybody in a cluster: the API server, a Rook in one namespace or in several, the pods, and the operator, each of whom goes on step by step. */
import { SLOT_SPECS } from '../../src/domain/rules/slots.js';
import type { RookVersion } from '../support/rook/release.js';
import { ApiServer } from './api-server.js';
import { Clock } from './clock.js';
import { Ledger } from './ledger.js';
import {
  ASSIGNMENT,
  CONFIG,
  NAMESPACE,
  WORKLOADS,
  isOnHostNetwork,
  keyOf,
  placeOf,
  saidPorts,
  type StoredAssignment,
  type StoredObject,
  type StoredWorkload,
} from './objects.js';
import { Operator, type Request } from './operator.js';
import { PodLife } from './pods.js';
import { answer, targetOf } from './requests.js';
import { Rook } from './rook.js';

/** Another namespace with a Rook in it. */
export interface NeighbourSpec {
  readonly namespace: string;
  readonly sharesNodes: boolean;
  /** When its assignment was made; None: nobody may move its workloads. */
  readonly assignment: 'Older' | 'Younger' | 'None';
}

export interface WorldOptions {
  /** Whether the operator may list pods on the host network. */
  readonly knowsPods?: boolean;
  readonly neighbours?: readonly NeighbourSpec[];
}

/** Something that would happen next. */
export interface Move {
  readonly what: string;
  /** Resolves with what came of it. */
  readonly happen: () => Promise<string | undefined> | string | undefined;
}

const ADMIN = { manager: 'kubectl-create' };
export const SETTINGS = { CSI_ENABLE_CSIADDONS: 'true', ROOK_ENFORCE_HOST_NETWORK: 'true' };

/** Those of the main namespace and of all who share them. */
export const NODES: readonly string[] = ['node-1', 'node-2', 'node-3'];
const OTHER_NODES: readonly string[] = ['node-4', 'node-5', 'node-6'];

export class World {
  readonly clock = new Clock();
  readonly server = new ApiServer(this.clock);
  readonly namespaces: readonly string[];
  readonly neighbours: readonly NeighbourSpec[];
  readonly pods: PodLife;
  readonly rooks: ReadonlyMap<string, Rook>;
  readonly ledgers: ReadonlyMap<string, Ledger>;
  /** Keys of objects which an admission policy keeps the operator from writing. */
  readonly rejected = new Set<string>();
  /** Foreign pods that came or went, and nodes and policies that did. */
  upsets = 0;
  /** Reconciles that wrote anything, of all processes of the operator; the others had only looked. */
  reconciles = 0;
  /** By namespace, of the reconcile in hand. */
  readonly #hasWritten = new Set<string>();
  /** Writes that the API server was asked for, whatever came of them; dry runs are none. */
  writes = 0;
  /** How many processes of the operator there have been. */
  processes = 0;
  operator: Operator;
  readonly knowsPods: boolean;
  readonly #journal: string[] | undefined;
  #told = '';
  /** Sent, and given up. */
  readonly #strays: Request[] = [];

  /** @param journal what happens, in words, is added to it */
  constructor(version: RookVersion, { knowsPods = true, neighbours = [] }: WorldOptions = {}, journal?: string[]) {
    this.#journal = journal;
    this.knowsPods = knowsPods;
    this.neighbours = neighbours;
    this.namespaces = [NAMESPACE, ...neighbours.map(({ namespace }) => namespace)];
    const keys = this.namespaces.flatMap((namespace) => WORKLOADS.map((name) => keyOf(namespace, name)));
    this.pods = new PodLife(this.server, keys, (namespace) => this.nodesOf(namespace));
    this.ledgers = new Map(this.namespaces.map((namespace) => [namespace, new Ledger(namespace)]));
    this.operator = this.#newOperator();
    this.rooks = new Map(this.namespaces.map((name) => [name, new Rook(this.server, name, version)]));
    for (const namespace of this.namespaces) {
      this.server.create(keyOf(namespace, CONFIG), { kind: 'ConfigMap', metadata: {}, data: SETTINGS }, ADMIN);
    }
    this.#createAssignments();
    // What is there from the beginning is no edit.
    this.server.onChange((change) => {
      this.operator.feed.take(change);
      this.ledgers.get(placeOf(change.name).namespace)!.take(change);
    });
    this.pods.onEvents((events) => this.operator.feed.takePods(events));
    for (const rook of this.rooks.values()) rook.start();
  }

  /** Of the main namespace. */
  get rook(): Rook {
    return this.rooks.get(NAMESPACE)!;
  }

  nodesOf(namespace: string): readonly string[] {
    const isApart = this.neighbours.some((one) => one.namespace === namespace && !one.sharesNodes);
    return isApart ? OTHER_NODES : NODES;
  }

  /** All that happened which may make the operator write. */
  get disturbances(): number {
    return [...this.ledgers.values()].reduce((sum, ledger) => sum + ledger.disturbances, this.upsets);
  }

  #createAssignments(): void {
    const create = (namespace: string): void => {
      this.server.create(keyOf(namespace, ASSIGNMENT), { kind: 'CSIPortAssignment', metadata: {}, spec: {} }, ADMIN);
      this.clock.pass(1_000);
    };
    const made = (when: string): string[] =>
      this.neighbours.filter(({ assignment }) => assignment === when).map(({ namespace }) => namespace);
    for (const namespace of [...made('Older'), NAMESPACE, ...made('Younger')]) create(namespace);
  }

  /** Rook has made its first pass, the pods run as far as they can, and the operator knows of all that. */
  bringConflict(): void {
    for (const rook of this.rooks.values()) while (rook.next !== undefined) rook.goOn();
    for (let [name] = this.pods.moving; name !== undefined; [name] = this.pods.moving) this.pods.goOn(name);
    for (const name of this.operator.feed.waiting) this.operator.feed.deliver(name);
    this.tell(() => 'Rook has left its three sidecars on one port');
  }

  /** All that could happen next, by itself. */
  get moves(): Move[] {
    const { operator, rooks, pods } = this;
    return [
      ...operator.feed.waiting.map((name) => ({
        what: `the watch of ${name} tells`,
        happen: () => operator.feed.deliver(name),
      })),
      ...operator.due.map((namespace) => ({
        what: `the operator reconciles ${namespace}`,
        happen: () => this.#reconcile(namespace),
      })),
      ...operator.requests.map((request) => this.#onward(request)),
      ...this.#strays.map((request) => ({ what: `late, ${titleOf(request)}`, happen: () => this.#takeStray(request) })),
      ...[...rooks].flatMap(([namespace, rook]) => {
        const { next } = rook;
        const where = namespace === NAMESPACE ? '' : ` (${namespace})`;
        return next === undefined ? [] : [{ what: `${next}${where}`, happen: () => rook.goOn() }];
      }),
      ...pods.moving.map((name) => ({ what: name, happen: () => pods.goOn(name) })),
    ];
  }

  async happen({ what, happen }: Move): Promise<void> {
    try {
      const result = await happen();
      this.tell(() => (result === undefined ? what : `${what}: ${result}`));
    } catch (error) {
      this.tell(() => `${what}: this must never happen`);
      throw error;
    }
  }

  /** Adds a line to the journal, with the state after it where that has changed. */
  tell(line: () => string): void {
    if (this.#journal === undefined) return;
    const state = this.#state();
    this.#journal.push(state === this.#told ? line() : `${line()}\n        ${state}`);
    this.#told = state;
  }

  /** The process ends without warning; what it has sent may still come to be done. */
  crash(): void {
    for (const request of this.operator.requests) this.#leave(request);
    this.operator = this.#newOperator();
  }

  /** The connection breaks, or the operator's patience ends; what was not done yet may be done late. */
  async breakOff(request: Request): Promise<void> {
    this.#leave(request);
    await this.operator.breakOff(request);
  }

  #leave(request: Request): void {
    if (request.answer !== undefined || request.call.method === 'GET') return;
    request.isLate = true;
    this.#strays.push(request);
  }

  /** The process ends in order: the work in hand is finished. */
  async restart(): Promise<void> {
    await this.#finish();
    this.operator = this.#newOperator();
  }

  async #finish(): Promise<void> {
    for (let request = this.operator.requests[0]; request !== undefined; request = this.operator.requests[0]) {
      await this.#onward(request).happen();
    }
  }

  /** One request's next step: the API server does it, then its answer arrives. */
  #onward(request: Request): Move {
    const title = titleOf(request);
    if (request.answer !== undefined) {
      const arrive = async (): Promise<string> => {
        await this.operator.arrive(request);
        return 'the operator has it';
      };
      return { what: `answer to ${title}`, happen: arrive };
    }
    return { what: title, happen: () => this.#do(request) };
  }

  #do(request: Request): string {
    const { namespace } = targetOf(request.call);
    this.ledgers.get(namespace)!.request = request;
    request.answer = answer(this.server, request.call, (name) => this.rejected.has(name));
    const { answer: done } = request;
    if (isWrite(request)) this.#countWrite(namespace, 'error' in done && done.error.status === 404);
    return 'error' in done ? done.error.message : `version ${done.object.metadata.resourceVersion}`;
  }

  /** Each event until it hears that its assignment is gone makes it try again to write the status of that. */
  #countWrite(namespace: string, isOntoNothing: boolean): void {
    this.writes += 1;
    if (isOntoNothing) return;
    if (!this.#hasWritten.has(namespace)) this.reconciles += 1;
    this.#hasWritten.add(namespace);
  }

  #takeStray(request: Request): string {
    this.#strays.splice(this.#strays.indexOf(request), 1);
    return this.#do(request);
  }

  async #reconcile(namespace: string): Promise<string> {
    this.#hasWritten.delete(namespace);
    await this.operator.reconcile(namespace);
    return this.operator.requests.map(titleOf).join(', ') || 'nothing to send';
  }

  #newOperator(): Operator {
    this.processes += 1;
    for (const [namespace, ledger] of this.ledgers) {
      const stored = WORKLOADS.flatMap((name) => this.server.get(keyOf(namespace, name)) ?? []);
      ledger.beginProcess(stored as StoredWorkload[]);
    }
    const { server, clock, namespaces, pods } = this;
    return new Operator({ server, clock, namespaces, listPods: this.knowsPods ? () => pods.listed : undefined });
  }

  #state(): string {
    const foreign = [...new Set(this.namespaces.flatMap((namespace) => this.nodesOf(namespace)))].flatMap((node) =>
      this.pods.foreignPorts(node).map((port) => `${port} on ${node}`),
    );
    const upsets = [
      ...foreign,
      ...this.pods.deadNodes.map((node) => `${node} dead`),
      ...this.pods.refusing.map((key) => `${key} refused`),
    ];
    const all = this.namespaces.map((namespace) => this.#stateOf(namespace)).join('\n        ');
    return upsets.length === 0 ? all : `${all}\n        ${upsets.join(', ')}`;
  }

  #stateOf(namespace: string): string {
    const at = (name: string): StoredObject | undefined => this.server.get(keyOf(namespace, name));
    const workloads = SLOT_SPECS.map(({ slot, workload }) => {
      const isRunning = this.pods.isRolledOut(keyOf(namespace, workload)) ? '' : '…';
      return `${slot} ${describe(at(workload))}${isRunning}`;
    });
    const data = at(CONFIG)?.data;
    const keys = SLOT_SPECS.map(({ configKey }) =>
      data === undefined ? '-' : JSON.stringify(data[configKey] ?? null),
    );
    const assignment = at(ASSIGNMENT) as StoredAssignment | undefined;
    const told = assignment === undefined ? 'no assignment' : tellOf(assignment);
    return `${namespace === NAMESPACE ? '' : namespace}[${workloads.join(', ')}; keys ${keys.join(' ')}; ${told}]`;
  }
}

function describe(stored: StoredObject | undefined): string {
  if (stored === undefined) return 'absent';
  const said = saidPorts(stored as StoredWorkload);
  if (said === undefined) return 'without sidecar';
  const ports = [...new Set([said.listens, ...said.declared])].join('+');
  return isOnHostNetwork(stored as StoredWorkload) ? ports : `${ports} on the pod network`;
}

function tellOf({ spec, status }: StoredAssignment): string {
  const wanted = `spec ${JSON.stringify(spec)}`;
  if (status === undefined) return `${wanted}; no status`;
  const rows = status.workloads.map(({ currentPort, state }) => [currentPort, state].join(' ').trim());
  return `${wanted}; status ${status.conditions[0]?.reason ?? ''}: ${rows.join(', ')}`;
}

function isWrite({ call }: Request): boolean {
  return call.method === 'PATCH' && call.query?.dryRun === undefined;
}

function titleOf({ call }: Request): string {
  const { name, isStatus } = targetOf(call);
  return `${call.method} ${name}${isStatus ? '/status' : ''}${call.query?.dryRun === undefined ? '' : ' (dry run)'}`;
}
