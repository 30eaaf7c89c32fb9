/** What has no place in the log of an operator that is well: crashes, errors that nobody expected, and what Node itself says. */

export interface LogFinding {
  /** Number of the process. */
  readonly life: number;
  readonly line: string;
}

const SHOWN = 300;

/** Lines of level error or fatal, and lines that are none of the logger's. */
export function findingsIn(log: string, life: number): LogFinding[] {
  const lines = log.split('\n').filter((line) => line !== '');
  return lines.filter((line) => !isHarmless(line)).map((line) => ({ life, line: line.slice(0, SHOWN) }));
}

function isHarmless(line: string): boolean {
  try {
    const { level } = JSON.parse(line) as { level?: string };
    return level === 'debug' || level === 'info' || level === 'warn';
  } catch {
    return false;
  }
}
