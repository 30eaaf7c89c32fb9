/**
 * One process of the operator: its own stores, plan, applier and status writer, and the real rules of when it reconciles,
 * by the model's clock. What it sends waits until the interleaving lets the API server take it, and the answer arrive.
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
import { ASSIGNMENT, CONFIG, NAMESPACE } from './objects.js';
import { HandedOver, targetOf, type Answer } from './requests.js';
import { WatchFeed } from './watch-feed.js';

export interface Request {
  readonly call: Call;
  /** The version that the operator knew of the object when it sent this; undefined: none, or it is a workload. */
  readonly onto: string | undefined;
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

export class Operator {
  readonly watches: Watches;
  readonly feed: WatchFeed;
  /** On their way, oldest first. */
  readonly requests: Request[] = [];
  readonly #clock: Clock;
  readonly #reconciler: Reconciler;
  #working = false;
  #dirty = false;
  #dueAt: number | undefined;
  #failures = 0;
  #unexpected: unknown;

  constructor(server: ApiServer, clock: Clock) {
    this.#clock = clock;
    const transport = new HandedOver((call) => this.#send(call));
    const ignore = (): undefined => undefined;
    const enqueue = (): boolean => (this.#dirty = true);
    const watches = new Watches({ namespaces: [], transport, onEvent: ignore, enqueue });
    const monotonicMs = (): number => clock.monotonicMs;
    const writer = new Writer(transport, ALWAYS_LEADING);
    this.watches = watches;
    this.feed = new WatchFeed(server, watches);
    const now = (): Date => clock.wall;
    this.#reconciler = new Reconciler({
      writer,
      watches,
      backoff: new WriteBackoff({ contestedAfter: CONTESTED_AFTER, now, monotonicMs }),
      statusWriter: new StatusWriter({ writer, watches, monotonicMs }),
      recorder: { record: ignore },
      logger: SILENT,
      now,
      onEvent: ignore,
    });
  }

  /** Whether it would begin a reconcile now: as in the work queue, what changed comes before what is due. */
  get isDue(): boolean {
    if (this.#working || !this.feed.isSynced) return false;
    return this.#dirty || (this.#dueAt !== undefined && this.#dueAt <= this.#clock.monotonicMs);
  }

  get isWorking(): boolean {
    return this.#working;
  }

  /** When it comes back by itself, by the monotonic clock. */
  get dueAt(): number | undefined {
    return this.#dueAt;
  }

  /** As if something had changed. */
  wake(): void {
    this.#dirty = true;
  }

  /** Begins a reconcile, up to its first request, or to its end. */
  async reconcile(): Promise<void> {
    this.#dirty = false;
    this.#dueAt = undefined;
    this.#work(this.#reconciler.reconcile(NAMESPACE, 'model'));
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
    const onto = this.#knownVersion(targetOf(call).name);
    this.requests.push({
      call,
      onto,
      isLate: false,
      answered: resolve,
      failed: reject,
      answer: undefined,
    });
    return promise;
  }

  #knownVersion(name: string): string | undefined {
    const { assignments, rookConfigs } = this.watches;
    if (name === ASSIGNMENT) return assignments.get(NAMESPACE)?.resourceVersion;
    return name === CONFIG ? rookConfigs.get(NAMESPACE)?.resourceVersion : undefined;
  }

  #work(work: Promise<WorkResult>): void {
    this.#working = true;
    work.then(
      (result) => this.#end(result),
      (error: unknown) => (this.#unexpected = error),
    );
  }

  #end(result: WorkResult): void {
    this.#working = false;
    const waits = result.requeueAfterMs === undefined ? [] : [result.requeueAfterMs];
    this.#failures = 'failure' in result ? this.#failures + 1 : 0;
    if ('failure' in result) waits.push(backoffMs(this.#failures, RETRY));
    if (waits.length > 0) this.#dueAt = this.#clock.monotonicMs + Math.min(...waits);
  }

  /** Everything that follows from what was told has happened: only promises lie between one request and the next. */
  async #settled(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#unexpected !== undefined) throw this.#unexpected as Error;
  }
}
