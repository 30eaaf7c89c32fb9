/** Reads the command line by the table of definitions.ts. */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import {
  COMMAND_NAMES,
  definitionOf,
  PROGRAM,
  USAGE_MEANING,
  type ColourChoice,
  type CommandDefinition,
  type CommandName,
  type OptionDefinition,
  type Shell,
} from './definitions.js';
import { EXIT_CODES } from './exit-codes.js';
import type { OutputFormat } from './output/render.js';

export interface CommandOptions {
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly cluster: string | undefined;
  readonly user: string | undefined;
  readonly requestTimeoutMs: number;
  /** Empty: the cluster is read. `-` is stdin. */
  readonly files: readonly string[];
  readonly format: OutputFormat;
  readonly colour: ColourChoice;
  readonly watch: boolean;
}

export type Invocation =
  /** Printed on stdout: help, the version. */
  | { readonly kind: 'Text'; readonly text: string }
  | { readonly kind: 'Invalid'; readonly message: string }
  | { readonly kind: 'Completion'; readonly shell: Shell }
  | { readonly kind: 'Explain'; readonly reason: string | undefined; readonly options: CommandOptions }
  | {
      readonly kind: 'Run';
      readonly command: 'check' | 'plan' | 'status' | 'doctor';
      readonly options: CommandOptions;
    };

/** Width of --help: it is read in documents, too. */
const HELP_COLUMNS = 100;

export function parseCommandLine(argv: readonly string[], version: string): Invocation {
  let written = '';
  let invocation: Invocation | undefined;
  const program = build(version, (parsed) => (invocation = parsed));
  const output = { writeOut: (text: string) => (written += text), writeErr: () => undefined, getOutHelpWidth };
  for (const command of [program, ...program.commands]) command.exitOverride().configureOutput(output);
  try {
    program.parse(normalized(argv), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'Text', text: written };
    return { kind: 'Invalid', message: oneLine(error.message, argv) };
  }
  return invocation ?? { kind: 'Text', text: written };
}

/** No words and `help` ask for help. After a command that is none, nothing else counts. */
function normalized(argv: readonly string[]): readonly string[] {
  const [first = '--help', ...rest] = argv;
  if (first === 'help') return normalized([...rest.slice(0, 1), '--help']);
  const isKnown = first.startsWith('-') || COMMAND_NAMES.some((name) => name === first);
  return isKnown ? [first, ...rest] : [first];
}

const getOutHelpWidth = (): number => HELP_COLUMNS;

/** The text of `--help`, of a command or of the program. */
export function helpOf(name?: CommandName): string {
  const argv = name === undefined ? ['--help'] : [name, '--help'];
  const invocation = parseCommandLine(argv, '');
  return invocation.kind === 'Text' ? invocation.text : '';
}

function build(version: string, done: (invocation: Invocation) => void): Command {
  const program = new Command(PROGRAM)
    .description('Sees, checks and explains the host ports of the csi-addons sidecars of Rook.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .showSuggestionAfterError()
    .addHelpText('after', `\nAll commands only read. ${PROGRAM} <command> --help has examples and exit codes.`);
  for (const name of COMMAND_NAMES) program.addCommand(commandOf(name, done));
  return program;
}

function commandOf(name: CommandName, done: (invocation: Invocation) => void): Command {
  const definition = definitionOf(name);
  const command = new Command(name)
    .summary(definition.summary)
    .description(definition.description)
    .helpOption('-h, --help', 'print this')
    .allowExcessArguments(false)
    .addHelpText('after', epilogueOf(definition));
  if (definition.argument !== undefined) {
    const { name: argument, text, choices, isStrict } = definition.argument;
    command.addArgument(isStrict ? new Argument(argument, text).choices(choices) : new Argument(argument, text));
  }
  for (const option of definition.options) command.addOption(optionOf(option));
  return command.action(() => done(invocationOf(name, command)));
}

function invocationOf(name: CommandName, command: Command): Invocation {
  const [word] = command.args;
  const options = optionsOf(command);
  switch (name) {
    case 'completion':
      return { kind: 'Completion', shell: word as Shell };
    case 'explain':
      return { kind: 'Explain', reason: word, options };
    case 'check':
    case 'plan':
    case 'status':
    case 'doctor':
      return { kind: 'Run', command: name, options };
  }
}

interface RawOptions extends Partial<Omit<CommandOptions, 'format' | 'files' | 'requestTimeoutMs'>> {
  readonly requestTimeout?: number;
  readonly filename?: readonly string[];
  readonly output?: OutputFormat;
  /** False for --no-color. */
  readonly color?: ColourChoice | false;
}

function optionsOf(command: Command): CommandOptions {
  const { namespace, kubeconfig, context, cluster, user, watch = false, ...raw } = command.opts<RawOptions>();
  return {
    ...{ namespace, kubeconfig, context, cluster, user, watch },
    requestTimeoutMs: raw.requestTimeout ?? 0,
    files: raw.filename ?? [],
    format: raw.output ?? 'text',
    colour: raw.color === false ? 'never' : (raw.color ?? 'auto'),
  };
}

function optionOf({ flags, text, fallback, choices, isRepeatable, conflicts }: OptionDefinition): Option {
  const option = new Option(flags, text);
  if (choices !== undefined) option.choices(choices);
  if (conflicts !== undefined) option.conflicts([...conflicts]);
  const parse = PARSERS[option.attributeName()];
  if (parse !== undefined) option.argParser(parse);
  if (isRepeatable) option.argParser(appended);
  if (fallback !== undefined) option.default(parse === undefined ? fallback : parse(fallback), fallback);
  return option;
}

const PARSERS: Readonly<Record<string, (value: string) => unknown>> = {
  namespace: namespaceName,
  kubeconfig: nonEmpty,
  context: nonEmpty,
  cluster: nonEmpty,
  user: nonEmpty,
  requestTimeout: milliseconds,
};

/** @param values those before it, of an option that may be repeated */
function appended(value: string, values?: readonly string[]): readonly string[] {
  return [...(values ?? []), nonEmpty(value)];
}

function nonEmpty(value: string): string {
  if (value === '') throw new InvalidArgumentError('It is empty.');
  return value;
}

function namespaceName(value: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value)) return value;
  throw new InvalidArgumentError('It is not the name of a namespace.');
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const MAX_TIMEOUT_MS = 3_600_000;

/** Like kubectl: a number with a unit, or several of them; a number alone is seconds. */
function milliseconds(value: string): number {
  const parts = /^\d+$/.test(value)
    ? [`${value}s`]
    : (/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.exec(value)?.[0].match(/[\d.]+[a-z]+/g) ?? []);
  const sum = parts.reduce(
    (total, part) => total + Number.parseFloat(part) * (UNITS[part.replace(/[\d.]+/, '')] ?? 0),
    0,
  );
  // For kubectl 0 is no limit.
  if (parts.length > 0 && sum === 0) return MAX_TIMEOUT_MS;
  if (sum >= 1 && sum <= MAX_TIMEOUT_MS) return sum;
  throw new InvalidArgumentError('It is not a time from 1ms to 1h, such as 15s.');
}

/** Commander's message with its suggestion on one line, and where to read on. */
function oneLine(message: string, argv: readonly string[]): string {
  const text = message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*?)\?\)/, '; did you mean $1?')
    .replaceAll(/\s*\n\s*/g, ' ');
  const command = COMMAND_NAMES.find((name) => argv.includes(name));
  const end = /[.?!]$/.test(text) ? '' : '.';
  return `${text}${end} See: ${[PROGRAM, ...(command === undefined ? [] : [command])].join(' ')} --help`;
}

/** Examples in the form of kubectl's own help. */
function epilogueOf({ examples, exitCodes }: CommandDefinition): string {
  const lines = examples.map(([line, what]) => `  # ${what}\n  ${PROGRAM} ${line}`);
  const codes = exitCodeRows(exitCodes).map(([code, meaning]) => `  ${code}  ${meaning}`);
  return ['', 'Examples:', lines.join('\n\n'), '', 'Exit codes:', ...codes].join('\n');
}

export function exitCodeRows(exitCodes: CommandDefinition['exitCodes']): [code: number, meaning: string][] {
  const all: Readonly<Record<string, string>> = { ...exitCodes, [EXIT_CODES.usage]: USAGE_MEANING };
  return Object.entries(all).map(([code, meaning]) => [Number(code), meaning]);
}
