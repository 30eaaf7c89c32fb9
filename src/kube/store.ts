import type { ObjectMeta } from '../domain/rules/api.js';

export type StoredObject = ObjectMeta;

/** Enough to tell an object from another of its kind. */
export type Identity = Omit<StoredObject, 'resourceVersion'>;

/** What an informer fills. */
export type ObjectSink<T extends StoredObject> = Pick<Store<T>, 'put' | 'delete' | 'replace'>;

/**
 * Objects as last seen, filled by informers and by the responses to writes. By default they are of one name, so that a
 * namespace has one of them, and the namespace is its key.
 */
export class Store<T extends StoredObject> {
  readonly #objects = new Map<string, T>();
  readonly #onChange: (namespace: string) => void;
  readonly #keyOf: (object: Identity) => string;
  /**
   * The keys of objects that are being written, and whether a change is to be reported when that is over. One write at a
   * time: the queue never works on a key twice at once.
   */
  readonly #writing = new Map<string, boolean>();

  /** @param onChange called with the namespace after each change; must not throw */
  constructor(onChange: (namespace: string) => void, keyOf: (object: Identity) => string = namespaceOf) {
    this.#onChange = onChange;
    this.#keyOf = keyOf;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  in(namespace: string): T[] {
    return this.all().filter((object) => object.namespace === namespace);
  }

  namespaces(): string[] {
    return [...new Set(this.all().map(namespaceOf))];
  }

  all(): T[] {
    return [...this.#objects.values()];
  }

  /**
   * Stores an object, unless the stored one is the same or newer: the response to a write arrives before the event that it
   * causes, and an event may come late.
   */
  put(object: T): void {
    if (!this.#take(object)) return;
    const key = this.#keyOf(object);
    if (this.#writing.has(key)) this.#writing.set(key, true);
    else this.#onChange(object.namespace);
  }

  /**
   * Does a write to the namespace's object. A change meanwhile is reported when the write is over, and not at all if the
   * expected response says the same: the event that a write causes often comes before its response.
   */
  async whileWriting<R>(namespace: string, write: () => Promise<R>): Promise<R> {
    this.#writing.set(namespace, false);
    try {
      return await write();
    } finally {
      const isChanged = this.#writing.get(namespace) === true;
      this.#writing.delete(namespace);
      if (isChanged) this.#onChange(namespace);
    }
  }

  /**
   * Stores the response to a request of the operator's own, if the object is still there: its deletion may have been seen
   * meanwhile. Reported like any change, as it may hold another writer's edit, whose own event then brings nothing new.
   */
  putResponse(object: T): void {
    if (this.#isStillThere(object)) this.put(object);
  }

  /**
   * The same for a write by which the object has become what was wanted. The writer goes on from the response, so it is not
   * reported, unless something newer is known already.
   */
  putExpectedResponse(object: T): void {
    if (!this.#isStillThere(object)) return;
    this.#take(object);
    const key = this.#keyOf(object);
    const isNewest = this.#objects.get(key)?.resourceVersion === object.resourceVersion;
    if (isNewest && this.#writing.has(key)) this.#writing.set(key, false);
  }

  delete(object: Identity): void {
    if (!this.#isStillThere(object)) return;
    this.#objects.delete(this.#keyOf(object));
    this.#onChange(object.namespace);
  }

  /**
   * Stores a whole list: it is the truth, also if it is older than what is stored (the API server may have been restored from
   * a backup).
   *
   * @param within the one namespace that was listed; undefined: all
   */
  replace(objects: readonly T[], within?: string): void {
    const listed = new Map(objects.map((object) => [this.#keyOf(object), object]));
    for (const [key, { namespace }] of [...this.#objects]) {
      if (listed.has(key) || (within ?? namespace) !== namespace) continue;
      this.#objects.delete(key);
      this.#onChange(namespace);
    }
    for (const [key, object] of listed) {
      const stored = this.#objects.get(key);
      this.#objects.set(key, object);
      const isSame = stored?.uid === object.uid && stored.resourceVersion === object.resourceVersion;
      if (!isSame) this.#onChange(object.namespace);
    }
  }

  #isStillThere(object: Identity): boolean {
    return this.#objects.get(this.#keyOf(object))?.uid === object.uid;
  }

  /** @returns false if what is stored is the same or newer */
  #take(object: T): boolean {
    const key = this.#keyOf(object);
    const stored = this.#objects.get(key);
    if (stored?.uid === object.uid && !isNewer(object.resourceVersion, stored.resourceVersion)) return false;
    this.#objects.set(key, object);
    return true;
  }
}

function namespaceOf({ namespace }: Pick<Identity, 'namespace'>): string {
  return namespace;
}

/**
 * Whether version `a` came after version `b` of the same object. Kubernetes 1.35 made resource versions comparable as
 * decimal numbers; earlier servers on etcd give such numbers too. Anything else counts as newer if it differs.
 */
function isNewer(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return a !== b;
  return a.length === b.length ? a > b : a.length > b.length;
}
