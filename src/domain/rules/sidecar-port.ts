/**
 * Where a csi-addons sidecar has its port, and the changes that move it. The port stands in the argument
 * `--controller-port` and in the container's declared port. Rook writes `--controller-port=N` and one declared port. A
 * vendor's build may write `--controller-port=$(NAME)`, which a move replaces by the number: the environment is never
 * changed. A strategic merge patch or server-side apply by hand leaves a second declared port behind, since ports are
 * merged by number.
 */
import { flaggedPort, portArguments, portNumber } from './port-flag.js';
import { POOL } from './slots.js';
import type { Sidecar, SidecarPort } from './workload.js';

/** One operation of RFC 6902. */
export type JsonPatchOperation =
  | { readonly op: 'test' | 'replace' | 'add'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };
export type JsonPatch = readonly JsonPatchOperation[];

const FLAG = 'controller-port';

interface PortsRead {
  readonly current: number | undefined;
  readonly held: ReadonlySet<number>;
}

/** A sidecar never changes: each version of a workload has its own. A plan asks for its ports many times. */
const READ = new WeakMap<Sidecar, PortsRead>();

/** The port that the sidecar listens on, by its arguments; else the first declared one; else undefined. */
export function currentPort(sidecar: Sidecar): number | undefined {
  return portsOf(sidecar).current;
}

/** Every port that the sidecar holds on its node: the one it listens on, and those declared to the scheduler. */
export function heldPorts(sidecar: Sidecar): ReadonlySet<number> {
  return portsOf(sidecar).held;
}

function portsOf(sidecar: Sidecar): PortsRead {
  const known = READ.get(sidecar);
  if (known !== undefined) return known;
  const declared = tcpPorts(sidecar).map(({ containerPort }) => containerPort);
  const current = flaggedPort(FLAG, sidecar) ?? declared[0];
  const read = { current, held: new Set(current === undefined ? declared : [...declared, current]) };
  READ.set(sidecar, read);
  return read;
}

/**
 * The guarded operations that put the sidecar on `port`; empty when it is there. Each is preceded by a `test` of the
 * value it replaces, and nothing but the argument and the declared port is named.
 *
 * @param container JSON pointer of the container
 * @param leftovers declared ports that are to go, too
 */
export function movePort(
  sidecar: Sidecar,
  container: string,
  port: number,
  leftovers: readonly number[] = [],
): JsonPatchOperation[] {
  return [...moveArguments(sidecar, container, port), ...moveDeclaredPorts(sidecar, container, port, leftovers)];
}

function moveArguments(sidecar: Sidecar, container: string, port: number): JsonPatchOperation[] {
  const found = portArguments(FLAG, sidecar);
  if (found.length === 0) return addArgument(sidecar, container, port);
  // From the last to the first: an addition comes before the replacements, as it is guarded by the list as it was.
  return found.reverse().flatMap((argument): JsonPatchOperation[] => {
    const { list, index, element } = argument;
    const value = argument.withPort(port);
    // 09071 is 9071 to the sidecar, and so is a variable of that value: no reason to restart it.
    if (portNumber(argument.value) === port) return [];
    if (element === undefined) return append(`${container}/${list}`, sidecar[list], value);
    return replace(`${container}/${list}/${index}`, element, value);
  });
}

/** Guards of arguments that name the port already: declared ports follow them, and they may be changed meanwhile. */
export function guardArguments(sidecar: Sidecar, container: string, port: number): JsonPatchOperation[] {
  const kept = portArguments(FLAG, sidecar).filter(({ value }) => portNumber(value) === port);
  return kept.map(({ list, index, element }) => ({
    op: 'test',
    path: `${container}/${list}/${index}`,
    value: element,
  }));
}

function addArgument(sidecar: Sidecar, container: string, port: number): JsonPatchOperation[] {
  const value = `--controller-port=${port}`;
  if (sidecar.args === undefined) return [{ op: 'add', path: `${container}/args`, value: [value] }];
  return append(`${container}/args`, sidecar.args, value);
}

function moveDeclaredPorts(
  sidecar: Sidecar,
  container: string,
  port: number,
  leftovers: readonly number[],
): JsonPatchOperation[] {
  const own = tcpPorts(sidecar).filter(isListener(sidecar, [port, ...leftovers]));
  const kept = own.find(({ containerPort }) => containerPort === port) ?? own[0];
  if (kept === undefined) return [];
  const path = `${container}/ports/${kept.index}`;
  const moves = kept.containerPort === port ? [] : replace(`${path}/containerPort`, kept.containerPort, port);
  if (kept.hostPort !== undefined && kept.hostPort !== port)
    moves.push(...replace(`${path}/hostPort`, kept.hostPort, port));
  // From the last to the first: a removal shifts the elements behind it.
  const others = own.filter(({ index }) => index !== kept.index).reverse();
  return [
    ...moves,
    ...others.flatMap(({ index, containerPort }) => remove(`${container}/ports/${index}`, containerPort)),
  ];
}

/** A declared port is the listener's if it is the only one, the one in the arguments, the new one, one of the pool, or known to be left over. */
function isListener(
  sidecar: Sidecar,
  known: readonly number[],
): (declared: { readonly containerPort: number }) => boolean {
  const own = new Set([...POOL, ...known, currentPort(sidecar)]);
  const isOnly = tcpPorts(sidecar).length === 1;
  return ({ containerPort }) => isOnly || own.has(containerPort);
}

function tcpPorts({ ports }: Sidecar): (SidecarPort & { readonly index: number })[] {
  return ports.map((declared, index) => ({ ...declared, index })).filter(({ protocol }) => protocol === undefined);
}

function append(path: string, list: readonly string[] | undefined, value: string): JsonPatchOperation[] {
  return [
    { op: 'test', path, value: list },
    { op: 'add', path: `${path}/-`, value },
  ];
}

function replace(path: string, old: unknown, value: unknown): JsonPatchOperation[] {
  return [
    { op: 'test', path, value: old },
    { op: 'replace', path, value },
  ];
}

function remove(path: string, containerPort: number): JsonPatchOperation[] {
  return [
    { op: 'test', path: `${path}/containerPort`, value: containerPort },
    { op: 'remove', path },
  ];
}
