/** Everybody on one namespace: the API server, Rook, the pods, and the operator, each of whom goes on step by step. */
import { SLOT_SPECS } from '../../src/domain/rules/slots.js';
import type { RookVersion } from '../support/rook/release.js';
import { ApiServer } from './api-server.js';
import { Clock } from './clock.js';
import { Ledger } from './ledger.js';
import {
  ASSIGNMENT,
  CONFIG,
  isOnHostNetwork,
  saidPorts,
  type StoredAssignment,
  type StoredObject,
  type StoredWorkload,
} from './objects.js';
import { Operator, type Request } from './operator.js';
import { PodLife } from './pods.js';
import { answer, targetOf } from './requests.js';
import { Rook } from './rook.js';

/** Something that would happen next. */
export interface Move {
  readonly what: string;
  /** Resolves with what came of it. */
  readonly happen: () => Promise<string | undefined> | string | undefined;
}

const ADMIN = { manager: 'kubectl-create' };
export const SETTINGS = { CSI_ENABLE_CSIADDONS: 'true', ROOK_ENFORCE_HOST_NETWORK: 'true' };

export class World {
  readonly clock = new Clock();
  readonly server = new ApiServer(this.clock);
  readonly pods = new PodLife(this.server);
  readonly rook: Rook;
  readonly ledger = new Ledger();
  /** Names of objects which an admission policy keeps the operator from writing. */
  readonly rejected = new Set<string>();
  /** Reconciles that wrote anything, of all processes of the operator; the others had only looked. */
  reconciles = 0;
  #hasWritten = false;
  /** Writes that the API server was asked for, whatever came of them; dry runs are none. */
  writes = 0;
  /** How many processes of the operator there have been. */
  processes = 0;
  operator: Operator;
  readonly #journal: string[] | undefined;
  #told = '';
  /** Sent, and given up. */
  readonly #strays: Request[] = [];

  /** @param journal what happens, in words, is added to it */
  constructor(version: RookVersion, journal?: string[]) {
    this.#journal = journal;
    this.operator = this.#newOperator();
    this.rook = new Rook(this.server, version);
    this.server.create(CONFIG, { kind: 'ConfigMap', metadata: {}, data: SETTINGS }, ADMIN);
    this.server.create(ASSIGNMENT, { kind: 'CSIPortAssignment', metadata: {}, spec: {} }, ADMIN);
    // What is there from the beginning is no edit.
    this.server.onChange((change) => {
      this.operator.feed.take(change);
      this.ledger.take(change);
    });
    this.rook.start();
  }

  /** Rook has made its first pass, the pods run as far as they can, and the operator knows of all that. */
  bringConflict(): void {
    while (this.rook.next !== undefined) this.rook.goOn();
    for (let [name] = this.pods.moving; name !== undefined; [name] = this.pods.moving) this.pods.goOn(name);
    for (const name of this.operator.feed.waiting) this.operator.feed.deliver(name);
    this.tell(() => 'Rook has left its three sidecars on one port');
  }

  /** All that could happen next, by itself. */
  get moves(): Move[] {
    const { operator, rook, pods } = this;
    const next = rook.next;
    return [
      ...operator.feed.waiting.map((name) => ({
        what: `the watch of ${name} tells`,
        happen: () => operator.feed.deliver(name),
      })),
      ...(operator.isDue ? [{ what: 'the operator reconciles', happen: () => this.#reconcile() }] : []),
      ...operator.requests.map((request) => this.#onward(request)),
      ...this.#strays.map((request) => ({ what: `late, ${titleOf(request)}`, happen: () => this.#takeStray(request) })),
      ...(next === undefined ? [] : [{ what: next, happen: () => rook.goOn() }]),
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
    this.ledger.request = request;
    request.answer = answer(this.server, request.call, (name) => this.rejected.has(name));
    const { answer: done } = request;
    if (isWrite(request)) this.#countWrite('error' in done && done.error.status === 404);
    return 'error' in done ? done.error.message : `version ${done.object.metadata.resourceVersion}`;
  }

  /** Each event until it hears that its assignment is gone makes it try again to write the status of that. */
  #countWrite(isOntoNothing: boolean): void {
    this.writes += 1;
    if (isOntoNothing) return;
    if (!this.#hasWritten) this.reconciles += 1;
    this.#hasWritten = true;
  }

  #takeStray(request: Request): string {
    this.#strays.splice(this.#strays.indexOf(request), 1);
    return this.#do(request);
  }

  async #reconcile(): Promise<string> {
    this.#hasWritten = false;
    await this.operator.reconcile();
    return this.operator.requests.map(titleOf).join(', ') || 'nothing to send';
  }

  #newOperator(): Operator {
    this.processes += 1;
    return new Operator(this.server, this.clock);
  }

  #state(): string {
    const workloads = SLOT_SPECS.map(({ slot, workload }) => `${slot} ${placeOf(this.server.get(workload))}`);
    const data = this.server.get(CONFIG)?.data;
    const keys = SLOT_SPECS.map(({ configKey }) =>
      data === undefined ? '-' : JSON.stringify(data[configKey] ?? null),
    );
    const assignment = this.server.get(ASSIGNMENT) as StoredAssignment | undefined;
    const told = assignment === undefined ? 'no assignment' : tellOf(assignment);
    return `[${workloads.join(', ')}; keys ${keys.join(' ')}; ${told}]`;
  }
}

function placeOf(stored: StoredObject | undefined): string {
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
