import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Watchdog } from './watchdog.js';

const POLL_MS = 20;
const LOG_TAIL_LINES = 15;

/** A port was taken between asking the system for a free one and listening on it: start again with others. */
export class PortClashError extends Error {}

/** One running process of the control plane; its output goes to a log file. */
export class Component {
  readonly name: string;
  readonly #logFile: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #running = true;

  constructor(binary: string, args: string[], logFile: string, watchdog: Watchdog) {
    this.name = basename(binary);
    this.#logFile = logFile;
    const log = openSync(logFile, 'a');
    this.#process = spawn(binary, args, {
      stdio: ['ignore', log, log],
      // Ctrl-C goes to the parent alone, which decides when its control plane ends.
      detached: true,
      // Nothing of the user's: etcd takes flags from ETCD_*, kwok a configuration from the home folder.
      // GOGC: fewer collections while an API server starts save half a second, for 120 MiB.
      env: { PATH: process.env.PATH, HOME: dirname(logFile), GOGC: '400' },
    });
    closeSync(log);
    const { pid } = this.#process;
    if (pid !== undefined) watchdog.add(pid);
    this.#ended = new Promise((resolve) => {
      const end = (): void => {
        this.#running = false;
        if (pid !== undefined) watchdog.remove(pid);
        resolve();
      };
      this.#process.once('exit', end).once('error', (error) => {
        appendFileSync(logFile, `${error.message}\n`);
        end();
      });
    });
  }

  get running(): boolean {
    return this.#running;
  }

  /** SIGKILL, and only back once the process is gone: a dying API server still answers. */
  async kill(): Promise<void> {
    if (this.#running) this.#process.kill('SIGKILL');
    await this.#ended;
  }

  /** What went wrong, from the end of the log. */
  async failure(lastError: string): Promise<Error> {
    const log = await readFile(this.#logFile, 'utf8');
    const tail = log.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
    const message = `${this.name} ${lastError}. The end of its log:\n${tail}`;
    return tail.includes('address already in use') ? new PortClashError(message) : new Error(message);
  }
}

/**
 * Polls until `probe` answers true. Fails at once when one of the components has ended, and after `timeoutMs` by blaming
 * the last of them.
 */
export async function untilServing(
  components: readonly [Component, ...Component[]],
  probe: () => Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  // A rejected connection is the normal answer of a server that is starting.
  while (!(await probe().catch(() => false))) {
    const ended = components.find((component) => !component.running);
    if (ended !== undefined) throw await ended.failure('ended while it was starting');
    if (Date.now() > deadline) throw await components.at(-1)!.failure(`did not get ready within ${timeoutMs / 1000} s`);
    await sleep(POLL_MS);
  }
}
