/** The metrics of one process: what it counts from its start on, and what it reads when somebody asks. */
import type { ControllerObserver } from '../../controller/observer.js';
import type { Leadership } from '../../kube/leadership.js';
import type { RequestObserver } from '../../kube/transport.js';
import { QueueMetrics } from './queue.js';
import { readings, type ControllerState } from './readings.js';
import { countReconciles } from './reconciles.js';
import { Recorder } from './recorder.js';
import { createRegistry, type Registry } from './registry.js';
import { countRequests } from './requests.js';
import { countWatchTransitions } from './watches.js';

export interface MetricsOptions {
  readonly version: string;
  readonly maxConcurrentReconciles: number;
  readonly monotonicMs: () => number;
}

export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

export class Metrics {
  /** For the controller. */
  readonly controller: ControllerObserver;
  readonly #options: MetricsOptions;
  readonly #recorder = new Recorder();
  readonly #queue: QueueMetrics;
  #controller: ControllerState = { informers: [], assignments: [] };
  #election: Pick<Leadership, 'isLeading'> | undefined;
  #loading: Promise<Registry> | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#queue = new QueueMetrics(this.#recorder, options.monotonicMs);
    this.controller = {
      onInformerEvent: countWatchTransitions(this.#recorder),
      queue: this.#queue,
      onReconcileEvent: countReconciles(this.#recorder, options.monotonicMs),
    };
  }

  /** For the transport to the API server at this host. */
  requestsTo(host: string): RequestObserver {
    return countRequests(this.#recorder, host);
  }

  /**
   * What the gauges are read from; to be said once, before anything is asked.
   *
   * @param election undefined where this process is the only one
   */
  readFrom(controller: ControllerState, election: Pick<Leadership, 'isLeading'> | undefined): void {
    this.#controller = controller;
    this.#election = election;
  }

  /** All metrics as they are now. */
  async scrape(): Promise<MetricsText> {
    const registry = await this.load();
    return { contentType: registry.contentType, text: await registry.text() };
  }

  /** Loads the library that keeps and prints the values; until then all that happens is kept aside. */
  load(): Promise<Registry> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async #load(): Promise<Registry> {
    const registry = await createRegistry(
      readings({ ...this.#options, controller: this.#controller, election: this.#election, queue: this.#queue }),
    );
    this.#recorder.attach(registry.sink);
    return registry;
  }
}
