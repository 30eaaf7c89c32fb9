/** Keeps each object below the number of writes from which on it is contested: docs/admin/troubleshoot.md#contested. */
const WITHIN_MS = 600_000;
/** Five writes are a contest. One is that which brings an object to a new goal, or of a workload that had to be made again. */
const AT_MOST = 3;

export class RevertBudget {
  readonly #taken = new Map<string, number[]>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @returns whether there was one left, which is taken */
  take(object: string): boolean {
    return this.takeAll([object]);
  }

  /** All or none. */
  takeAll(objects: readonly string[]): boolean {
    if (objects.some((object) => this.#recent(object).length >= AT_MOST)) return false;
    for (const object of objects) this.#taken.set(object, [...this.#recent(object), this.#now()]);
    return true;
  }

  #recent(object: string): number[] {
    return (this.#taken.get(object) ?? []).filter((at) => this.#now() - at < WITHIN_MS);
  }
}
