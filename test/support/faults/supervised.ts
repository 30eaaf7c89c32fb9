/** The operator as kubelet keeps it: started again whenever it ends by itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Operator, type OperatorOptions } from '../operator.js';

export class SupervisedOperator {
  /** With which codes it has ended by itself. */
  readonly exits: (number | null)[] = [];
  readonly #options: OperatorOptions;
  readonly #stop = new AbortController();
  #operator: Operator;
  readonly #watching: Promise<void>;

  private constructor(options: OperatorOptions, operator: Operator) {
    this.#options = options;
    this.#operator = operator;
    this.#watching = this.#watch();
  }

  static async start(options: OperatorOptions): Promise<SupervisedOperator> {
    return new SupervisedOperator(options, await Operator.start(options));
  }

  /** What the running process has said. */
  get log(): Operator['log'] {
    return this.#operator.log;
  }

  /** How many reverts the running process has counted. */
  reverts(): Promise<number> {
    return this.#operator.reverts();
  }

  /** SIGTERM; resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
    await this.#operator.stop();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    for (;;) {
      await sleep(100, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      if (this.#operator.isRunning) continue;
      this.exits.push(await this.#operator.ended());
      this.#operator = await Operator.start(this.#options);
    }
  }
}
