/** Keeps one pod of the operator running, as a kubelet does by config/manager/deployment.yaml. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { Situation } from './bounds.js';
import type { Ending, Journal, Life } from './journal.js';
import { probeUntil, type Probe } from './probe.js';
import { RestartWait } from './restart-wait.js';
import type { Site, Started } from './site.js';

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [{ readonly startupProbe: Probe; readonly livenessProbe: Probe }];
}

export interface Running extends Started {
  readonly life: Life;
}

export class Kubelet {
  readonly #site: Site;
  readonly #journal: Journal;
  readonly #spec: PodSpec;
  #restartWait = new RestartWait();
  /** Why the process that runs is being ended, where somebody has told it to. */
  #asked: Ending | undefined;
  #over = false;
  #work: Promise<void> | undefined;
  /** Undefined between two processes. */
  running: Running | undefined;

  constructor(site: Site, journal: Journal) {
    this.#site = site;
    this.#journal = journal;
    const deployment = parse(readFileSync('config/manager/deployment.yaml', 'utf8')) as {
      spec: { template: { spec: PodSpec } };
    };
    this.#spec = deployment.spec.template.spec;
  }

  start(): void {
    this.#work = this.#keepRunning();
  }

  /** The pod is gone, by this signal, and another one is made in its place: that is started at once. */
  replacePod(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.running === undefined) return;
    this.#asked = 'the pod was replaced';
    this.#restartWait = new RestartWait();
    this.running.program.signal(signal);
  }

  /** Ends the process in order, and starts no more. */
  async stop(): Promise<void> {
    this.#over = true;
    this.#asked = 'the run was over';
    this.running?.program.signal('SIGTERM');
    const grace = sleep(this.#spec.terminationGracePeriodSeconds * 1000, undefined, { ref: false });
    await Promise.race([this.#work, grace]);
    this.running?.program.kill();
    await this.#work;
  }

  /** At the end of everything, whatever its state. */
  kill(): void {
    this.#over = true;
    this.running?.program.kill();
  }

  async #keepRunning(): Promise<void> {
    let started = this.#journal.disturb('no process, lease given back', 'the first process was started');
    while (!this.#isOver()) {
      const running = await this.#startProcess();
      started();
      const ending = await this.#untilEnd(running);
      if (this.#isOver()) return;
      const { situation, what } = absence(running.life, ending);
      started = this.#journal.disturb(situation, what);
      const ran = running.life.to! - running.life.from;
      if (ending !== 'the pod was replaced') await sleep(this.#restartWait.seconds(ran) * 1000);
    }
  }

  #isOver(): boolean {
    return this.#over;
  }

  async #startProcess(): Promise<Running> {
    const number = this.#journal.lives.length + 1;
    const log = join(this.#site.controlPlane.directory, `operator-${number}.log`);
    const life: Life = { number, from: this.#journal.seconds(), log };
    this.#journal.lives.push(life);
    this.running = { ...(await this.#site.startOperator(log)), life };
    return this.running;
  }

  async #untilEnd(running: Running): Promise<Ending> {
    const { program, life } = running;
    const probing = new AbortController();
    void this.#probe(running, probing.signal);
    const how = await program.ended;
    probing.abort();
    this.running = undefined;
    life.to = this.#journal.seconds();
    life.ending = this.#asked ?? (wasLeaseLost(life) && how === 1 ? 'the lease was lost' : `unforeseen: ${how}`);
    if (!this.#over) this.#asked = undefined;
    return life.ending;
  }

  async #probe(running: Running, over: AbortSignal): Promise<void> {
    const [{ startupProbe, livenessProbe }] = this.#spec.containers;
    const origin = `http://127.0.0.1:${running.probePort}`;
    const begun = await probeUntil(origin, startupProbe, { until: true, over });
    if (begun) await probeUntil(origin, livenessProbe, { until: false, over });
    if (over.aborted) return;
    this.#asked = 'liveness failed';
    running.program.signal('SIGTERM');
    const grace = this.#spec.terminationGracePeriodSeconds * 1000;
    const isOver = await sleep(grace, false, { signal: over }).catch(() => true);
    if (!isOver) running.program.kill();
  }
}

/** What a process leaves behind: the lease goes back only where it ends in order. */
function absence({ number, log }: Life, ending: Ending): { situation: Situation; what: string } {
  const isGivenBack = readFileSync(log, 'utf8').includes('"msg":"Lease released"');
  const situation = isGivenBack ? 'no process, lease given back' : 'no process, lease held';
  return { situation, what: `process ${number} ended: ${ending}` };
}

function wasLeaseLost({ log }: Life): boolean {
  return readFileSync(log, 'utf8').includes('"msg":"Lease lost"');
}
