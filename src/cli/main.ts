/** The kubectl plugin: command line -> document -> text and exit code. It only reads. */
import { parseCommandLine, type Invocation } from './command-line.js';
import type { CliDocument } from './commands/document.js';
import { exitCode } from './commands/exit-code.js';
import { explain } from './commands/explain.js';
import { COMPLETE, complete, completionScript } from './completion.js';
import { PROGRAM } from './definitions.js';
import { EXIT_CODES, UsageError, type ExitCode } from './exit-codes.js';
import { render } from './output/render.js';
import { SourceError } from './sources/source-error.js';
import { ProgressLine, renderOptions } from './terminal.js';
import { sanitize } from '../domain/report/sanitize.js';
import { messageOf } from '../log.js';

/** Set by the bundler from package.json; absent if the sources run directly. */
declare const __VERSION__: string | undefined;
const VERSION = typeof __VERSION__ === 'undefined' ? 'dev' : __VERSION__;

const INTERRUPTED = 130;
const TERMINATED = 143;
/** An API server's message may be long; what an admin needs of it comes first. */
const MAX_ERROR = 1_000;

const progress = new ProgressLine(process.stderr);

async function main(argv: readonly string[]): Promise<ExitCode> {
  if (argv[0] === COMPLETE) return print(complete(argv.slice(1)));
  const invocation = parseCommandLine(argv, VERSION);
  switch (invocation.kind) {
    case 'Text':
      return print(invocation.text);
    case 'Invalid':
      throw new UsageError(invocation.message);
    case 'Completion':
      return print(completionScript(invocation.shell));
    case 'Explain':
      return printDocument(explain(invocation.reason), invocation);
    case 'Run':
      return run(invocation);
  }
}

async function run(invocation: Invocation & { readonly kind: 'Run' }): Promise<ExitCode> {
  const { command, options } = invocation;
  const reading = { options, version: VERSION, progress };
  // What talks to an API server is loaded only if there is something to read.
  if (options.watch) return (await import('./watch.js')).watchStatus(reading, process);
  const { answer } = await import('./answer.js');
  return printDocument(await answer(command, reading), invocation);
}

function printDocument(
  document: CliDocument,
  { options }: Invocation & { readonly kind: 'Run' | 'Explain' },
): Promise<ExitCode> {
  return print(render(document, renderOptions(options, process.stdout, process.env)), exitCode(document));
}

/** Resolves when the text is on its way: the process ends by process.exit, which waits for nothing. */
function print(text: string, code: ExitCode = EXIT_CODES.noConflict): Promise<ExitCode> {
  // In time for a reader that ends first (`| head`).
  process.exitCode = code;
  return new Promise((resolve) => process.stdout.write(text, () => resolve(code)));
}

function fail(error: unknown): ExitCode {
  progress.clear();
  const remedy = error instanceof SourceError && error.remedy !== undefined ? `; ${error.remedy}` : '';
  process.stderr.write(`${PROGRAM}: ${sanitize(`${messageOf(error)}${remedy}`, MAX_ERROR)}\n`);
  return error instanceof UsageError ? EXIT_CODES.usage : EXIT_CODES.cannotTell;
}

process.on('SIGINT', () => process.exit(INTERRUPTED));
process.on('SIGTERM', () => process.exit(TERMINATED));
process.on('uncaughtException', (error) => process.exit(fail(error)));
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? undefined : fail(error)),
);
// Nobody reads the errors either.
process.stderr.on('error', () => process.exit());

main(process.argv.slice(2))
  .catch(fail)
  .then(
    (code) => process.exit(code),
    () => process.exit(EXIT_CODES.cannotTell),
  );
