/** The metrics of one process: it counts from its start on, and reads the gauges at each scrape. */
import type { ControllerObserver } from '../../controller/controller.js';
import type { RequestObserver } from '../../kube/transport.js';
import { QueueMetrics } from './queue.js';
import { readings, type ControllerState, type ReadFrom } from './readings.js';
import { ReconcileMetrics } from './reconciles.js';
import { Recorder } from './recorder.js';
import { createRegistry, type MetricsText, type Registry } from './registry.js';
import { countWatchTransitions } from './watches.js';

export type MetricsOptions = Pick<ReadFrom, 'version' | 'maxConcurrentReconciles' | 'monotonicMs'>;

export class Metrics {
  /** For the controller. */
  readonly controller: ControllerObserver;
  readonly #options: MetricsOptions;
  readonly #recorder = new Recorder();
  readonly #queue: QueueMetrics;
  readonly #reconciles: ReconcileMetrics;
  #controller: ControllerState = { informers: [], assignments: [] };
  #election: ReadFrom['election'];
  #loading: Promise<Registry> | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#queue = new QueueMetrics(this.#recorder, options.monotonicMs);
    this.#reconciles = new ReconcileMetrics(this.#recorder, options.monotonicMs);
    this.controller = {
      onInformerEvent: countWatchTransitions(this.#recorder),
      queue: this.#queue,
      onReconcileEvent: (namespace, event) => this.#reconciles.observe(namespace, event),
    };
  }

  /** For the transport to the API server at this host, with its port. */
  requestsTo(host: string): RequestObserver {
    const recorder = this.#recorder;
    return {
      responded(method, status) {
        recorder.count('rest_client_requests_total', { code: String(status ?? '<error>'), host, method });
      },
      took(verb, milliseconds) {
        recorder.time('rest_client_request_duration_seconds', { verb, host }, milliseconds);
      },
    };
  }

  /**
   * Sets what the gauges are read from; called once, before the first scrape.
   *
   * @param election undefined for the only replica
   */
  readFrom(controller: ControllerState, election: ReadFrom['election']): void {
    this.#controller = controller;
    this.#election = election;
  }

  /** All metrics as they are now. */
  async scrape(): Promise<MetricsText> {
    return (await this.load()).scrape();
  }

  /** Loads the library that keeps and prints the values. The recorder keeps all records until then. */
  load(): Promise<Registry> {
    const from = {
      ...this.#options,
      controller: this.#controller,
      election: this.#election,
      queue: this.#queue,
      forbidden: this.#reconciles.forbidden,
    };
    this.#loading ??= createRegistry(readings(from)).then((registry) => {
      this.#recorder.attach(registry.sink);
      return registry;
    });
    return this.#loading;
  }
}
