/**
 * Writes that the API server refused. The same write onto the same version of the object is not sent again for a while:
 * people lift a refusal, and they take their time. Any change of the object or of the write makes it another one, and is
 * tried at once.
 */
const RETRY_MS = 30_000;

/** One write as it is known again. */
export interface Attempt {
  readonly namespace: string;
  readonly name: string;
  /** What is asked. */
  readonly write: unknown;
  /** What moves with each change of the object that may make it acceptable. */
  readonly version: string | number;
}

export interface Refusal {
  readonly cause: string;
  /** When the write may be sent again, in milliseconds, above 0. */
  readonly againInMs: number;
}

interface Remembered {
  readonly attempt: string;
  readonly cause: string;
  readonly until: number;
}

export class Refusals {
  readonly #monotonicMs: () => number;
  /** By namespace and name of the object. */
  readonly #refusals = new Map<string, Map<string, Remembered>>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Why this very write was refused a moment ago; undefined: send it. */
  recall(attempt: Attempt): Refusal | undefined {
    const ofNamespace = this.#refusals.get(attempt.namespace);
    const known = ofNamespace?.get(attempt.name);
    const againInMs = known === undefined ? 0 : known.until - this.#monotonicMs();
    if (known?.attempt === identityOf(attempt) && againInMs > 0) return { cause: known.cause, againInMs };
    ofNamespace?.delete(attempt.name);
    return undefined;
  }

  remember(attempt: Attempt, cause: string): Refusal {
    const { namespace, name } = attempt;
    const ofNamespace = this.#refusals.get(namespace) ?? new Map<string, Remembered>();
    const until = this.#monotonicMs() + RETRY_MS;
    this.#refusals.set(namespace, ofNamespace.set(name, { attempt: identityOf(attempt), cause, until }));
    return { cause, againInMs: RETRY_MS };
  }

  forget(namespace: string): void {
    this.#refusals.delete(namespace);
  }
}

function identityOf({ write, version }: Attempt): string {
  return JSON.stringify([write, version]);
}
