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
  /** Equals the list's length where the flag is last and its value is missing. */
  readonly index: number;
  readonly element: string | undefined;
}

/** One occurrence of the flag: the list and the element that holds its value, and that element with another port. */
export interface PortArgument extends Place {
  readonly value: string;
  readonly withPort: (port: number) => string;
}

/** The port that the flag says; undefined where it is absent or no number. */
export function flaggedPort(flag: PortFlag, line: CommandLine): number | undefined {
  return portNumber(portArguments(flag, line).at(-1)?.value);
}

/** Five digits hold every port; a longer number is no port, and would not fit into the status. */
export function portNumber(value: string | undefined): number | undefined {
  return value !== undefined && /^[0-9]{1,5}$/.test(value) ? Number(value) : undefined;
}

/** The two forms of each flag. Made once: every plan reads several command lines. */
const FORMS: Readonly<Record<PortFlag, { readonly bare: RegExp; readonly joined: RegExp }>> = {
  'controller-port': { bare: /^--?controller-port$/, joined: /^(--?controller-port=)(.*)$/ },
  metricsport: { bare: /^--?metricsport$/, joined: /^(--?metricsport=)(.*)$/ },
};

/** The flags of the whole command line: the args follow the command, so a value may stand in the other list. */
export function portArguments(flag: PortFlag, { command = [], args = [] }: CommandLine): PortArgument[] {
  const { bare, joined } = FORMS[flag];
  const line = [...places('command', command), ...places('args', args)];
  const found: PortArgument[] = [];
  for (let at = 0; at < line.length; at += 1) {
    const place = line[at];
    if (place === undefined) break;
    const [, start, value = ''] = joined.exec(place.element) ?? [];
    if (start !== undefined) found.push({ ...place, value, withPort: (port) => `${start}${port}` });
    if (!bare.test(place.element)) continue;
    // The next element is the value, whatever it looks like: never a flag of its own.
    at += 1;
    found.push(separateValue(line[at] ?? { ...place, index: place.index + 1, element: undefined }));
  }
  return found;
}

function places(list: Place['list'], elements: readonly string[]): (Place & { readonly element: string })[] {
  return elements.map((element, index) => ({ list, index, element }));
}

function separateValue(place: Place): PortArgument {
  return { ...place, value: place.element ?? '', withPort: String };
}
