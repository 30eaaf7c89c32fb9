/** Projects each object that the API server sends, and reports those that are not of the API's shape. */
import type { RawObject } from './watch-events.js';

/**
 * @returns undefined for an object that is of no interest: it counts as absent
 * @throws for an object that is not of the API's shape
 */
export type Projection<T> = (raw: RawObject) => T | undefined;

/** An object that cannot be read counts as absent, so that the others are still seen. */
export class ObjectReader<T> {
  readonly #project: Projection<T>;
  readonly #onUnreadable: (object: string, error: unknown) => void;
  /** The uids of reported objects, by namespace/name. */
  readonly #reported = new Map<string, string | undefined>();

  /** @param onUnreadable called once for each object, as namespace/name, until it can be read or is gone */
  constructor(project: Projection<T>, onUnreadable: (object: string, error: unknown) => void) {
    this.#project = project;
    this.#onUnreadable = onUnreadable;
  }

  /** @returns undefined if the object cannot be read, or is of no interest */
  read(raw: RawObject): T | undefined {
    const { name, uid } = identityOf(raw);
    try {
      const object = this.#project(raw);
      this.#reported.delete(name);
      return object;
    } catch (error) {
      const isReported = this.#reported.has(name) && this.#reported.get(name) === uid;
      if (!isReported) this.#onUnreadable(name, error);
      this.#reported.set(name, uid);
      return undefined;
    }
  }

  /** The object is gone: another one of its name is reported again. */
  forget(raw: RawObject): void {
    this.#reported.delete(identityOf(raw).name);
  }
}

/** Takes anything: it is not certain that the object has metadata. */
function identityOf(raw: RawObject | null): { readonly name: string; readonly uid: string | undefined } {
  const { namespace = '', name = '', uid } = (raw as Partial<RawObject> | null)?.metadata ?? {};
  return { name: `${namespace}/${name}`, uid };
}
