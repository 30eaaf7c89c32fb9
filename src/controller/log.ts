/** What the controller needs of a logger. Messages are constant; what varies is in the fields. */
type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

export interface Log {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
