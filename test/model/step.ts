/** One thing that happens. */
import fc from 'fast-check';
import type { World } from './world.js';

/** What it is in words, and what it does. */
export class Step {
  readonly #text: string;
  readonly #run: (world: World) => Promise<unknown> | undefined;

  constructor(text: string, run: (world: World) => unknown) {
    this.#text = text;
    this.#run = (world) => {
      const running = run(world);
      return running instanceof Promise ? running : undefined;
    };
  }

  async run(world: World): Promise<void> {
    const happen = async (): Promise<undefined> => {
      await this.#run(world);
      return undefined;
    };
    await world.happen({ what: `* ${this.#text}`, happen });
  }

  [fc.toStringMethod](): string {
    return this.#text;
  }
}

/** How often, in proportion, and what. */
export interface Weighted {
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<Step>;
}

export function often(weight: number, arbitrary: fc.Arbitrary<Step>): Weighted {
  return { weight, arbitrary };
}

export function always(text: string, run: (world: World) => unknown): fc.Arbitrary<Step> {
  return fc.constant(new Step(text, run));
}
