/** Keeps each object below the number of reverts from which on it is contested: docs/status.md#contested. */
const WITHIN_MS = 600_000;
const AT_MOST = 4;

export class UndoingBudget {
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
