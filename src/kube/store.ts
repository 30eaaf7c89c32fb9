export interface StoredObject {
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Enough to tell an object from another of its kind. */
export type Identity = Pick<StoredObject, 'namespace' | 'uid'> & { readonly name: string };

/** What an informer fills. */
export interface ObjectSink<T extends StoredObject> {
  put(object: T): void;
  delete(object: Identity): void;
  replace(objects: readonly T[], within?: string): void;
}

/** The objects of one name, one per namespace, as last seen; filled by informers and by the answers to writes. */
export class Store<T extends StoredObject> implements ObjectSink<T> {
  readonly #objects = new Map<string, T>();
  readonly #onChange: (namespace: string) => void;
  /**
   * The namespaces whose object is being written, and whether a change of it is to be told when that is over. One write at a
   * time: the queue never works on a key twice at once.
   */
  readonly #writing = new Map<string, boolean>();

  /** @param onChange told the namespace after each change; must not throw */
  constructor(onChange: (namespace: string) => void) {
    this.#onChange = onChange;
  }

  get(namespace: string): T | undefined {
    return this.#objects.get(namespace);
  }

  namespaces(): string[] {
    return [...this.#objects.keys()];
  }

  all(): T[] {
    return [...this.#objects.values()];
  }

  /**
   * Takes up an object, unless what is stored is the same or newer: the answer to a write arrives before the event
   * that it causes, and an event may come late.
   */
  put(object: T): void {
    if (!this.#take(object)) return;
    if (this.#writing.has(object.namespace)) this.#writing.set(object.namespace, true);
    else this.#onChange(object.namespace);
  }

  /**
   * Does a write to the namespace's object. What is put meanwhile is told when the write is over, and not at all where the
   * expected answer says the same: the event that a write causes often comes before its answer.
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
   * Takes up the answer to a request of the operator's own, if the object is still there: its deletion may have been
   * seen meanwhile. Told like any change, since the answer may hold somebody else's edit, whose own event then tells
   * nothing new.
   */
  putAnswer(object: T): void {
    if (this.#isStillThere(object)) this.put(object);
  }

  /**
   * The same for the answer to a write by which the object has become what was wanted: whoever wrote it goes on from the
   * answer, so nobody is told, unless something newer is known already.
   */
  putExpectedAnswer(object: T): void {
    const { namespace, resourceVersion } = object;
    if (!this.#isStillThere(object)) return;
    this.#take(object);
    const isNewest = this.#objects.get(namespace)?.resourceVersion === resourceVersion;
    if (isNewest && this.#writing.has(namespace)) this.#writing.set(namespace, false);
  }

  delete(object: Omit<Identity, 'name'>): void {
    if (!this.#isStillThere(object)) return;
    this.#objects.delete(object.namespace);
    this.#onChange(object.namespace);
  }

  /**
   * Takes up a whole list: it is the truth, also where it is older than what is stored (the API server may have been
   * restored from a backup).
   *
   * @param within the one namespace that was listed; all where undefined
   */
  replace(objects: readonly T[], within?: string): void {
    const listed = new Map(objects.map((object) => [object.namespace, object]));
    const before = within === undefined ? this.namespaces() : [within];
    for (const namespace of before.filter((name) => !listed.has(name) && this.#objects.delete(name))) {
      this.#onChange(namespace);
    }
    for (const [namespace, object] of listed) {
      const stored = this.#objects.get(namespace);
      this.#objects.set(namespace, object);
      if (stored?.uid !== object.uid || stored.resourceVersion !== object.resourceVersion) this.#onChange(namespace);
    }
  }

  #isStillThere({ namespace, uid }: Omit<Identity, 'name'>): boolean {
    return this.#objects.get(namespace)?.uid === uid;
  }

  /** @returns false where what is stored is the same or newer */
  #take(object: T): boolean {
    const stored = this.#objects.get(object.namespace);
    if (stored?.uid === object.uid && !isNewer(object.resourceVersion, stored.resourceVersion)) return false;
    this.#objects.set(object.namespace, object);
    return true;
  }
}

/** Objects of several names: one Store for each. */
export class StoreByName<T extends StoredObject & { readonly name: string }> implements ObjectSink<T> {
  readonly #stores = new Map<string, Store<T>>();
  readonly #onChange: (namespace: string) => void;

  /** @param onChange as of a Store */
  constructor(onChange: (namespace: string) => void) {
    this.#onChange = onChange;
  }

  in(namespace: string): T[] {
    return [...this.#stores.values()].flatMap((store) => store.get(namespace) ?? []);
  }

  put(object: T): void {
    this.#named(object.name).put(object);
  }

  delete(object: Identity): void {
    this.#stores.get(object.name)?.delete(object);
    this.#dropEmpty();
  }

  replace(objects: readonly T[], within?: string): void {
    for (const { name } of objects) this.#named(name);
    for (const [name, store] of this.#stores) {
      store.replace(
        objects.filter((object) => object.name === name),
        within,
      );
    }
    this.#dropEmpty();
  }

  #named(name: string): Store<T> {
    const store = this.#stores.get(name) ?? new Store<T>(this.#onChange);
    this.#stores.set(name, store);
    return store;
  }

  #dropEmpty(): void {
    for (const [name, store] of this.#stores) if (store.namespaces().length === 0) this.#stores.delete(name);
  }
}

/**
 * Whether version `a` came after version `b` of the same object. Kubernetes 1.35 made resource versions comparable as
 * decimal numbers; earlier servers on etcd give such numbers too. Anything else counts as newer if it differs.
 */
function isNewer(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return a !== b;
  return a.length === b.length ? a > b : a.length > b.length;
}
