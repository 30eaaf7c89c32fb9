export function hold(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new Error(otherwise);
}

export function is(what: string, found: unknown, expected: unknown): void {
  hold(found === expected, `${what} is ${String(found)}, not ${String(expected)}`);
}
