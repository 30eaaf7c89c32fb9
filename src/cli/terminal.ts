/** What stdout and stderr are, and so what may be written to them. */
import type { ColourChoice } from './definitions.js';
import type { OutputFormat, RenderOptions } from './output/render.js';

/** Part of process.stdout and process.stderr. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): boolean;
}

/** Of a pipe or a file: text fits a document, too. */
const DEFAULT_COLUMNS = 100;

export function renderOptions(
  { format, colour }: { readonly format: OutputFormat; readonly colour: ColourChoice },
  stdout: OutputStream,
  environment: NodeJS.ProcessEnv,
): RenderOptions {
  return {
    format,
    colour: colour === 'auto' ? showsColour(stdout, environment) : colour === 'always',
    columns: stdout.isTTY ? (stdout.columns ?? DEFAULT_COLUMNS) : DEFAULT_COLUMNS,
  };
}

/** As https://no-color.org has it: an empty NO_COLOR is none. */
function showsColour({ isTTY = false }: OutputStream, { NO_COLOR = '', TERM }: NodeJS.ProcessEnv): boolean {
  return isTTY && NO_COLOR === '' && TERM !== 'dumb';
}

const ERASE_LINE = '\r\x1b[K';
/** A list of one page is there at once. */
const LONG_LIST = 500;

/** One line on stderr while long lists are read; nothing if stderr is no terminal. */
export class ProgressLine {
  readonly #stderr: OutputStream;
  readonly #counts = new Map<string, number>();
  #isShown = false;

  constructor(stderr: OutputStream) {
    this.#stderr = stderr;
  }

  readonly update = (title: string, count: number): void => {
    if (this.#stderr.isTTY !== true) return;
    if (count > LONG_LIST) this.#counts.set(title, count);
    if (this.#counts.size === 0) return;
    const lists = [...this.#counts].map(([list, read]) => `${list}: ${read}`).join(', ');
    const line = `Reading ${lists}`.slice(0, (this.#stderr.columns ?? DEFAULT_COLUMNS) - 1);
    this.#stderr.write(`${ERASE_LINE}${line}`);
    this.#isShown = true;
  };

  clear(): void {
    if (this.#isShown) this.#stderr.write(ERASE_LINE);
    this.#isShown = false;
    this.#counts.clear();
  }
}
