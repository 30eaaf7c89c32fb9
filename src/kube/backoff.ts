/** Exponential backoff with full jitter: a restarted API server must not be met by all its clients at once. */
export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
  /** From 0 to 1; for tests. */
  readonly random?: () => number;
}

/**
 * How long to wait before attempt number `failures + 1`, in milliseconds: between half and all of base * 2^(failures-1),
 * at most maxMs, so that neither a herd forms nor a retry comes at once.
 *
 * @param failures how many attempts in a row have failed, 1 or more
 */
export function backoffMs(failures: number, { baseMs, maxMs, random = Math.random }: BackoffOptions): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return ceiling * (0.5 + random() / 2);
}
