/** Makes of each object that the API server sends what is kept of it. */
import type { RawObject } from './watch-events.js';

/** @throws for an object that is not of the API's shape */
export type Projection<T> = (raw: RawObject) => T;

/** One odd object must not keep all others from being seen: it counts as absent, and is told of. */
export class ObjectReader<T> {
  readonly #project: Projection<T>;
  readonly #onUnreadable: (object: string, error: unknown) => void;
  /** Of what was told: the uid by namespace/name. */
  readonly #told = new Map<string, string | undefined>();

  /** @param onUnreadable told once of each object, as namespace/name, until it can be read or is gone */
  constructor(project: Projection<T>, onUnreadable: (object: string, error: unknown) => void) {
    this.#project = project;
    this.#onUnreadable = onUnreadable;
  }

  /** Undefined where the object cannot be read. */
  read(raw: RawObject): T | undefined {
    const { name, uid } = identityOf(raw);
    try {
      const object = this.#project(raw);
      this.#told.delete(name);
      return object;
    } catch (error) {
      const isTold = this.#told.has(name) && this.#told.get(name) === uid;
      if (!isTold) this.#onUnreadable(name, error);
      this.#told.set(name, uid);
      return undefined;
    }
  }

  /** The object is gone: another one of its name would be told of. */
  forget(raw: RawObject): void {
    this.#told.delete(identityOf(raw).name);
  }
}

/** Of anything: that it has metadata is not sure. */
function identityOf(raw: RawObject | null): { readonly name: string; readonly uid: string | undefined } {
  const { namespace = '', name = '', uid } = (raw as Partial<RawObject> | null)?.metadata ?? {};
  return { name: `${namespace}/${name}`, uid };
}
