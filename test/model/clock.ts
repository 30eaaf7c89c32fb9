/** Time as the model has it: it passes only when the model says so, and the wall clock may be set. */
const BEGIN = Date.parse('2026-11-22T10:00:00Z');

export class Clock {
  monotonicMs = 0;
  #setBy = 0;
  /** Then times that are stored may lie ahead. */
  wasSetBack = false;

  get wall(): Date {
    return new Date(BEGIN + this.#setBy + this.monotonicMs);
  }

  pass(ms: number): void {
    this.monotonicMs += ms;
  }

  /** Somebody, or NTP, sets the wall clock. */
  step(ms: number): void {
    this.#setBy += ms;
    if (ms < 0) this.wasSetBack = true;
  }
}
