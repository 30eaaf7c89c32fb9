/**
 * Writes that the API server rejected. The same write is not sent again for a while: people lift a rejection, and they take
 * their time. Any change of what it is made onto, or of what it is to come to, makes it another one, and is tried at once.
 */
const RETRY_MS = 30_000;

/** One write as it is known again. */
export interface Attempt {
  readonly namespace: string;
  readonly name: string;
  /** What it is to come to. */
  readonly goal: unknown;
  /** What of the object it is made onto; absent in what is remembered: whatever the object is. */
  readonly onto?: unknown;
}

export interface Rejection {
  readonly cause: string;
  /** When the write may be sent again, in milliseconds, above 0. */
  readonly requeueAfterMs: number;
}

interface Remembered {
  readonly goal: string;
  readonly onto: string | undefined;
  readonly cause: string;
  readonly until: number;
}

export class Rejections {
  readonly #monotonicMs: () => number;
  /** By namespace and name of the object. */
  readonly #rejections = new Map<string, Map<string, Remembered>>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Why this very write was rejected a moment ago; undefined: send it. */
  recall(attempt: Attempt): Rejection | undefined {
    const ofNamespace = this.#rejections.get(attempt.namespace);
    const known = ofNamespace?.get(attempt.name);
    const requeueAfterMs = known === undefined ? 0 : known.until - this.#monotonicMs();
    if (known !== undefined && isSame(known, attempt) && requeueAfterMs > 0)
      return { cause: known.cause, requeueAfterMs };
    ofNamespace?.delete(attempt.name);
    return undefined;
  }

  remember(attempt: Attempt, cause: string): Rejection {
    const { namespace, name, goal, onto } = attempt;
    const ofNamespace = this.#rejections.get(namespace) ?? new Map<string, Remembered>();
    const until = this.#monotonicMs() + RETRY_MS;
    this.#rejections.set(
      namespace,
      ofNamespace.set(name, { goal: textOf(goal), onto: onto === undefined ? undefined : textOf(onto), cause, until }),
    );
    return { cause, requeueAfterMs: RETRY_MS };
  }

  /** Nothing is wanted of the object any more: what is wanted next is another write. */
  settled(namespace: string, name: string): void {
    this.#rejections.get(namespace)?.delete(name);
  }

  forget(namespace: string): void {
    this.#rejections.delete(namespace);
  }
}

function isSame(known: Remembered, { goal, onto }: Attempt): boolean {
  return known.goal === textOf(goal) && (known.onto === undefined || known.onto === textOf(onto));
}

function textOf(value: unknown): string {
  return JSON.stringify(value);
}
