/**
 * Keeps one value for all that are equal. In a large cluster thousands of pods share a namespace, a node, a workload and a
 * list of ports, and each would have copies of its own.
 */
const MAX_VALUES = 20_000;

export class Interned<T> {
  readonly #known = new Map<string, T>();

  /** @returns the first value that came with this key. It may be forgotten: then there are two of a kind, and no harm. */
  of(key: string, value: T): T {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_VALUES) this.#known.clear();
    this.#known.set(key, value);
    return value;
  }
}
