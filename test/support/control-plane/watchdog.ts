import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/**
 * Sees to it that no process and no folder outlives this one, not even after a SIGKILL: watchdog.sh notices when the
 * pipe from here closes. It has a session of its own, so Ctrl-C in a terminal does not reach it.
 */
export class Watchdog {
  readonly #process: ChildProcess;

  /** Removes `folder` at the end, whatever that end is. */
  constructor(folder: string) {
    this.#process = spawn('sh', [join(import.meta.dirname, 'watchdog.sh'), folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // It can only be gone when somebody killed it by hand; stop() must then still work.
    this.#process.stdin?.on('error', () => undefined);
  }

  /** `pid` is killed at the end. */
  add(pid: number): void {
    this.#process.stdin?.write(`+ ${pid}\n`);
  }

  /** `pid` has ended, so the system may give the number to a process of somebody else. */
  remove(pid: number): void {
    this.#process.stdin?.write(`- ${pid}\n`);
  }

  /** Kills what is left and removes the folder. */
  async finish(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    const running = exitCode === null && signalCode === null;
    const closed = running ? once(this.#process, 'close') : undefined;
    this.#process.stdin?.end();
    await closed;
  }
}
