/** One thing that had to hold. */
export interface Finding {
  readonly check: string;
  readonly result: string;
  readonly ok: boolean;
  /** What is wrong, one line each. */
  readonly details: readonly string[];
}

export function rounded(value: number): string {
  return String(Number(value.toFixed(Math.abs(value) < 10 ? 2 : 0)));
}
