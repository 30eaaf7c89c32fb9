/** The controller in this process, with a clock of the test's own, against a real API server. */
import { onTestFinished } from 'vitest';
import { Controller } from '../../src/controller/controller.js';
import { ALWAYS_LEADING } from '../../src/kube/leadership.js';
import { kubeconfigCredentials } from '../../src/kube/kubeconfig.js';
import { Transport } from '../../src/kube/transport.js';
import type { Cluster } from './cluster.js';

/** Wall clock and monotonic clock in one, in milliseconds. */
export class SteppedClock {
  #ms = Date.parse('2026-11-22T10:00:00Z');
  #runningSince: number | undefined;

  now = (): Date => new Date(this.monotonicMs());
  monotonicMs = (): number =>
    this.#ms + (this.#runningSince === undefined ? 0 : performance.now() - this.#runningSince);

  /** From now on it goes as the real one does. */
  run(): void {
    this.#runningSince = performance.now();
  }

  step(seconds: number): void {
    this.#ms += seconds * 1000;
  }
}

export class InProcessOperator {
  readonly log: string[] = [];
  readonly #stop = new AbortController();
  readonly #transport: Transport;
  readonly #running: Promise<void>;

  private constructor(transport: Transport, clock: SteppedClock, namespaces: readonly string[]) {
    const say = (_: object, message: string): void => void this.log.push(message);
    this.#transport = transport;
    const controller = new Controller({
      transport,
      leadership: ALWAYS_LEADING,
      logger: { debug: say, info: say, warn: say },
      namespaces,
      maxConcurrentReconciles: 4,
      contestedAfter: 5,
      instance: 'in-process',
      now: clock.now,
      monotonicMs: clock.monotonicMs,
    });
    this.#running = controller.run(this.#stop.signal);
  }

  /** As its own ServiceAccount; stopped after the test at the latest. */
  static async start(cluster: Cluster, clock: SteppedClock, namespaces: readonly string[]): Promise<InProcessOperator> {
    const credentials = kubeconfigCredentials([await cluster.operatorKubeconfig()]);
    const operator = new InProcessOperator(new Transport(credentials, { userAgent: 'in-process' }), clock, namespaces);
    onTestFinished(() => operator.stop());
    return operator;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#transport.close();
  }
}
