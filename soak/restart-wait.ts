/** How long a kubelet waits before it starts a container of a pod again: 10 s, doubled each time, at most five minutes. */
const FIRST_SECONDS = 10;
const MAX_SECONDS = 300;
/** A container that has run for so long is started at once again. */
const FORGIVEN_AFTER_SECONDS = 600;

/** Of one pod: a new pod starts with a new one. */
export class RestartWait {
  #next = 0;

  /** @param ranSeconds how long the container ran that has just ended */
  seconds(ranSeconds: number): number {
    if (ranSeconds >= FORGIVEN_AFTER_SECONDS) this.#next = 0;
    const wait = this.#next;
    this.#next = wait === 0 ? FIRST_SECONDS : Math.min(wait * 2, MAX_SECONDS);
    return wait;
  }
}
