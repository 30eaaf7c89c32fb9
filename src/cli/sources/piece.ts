/** The text of one object within a dump. */
export interface Piece {
  readonly text: string;
  /** At which it begins in its file, from 1. */
  readonly line: number;
  /** An item of a YAML list keeps its dash. */
  readonly form: 'json' | 'yaml';
  /** The kind of the items, if their list has said it before them. */
  readonly listKind?: string;
}
