/** Looks into an operator's process: the other end of meter.cjs. */
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { OperatorOptions } from '../operator.js';

interface Allocated {
  readonly bytes: number;
  /** Where there were any, `bytes` says nothing. */
  readonly collections: number;
}

const ATTEMPTS = 5;

/** Node's arguments for it, which change nothing of how the operator runs but for the collections that are asked for. */
const PRELOAD = ['--expose-gc', `--require=${join(import.meta.dirname, 'meter.cjs')}`];

/**
 * Those for counting allocations. Without the optimising compilers, which leave out some allocations at a time of their own, and
 * with so much room for new objects that none has to be collected.
 */
const NODE_ARGS = [...PRELOAD, '--no-opt', '--no-maglev', '--min-semi-space-size=512', '--max-semi-space-size=512'];

export class Meter {
  readonly #socket: string;

  /** @param folder for its socket */
  constructor(folder: string) {
    this.#socket = join(folder, `meter-${process.pid}-${Math.random().toString(36).slice(2)}`);
  }

  /** What an operator is to be started with that runs as it always does, and is asked what it holds. */
  get preload(): { readonly nodeArgs: readonly string[]; readonly env: Readonly<Record<string, string>> } {
    return { nodeArgs: PRELOAD, env: { METER_SOCKET: this.#socket } };
  }

  /** What one is to be started with whose allocations are counted. */
  options({ clock = 'running' }: { readonly clock?: 'running' | 'stopped' } = {}): Pick<
    OperatorOptions,
    'nodeArgs' | 'env'
  > {
    return { nodeArgs: NODE_ARGS, env: { METER_SOCKET: this.#socket, METER_CLOCK: clock } };
  }

  /**
   * The bytes that the process allocates while something happens, for each of so many times that it is said to. It has to
   * happen again where something was collected meanwhile, as too many buffers outside of the heap make V8 do.
   */
  async allocatedBy(times: number, happens: () => Promise<void>): Promise<number> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      await this.#ask('begin');
      await happens();
      const { bytes, collections } = await this.#ask<Allocated>('end');
      if (collections === 0) return bytes / times;
    }
    throw new Error(`garbage was collected in each of ${ATTEMPTS} attempts`);
  }

  /** Bytes of its heap that are in use. */
  async held(): Promise<number> {
    return (await this.#ask<Pick<Allocated, 'bytes'>>('held')).bytes;
  }

  /** The handles and requests of its event loop. */
  async resources(): Promise<number> {
    return (await this.#ask<{ readonly count: number }>('resources')).count;
  }

  /** The longest pause of its event loop, in milliseconds, since the last time that this was asked. The first answer is 0. */
  async longestPause(): Promise<number> {
    return (await this.#ask<{ readonly milliseconds: number }>('pause')).milliseconds;
  }

  /** The bytes that JSON.parse of a text allocates. */
  async parsing(json: string): Promise<number> {
    return (await this.#ask<Allocated>(`parse\n${json}`)).bytes;
  }

  async #ask<T>(question: string): Promise<T> {
    const socket = connect(this.#socket);
    socket.end(question);
    return JSON.parse(await text(socket)) as T;
  }
}
