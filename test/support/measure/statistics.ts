/** What is made of the raw figures. */

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError where there are none */
export function summarise(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('there is no value to summarise');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = Number.isInteger(middle) ? (sorted[middle - 1]! + sorted[middle]!) / 2 : sorted[Math.floor(middle)]!;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/**
 * The smallest value that so many percent of all values do not exceed.
 * @throws RangeError where there are no values
 */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new RangeError('there is no value to take a percentile of');
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)]!;
}

/**
 * The exponent e of cost = c * size^e that fits best: the slope of the least-squares line through the logarithms. 0 says
 * that the cost does not depend on the size, 1 that it is proportional to it. Undefined where no line is determined.
 */
export function growthExponent(points: readonly (readonly [size: number, cost: number])[]): number | undefined {
  const logs = points
    .filter(([size, cost]) => size > 0 && cost > 0)
    .map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const meanX = logs.reduce((sum, [x]) => sum + x, 0) / logs.length;
  const meanY = logs.reduce((sum, [, y]) => sum + y, 0) / logs.length;
  const spread = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (logs.length < 2 || spread === 0) return undefined;
  return logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
}
