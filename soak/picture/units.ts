/** Numbers with their units, and the marks of an axis. */
const MINUTE = 60;
const MEBIBYTE = 2 ** 20;

export type Unit = 's' | 'bytes';

export function formatted(value: number, unit: Unit): string {
  return unit === 's' ? seconds(value) : `${digits(value / MEBIBYTE)} MiB`;
}

function seconds(value: number): string {
  if (value === 0) return '0 s';
  if (value < 1) return `${digits(value * 1000)} ms`;
  return value < 2 * MINUTE ? `${digits(value)} s` : `${digits(value / MINUTE)} min`;
}

function digits(value: number): string {
  return String(Number(value.toPrecision(value >= 100 ? 4 : 3)));
}

/** Up to five round values from 0 on, of which the last is not below `highest`. */
export function ticks(highest: number, unit: Unit): number[] {
  const base = baseOf(highest, unit);
  const top = highest > 0 ? highest / base : 1;
  const magnitude = 10 ** Math.floor(Math.log10(top / 4));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * magnitude).find((candidate) => candidate * 4 >= top) ?? top;
  const count = Math.ceil(Number((top / step).toPrecision(6)));
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(6)) * base);
}

/** What the marks are multiples of. */
function baseOf(highest: number, unit: Unit): number {
  if (unit === 'bytes') return MEBIBYTE;
  return highest >= 2 * MINUTE ? MINUTE : 1;
}
