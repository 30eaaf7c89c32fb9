/**
 * A port on a container's command line, in the forms of Go's flag package: one dash or two, the value behind `=` or as
 * the next element; the last occurrence wins.
 */

/** `controller-port` is the csi-addons sidecar's, `metricsport` that of the liveness container. */
export type PortFlag = 'controller-port' | 'metricsport';

export interface CommandLine {
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
}

interface Place {
  readonly list: 'command' | 'args';
  /** Equals the list's length if the flag is last and its value is missing. */
  readonly index: number;
  readonly element: string | undefined;
}

/** One occurrence of the flag: the list and the element that holds its value, and that element with another port. */
export interface PortArgument extends Place {
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

/** The two forms of each flag. Made once: every plan reads several command lines. */
const FORMS: Readonly<Record<PortFlag, { readonly bare: RegExp; readonly joined: RegExp }>> = {
  'controller-port': { bare: /^--?controller-port$/, joined: /^(--?controller-port=)(.*)$/s },
  metricsport: { bare: /^--?metricsport$/, joined: /^(--?metricsport=)(.*)$/s },
};

/** The flags of the whole command line: the args follow the command, so a value may stand in the other list. */
export function portArguments(flag: PortFlag, { command = [], args = [] }: CommandLine): PortArgument[] {
  const { bare, joined } = FORMS[flag];
  const found: PortArgument[] = [];
  for (let at = 0; at < command.length + args.length; at += 1) {
    const place = placeAt(at, command, args);
    const { element } = place;
    // Most are something else, and there may be very many.
    if (element?.includes(flag) !== true) continue;
    const [, start, value = ''] = joined.exec(element) ?? [];
    if (start !== undefined) found.push({ ...place, value, withPort: (port) => `${start}${port}` });
    if (!bare.test(element)) continue;
    at += 1;
    found.push(valueBehind(place, placeAt(at, command, args)));
  }
  return found;
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
