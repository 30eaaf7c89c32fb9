import type { ObjectMeta } from '../domain/rules/api.js';

export type StoredObject = ObjectMeta;

/** Enough to tell an object from another of its kind. */
export type Identity = Omit<StoredObject, 'resourceVersion'>;

/** Is kept equal to what is stored. */
export interface StoreIndex<T> {
  add(object: T): void;
  /** @param object the very one that was added */
  remove(object: T): void;
}

/**
 * Called with the namespace after each change, and with the object before it and the one after it, of those that there are.
 * Must not throw.
 */
export type OnChange<T> = (namespace: string, objects: readonly T[]) => void;

export interface StoreOptions<T> {
  /** Default: the namespace. */
  readonly keyOf?: (object: Identity) => string;
  /** Whether a newer version of an object brings nothing new, so that it is no change. Default: never. */
  readonly isSame?: (before: T, after: T) => boolean;
  readonly index?: StoreIndex<T>;
}

/** What an informer fills. */
export type ObjectSink<T extends StoredObject> = Pick<Store<T>, 'put' | 'delete' | 'replace'>;

/**
 * Objects as last seen, filled by informers and by the responses to writes. By default they are of one name, so that a
 * namespace has one of them, and the namespace is its key.
 */
export class Store<T extends StoredObject> {
  readonly #objects = new Map<string, T>();
  readonly #onChange: OnChange<T>;
  readonly #keyOf: (object: Identity) => string;
  readonly #isSame: (before: T, after: T) => boolean;
  readonly #index: StoreIndex<T> | undefined;
  /**
   * The keys of objects that are being written, and whether a change is to be reported when that is over. One write at a
   * time: the queue never works on a key twice at once.
   */
  readonly #writing = new Map<string, boolean>();

  constructor(onChange: OnChange<T>, options: StoreOptions<T> = {}) {
    this.#onChange = onChange;
    this.#keyOf = options.keyOf ?? namespaceOf;
    this.#isSame = options.isSame ?? (() => false);
    this.#index = options.index;
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
    const key = this.#keyOf(object);
    const before = this.#objects.get(key);
    if (!this.#take(object) || this.#isUnchanged(before, object)) return;
    if (this.#writing.has(key)) this.#writing.set(key, true);
    else this.#onChange(object.namespace, present(before, object));
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
      const object = this.#objects.get(namespace);
      if (isChanged) this.#onChange(namespace, object === undefined ? [] : [object]);
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
    this.#remove(this.#keyOf(object));
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
      if (!listed.has(key) && (within ?? namespace) === namespace) this.#remove(key);
    }
    for (const [key, object] of listed) {
      const before = this.#objects.get(key);
      this.#set(key, object);
      if (!this.#isUnchanged(before, object)) this.#onChange(object.namespace, present(before, object));
    }
  }

  #isUnchanged(before: T | undefined, after: T): boolean {
    if (before?.uid !== after.uid) return false;
    return before.resourceVersion === after.resourceVersion || this.#isSame(before, after);
  }

  #set(key: string, object: T): void {
    const before = this.#objects.get(key);
    if (before !== undefined) this.#index?.remove(before);
    this.#objects.set(key, object);
    this.#index?.add(object);
  }

  #remove(key: string): void {
    const object = this.#objects.get(key);
    if (object === undefined) return;
    this.#objects.delete(key);
    this.#index?.remove(object);
    this.#onChange(object.namespace, [object]);
  }

  #isStillThere(object: Identity): boolean {
    return this.#objects.get(this.#keyOf(object))?.uid === object.uid;
  }

  /** @returns false if what is stored is the same or newer */
  #take(object: T): boolean {
    const key = this.#keyOf(object);
    const stored = this.#objects.get(key);
    if (stored?.uid === object.uid && !isNewer(object.resourceVersion, stored.resourceVersion)) return false;
    this.#set(key, object);
    return true;
  }
}

function present<T>(...objects: readonly (T | undefined)[]): T[] {
  return objects.filter((object) => object !== undefined);
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
