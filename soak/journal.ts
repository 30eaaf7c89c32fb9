/** All that a run has seen: what the verdict, the file of samples and the picture are made of. Times in seconds of the run. */
import { boundOf, type Disturbance, type Situation } from './bounds.js';

/** From one sample to the next. */
export const SAMPLE_EVERY_SECONDS = 5;

export interface Sample {
  readonly at: number;
  /** Number of the process. */
  readonly life: number;
  readonly residentMiB: number;
  /** What is left in the heap after a collection. */
  readonly heapMiB: number;
  /** Of the event loop. */
  readonly handles: number;
  readonly descriptors: number;
  readonly sockets: number;
  /** Of the watch that has been silent longest, of those that are needed. */
  readonly eventAgeSeconds: number;
  /** As the metric's label has it; empty before there is any. */
  readonly oldestWatch: string;
  /** Those that are needed and not up, as the metric's label has them. */
  readonly downWatches: readonly string[];
  readonly queueDepth: number;
}

export interface Repair {
  /** When the port was reverted, or a new one asked for. */
  readonly at: number;
  readonly namespace: string;
  readonly object: string;
  /** What had been done to it. */
  readonly what: string;
  /** Until the port was right; null: it never was. */
  readonly seconds: number | null;
  readonly boundSeconds: number;
  /** What was going on. */
  readonly during: readonly string[];
}

export type Ending =
  'the pod was replaced' | 'the lease was lost' | 'liveness failed' | 'the run was over' | `unforeseen: ${string}`;

export interface Life {
  readonly number: number;
  readonly from: number;
  readonly log: string;
  to?: number;
  ending?: Ending;
}

/** As Disturbance, in seconds of the run. */
export interface Incident {
  readonly situation: Situation;
  readonly what: string;
  readonly from: number;
  readonly to: number | null;
}

/** Times by performance.now(). */
export interface Reverted {
  readonly namespace: string;
  readonly object: string;
  readonly what: string;
  readonly begun: number;
  /** Undefined: it never was. */
  readonly rightAt: number | undefined;
  /** What is allowed where nothing is the matter. */
  readonly seconds: number;
}

export class Journal {
  readonly #startedMs = performance.now();
  /** Times by performance.now(). */
  readonly disturbances: Disturbance[] = [];
  readonly samples: Sample[] = [];
  readonly reverted: Reverted[] = [];
  readonly lives: Life[] = [];
  /** What the operator did by the audit log that it had no business with. */
  readonly trespasses: string[] = [];
  /** How often the operator wrote the contested object, of what was stored. */
  contestedWrites = 0;
  /** How often the namespace that comes and goes has come, was served, and has gone. */
  passings = 0;

  /** @param atMs by performance.now(); now, where it is not given */
  seconds(atMs = performance.now()): number {
    return Math.round(atMs - this.#startedMs) / 1000;
  }

  /** Resolves it with the function that ends it. */
  disturb(situation: Situation, what: string): () => void {
    const index = this.disturbances.push({ situation, what, begun: performance.now() }) - 1;
    return () => {
      this.disturbances[index] = { ...this.disturbances[index]!, ended: performance.now() };
    };
  }

  /** With the bounds as far as they can be told by now: a fault that goes on has none. */
  get repairs(): Repair[] {
    return this.reverted.map(({ namespace, object, what, begun, rightAt, seconds }) => {
      const { deadline, during } = boundOf(begun, seconds, this.disturbances);
      return {
        at: this.seconds(begun),
        namespace,
        object,
        what,
        seconds: rightAt === undefined ? null : Math.max(rightAt - begun, 0) / 1000,
        boundSeconds: (deadline - begun) / 1000,
        during: during.map((disturbance) => disturbance.what),
      };
    });
  }

  get incidents(): Incident[] {
    return this.disturbances.map(({ situation, what, begun, ended }) => ({
      situation,
      what,
      from: this.seconds(begun),
      to: ended === undefined ? null : this.seconds(ended),
    }));
  }
}
