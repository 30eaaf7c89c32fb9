/**
 * One process of the operator: its own stores, plan, applier and status writer, and the real rules of when it reconciles,
 * by the model's clock. Namespaces are reconciled side by side. What it sends waits until the interleaving lets the API server take it, and the answer arrive.
 */
import type { Log } from '../../src/log.js';
import { Reconciler } from '../../src/controller/reconciler.js';
import { StatusWriter } from '../../src/controller/status-writer.js';
import { Watches } from '../../src/controller/watches.js';
import type { WorkResult } from '../../src/controller/work-queue.js';
import { WriteBackoff } from '../../src/controller/write-backoff.js';
import { backoffMs } from '../../src/kube/backoff.js';
import { UnreachableError } from '../../src/kube/errors.js';
import { ALWAYS_LEADING } from '../../src/kube/leadership.js';
import type { Call } from '../../src/kube/transport.js';
import { Writer } from '../../src/kube/writer.js';
import type { ApiServer } from './api-server.js';
import type { Clock } from './clock.js';
import { ASSIGNMENT, CONFIG, placeOf } from './objects.js';
import { knowledgeOf, type Knowledge } from './knowledge.js';
import type { RawPod } from './pod-objects.js';
import { HandedOver, targetOf, type Answer } from './requests.js';
import { WatchFeed } from './watch-feed.js';

export interface Request {
  readonly call: Call;
  /** The version that the operator knew of the object when it sent this; undefined: none, or it is a workload. */
  readonly onto: string | undefined;
  /** What it knew when it began the reconcile. */
  readonly known: Knowledge;
  readonly answered: (answer: unknown) => void;
  readonly failed: (error: unknown) => void;
  /** Nobody waits for its answer any more: it may come to be done all the same. */
  isLate: boolean;
  /** Set once the API server has done it. */
  answer: Answer | undefined;
}

const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined };
/** As the flag's default. */
const CONTESTED_AFTER = 5;
/** As the controller's, without the chance in it. */
const RETRY = { baseMs: 50, maxMs: 30_000, random: () => 1 };

export interface OperatorOptions {
  readonly server: ApiServer;
  readonly clock: Clock;
  readonly namespaces: readonly string[];
  /** Pods on the host network; absent: they may not be listed. */
  readonly listPods: (() => readonly RawPod[]) | undefined;
}

/** Which pods are known is told by the feed, as no informer runs. */
class FedWatches extends Watches {
  arePodsKnown = false;

  override podsKnown(): boolean {
    return this.arePodsKnown;
  }
}

/** A key of the work queue. */
interface Key {
  isWorking: boolean;
  isDirty: boolean;
  dueAt: number | undefined;
  failures: number;
  known: Knowledge | undefined;
}

export class Operator {
  readonly watches: Watches;
  readonly feed: WatchFeed;
  /** On their way, oldest first. */
  readonly requests: Request[] = [];
  readonly #clock: Clock;
  readonly #reconciler: Reconciler;
  readonly #keys: ReadonlyMap<string, Key>;
  #unexpected: unknown;

  constructor({ server, clock, namespaces, listPods }: OperatorOptions) {
    this.#clock = clock;
    this.#keys = new Map(namespaces.map((namespace) => [namespace, newKey()]));
    const transport = new HandedOver((call) => this.#send(call));
    const ignore = (): undefined => undefined;
    const enqueue = (namespace: string): void => this.#enqueue(namespace);
    const watches = new FedWatches({ namespaces: [], transport, onEvent: ignore, enqueue });
    const monotonicMs = (): number => clock.monotonicMs;
    const writer = new Writer(transport, ALWAYS_LEADING);
    this.watches = watches;
    const onSynced = (): void => {
      watches.arePodsKnown = true;
      watches.assignments.namespaces().forEach(enqueue);
    };
    const pods = listPods && { listed: listPods, store: watches.podStore, onSynced };
    this.feed = new WatchFeed({ server, watches, namespaces, pods });
    const now = (): Date => clock.wall;
    this.#reconciler = new Reconciler({
      writer,
      watches,
      backoff: new WriteBackoff({ contestedAfter: CONTESTED_AFTER, now, monotonicMs }),
      statusWriter: new StatusWriter({ writer, watches, monotonicMs, othersWait: () => this.due.length > 0 }),
      recorder: { record: ignore },
      logger: SILENT,
      now,
      onEvent: ignore,
    });
  }

  /** Namespaces that it would reconcile now: as in the work queue, what changed comes before what is due. */
  get due(): string[] {
    if (!this.feed.isSynced) return [];
    const now = this.#clock.monotonicMs;
    const isDue = ({ isWorking, isDirty, dueAt }: Key): boolean =>
      !isWorking && (isDirty || (dueAt !== undefined && dueAt <= now));
    return [...this.#keys].filter(([, key]) => isDue(key)).map(([namespace]) => namespace);
  }

  /** When it comes back by itself, by the monotonic clock; Infinity: it does not. */
  get dueAt(): number {
    return Math.min(...[...this.#keys.values()].map(({ dueAt }) => dueAt ?? Infinity));
  }

  /** As if something had changed. */
  wake(): void {
    for (const key of this.#keys.values()) key.isDirty = true;
  }

  /** Begins a reconcile, up to its first request, or to its end. */
  async reconcile(namespace: string): Promise<void> {
    const key = this.#of(namespace);
    key.isDirty = false;
    key.dueAt = undefined;
    key.known = knowledgeOf(this.watches, this.feed.knowsPods);
    this.#work(key, this.#reconciler.reconcile(namespace, 'model'));
    await this.#settled();
  }

  /** The answer arrives. */
  async arrive(request: Request): Promise<void> {
    this.#take(request);
    const { answer } = request;
    if (answer === undefined) throw new Error('there is no answer yet');
    if ('error' in answer) request.failed(answer.error);
    else request.answered(answer.object);
    await this.#settled();
  }

  /** The connection breaks; whether the API server had done it the operator does not know. */
  async breakOff(request: Request): Promise<void> {
    this.#take(request);
    request.failed(new UnreachableError(`${request.call.method} ${request.call.path}`, new Error('socket hang up')));
    await this.#settled();
  }

  #take(request: Request): void {
    this.requests.splice(this.requests.indexOf(request), 1);
  }

  #send(call: Call): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const { name, namespace } = targetOf(call);
    this.requests.push({
      call,
      onto: this.#knownVersion(name),
      known: this.#of(namespace).known!,
      isLate: false,
      answered: resolve,
      failed: reject,
      answer: undefined,
    });
    return promise;
  }

  #knownVersion(key: string): string | undefined {
    const { assignments, rookConfigs } = this.watches;
    const { namespace, name } = placeOf(key);
    if (name === ASSIGNMENT) return assignments.get(namespace)?.resourceVersion;
    return name === CONFIG ? rookConfigs.get(namespace)?.resourceVersion : undefined;
  }

  #enqueue(namespace: string): void {
    const key = this.#keys.get(namespace);
    if (key !== undefined) key.isDirty = true;
  }

  #of(namespace: string): Key {
    const key = this.#keys.get(namespace);
    if (key === undefined) throw new Error(`nobody knows namespace ${namespace}`);
    return key;
  }

  #work(key: Key, work: Promise<WorkResult>): void {
    key.isWorking = true;
    work.then(
      (result) => this.#end(key, result),
      (error: unknown) => (this.#unexpected = error),
    );
  }

  #end(key: Key, result: WorkResult): void {
    key.isWorking = false;
    const waits = result.requeueAfterMs === undefined ? [] : [result.requeueAfterMs];
    key.failures = 'failure' in result ? key.failures + 1 : 0;
    if ('failure' in result) waits.push(backoffMs(key.failures, RETRY));
    if (waits.length > 0) key.dueAt = this.#clock.monotonicMs + Math.min(...waits);
  }

  /** Everything that follows from what was told has happened: only promises lie between one request and the next. */
  async #settled(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#unexpected !== undefined) throw this.#unexpected as Error;
  }
}

function newKey(): Key {
  return { isWorking: false, isDirty: false, dueAt: undefined, failures: 0, known: undefined };
}
