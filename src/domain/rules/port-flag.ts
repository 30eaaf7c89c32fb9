/**
 * A port on a container's command line, in the forms of Go's flag package: one dash or two, the value behind `=` or as
 * the next element; the last occurrence wins. The value may refer to the container's environment.
 */
import { hasReference, referredNames, resolveReferences } from './env-references.js';

/**
 * `controller-port` is the csi-addons sidecar's, `metricsport` that of the liveness container; programs beside them take
 * one of the others. The names are exact.
 */
export const PORT_FLAGS = ['controller-port', 'metricsport', 'livenessport', 'port'] as const;
export type PortFlag = (typeof PORT_FLAGS)[number];

export interface CommandLine {
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
  /** What `$(NAME)` stands for, of the names that the values of these flags refer to; absent if nothing is known. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

interface Place {
  readonly list: 'command' | 'args';
  /** Equals the list's length if the flag is last and its value is missing. */
  readonly index: number;
  readonly element: string | undefined;
}

/** One occurrence of the flag: the list and the element that holds its value, and that element with another port. */
export interface PortArgument extends Place {
  /** With its references resolved, as the program gets it. */
  readonly value: string;
  readonly withPort: (port: number) => string;
}

/** The port of the flag; undefined if it is absent or no number. */
export function flaggedPort(flag: PortFlag, line: CommandLine): number | undefined {
  return portNumber(portArguments(flag, line).at(-1)?.value);
}

/** Five digits hold every port; a longer number is no port, and would not fit into the status. */
export function portNumber(value: string | undefined): number | undefined {
  return value !== undefined && /^[0-9]{1,5}$/.test(value) ? Number(value) : undefined;
}

/** The flags of the whole command line. */
export function portArguments(flag: PortFlag, line: CommandLine): PortArgument[] {
  return argumentsAsStored(flag, line).map((argument) => {
    if (!hasReference(argument.value)) return argument;
    return { ...argument, value: resolveReferences(argument.value, new Map(Object.entries(line.env ?? {}))) };
  });
}

/** Whether there is a flag of a port at all: most command lines have none, and each event brings many of them. */
export function mentionsPort({ command = [], args = [] }: CommandLine): boolean {
  return command.some(isAboutPort) || args.some(isAboutPort);
}

/** Each of PORT_FLAGS ends with it. */
function isAboutPort(element: string): boolean {
  return element.includes('port');
}

/** The names of the environment that the values of the flags refer to. */
export function namesInPorts(line: CommandLine): ReadonlySet<string> {
  if (!mayReferToPort(line)) return NO_NAMES;
  const values = PORT_FLAGS.flatMap((flag) => argumentsAsStored(flag, line).map(({ value }) => value));
  return new Set(values.flatMap(referredNames));
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Most command lines have references, but not there. */
function mayReferToPort({ command = [], args = [] }: CommandLine): boolean {
  const elements = command.length === 0 ? args : [...command, ...args];
  return elements.some((element, at) => {
    return isAboutPort(element) && (hasReference(element) || hasReference(elements[at + 1] ?? ''));
  });
}

interface Forms {
  readonly bare: RegExp;
  readonly joined: RegExp;
}

/** The two forms of each flag. Made once: every plan reads several command lines. */
const FORMS = Object.fromEntries(
  PORT_FLAGS.map((flag) => [flag, { bare: RegExp(`^--?${flag}$`), joined: RegExp(`^(--?${flag}=)(.*)$`, 's') }]),
) as Readonly<Record<PortFlag, Forms>>;

/** The args follow the command, so a value may stand in the other list. */
function argumentsAsStored(flag: PortFlag, { command = [], args = [] }: CommandLine): PortArgument[] {
  const { bare, joined } = FORMS[flag];
  const found: PortArgument[] = [];
  const size = command.length + args.length;
  for (let at = 0; at < size; at += 1) {
    const element = elementAt(at, command, args);
    // Most are something else, and there may be very many.
    if (element?.includes(flag) !== true) continue;
    const place = placeAt(at, command, args);
    const [, start, value = ''] = joined.exec(element) ?? [];
    if (start !== undefined) found.push({ ...place, value, withPort: (port) => `${start}${port}` });
    if (!bare.test(element)) continue;
    at += 1;
    found.push(valueBehind(place, placeAt(at, command, args)));
  }
  return found;
}

function elementAt(at: number, command: readonly string[], args: readonly string[]): string | undefined {
  return at < command.length ? command[at] : args[at - command.length];
}

function placeAt(at: number, command: readonly string[], args: readonly string[]): Place {
  const index = at - command.length;
  return index < 0
    ? { list: 'command', index: at, element: command[at] }
    : { list: 'args', index, element: args[index] };
}

/** The next element is the value, whatever it looks like: never a flag of its own. */
function valueBehind(flag: Place, next: Place): PortArgument {
  const place = next.element === undefined ? { ...flag, index: flag.index + 1, element: undefined } : next;
  return { ...place, value: place.element ?? '', withPort: String };
}
