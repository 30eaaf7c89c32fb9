/** A wall clock that a test sets while the process runs. Without libfaketime, which is not everywhere. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OperatorOptions } from '../operator.js';

const HOUR_MS = 3_600_000;

export class MovableClock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Right at first. */
  static async create(folder: string, name: string): Promise<MovableClock> {
    const clock = new MovableClock(join(folder, `${name}.clock`));
    await clock.set(0);
    return clock;
  }

  /** What a process needs that is to go by it. */
  get options(): Required<Pick<OperatorOptions, 'nodeArgs' | 'env'>> {
    return {
      nodeArgs: ['--require', join(import.meta.dirname, 'preload.cjs')],
      env: { CLOCK_OFFSET_FILE: this.#file },
    };
  }

  /** So many hours off the right time. */
  async set(hours: number): Promise<void> {
    await writeFile(`${this.#file}.new`, String(hours * HOUR_MS));
    await rename(`${this.#file}.new`, this.#file);
  }
}
