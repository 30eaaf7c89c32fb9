/** The ports that a container takes on its node while its pod is on the host network, and the command line they stand in. */
import type { V1Container, V1EnvVar } from '@kubernetes/client-node';
import { portVariables, type EnvVariable } from '../domain/rules/env-references.js';
import { PORT_FLAGS, flaggedPort, mentionsPort, namesInPorts, type CommandLine } from '../domain/rules/port-flag.js';
import { isListenable } from '../domain/rules/slots.js';
import { MAX_READ, type HostPort } from '../domain/rules/workload.js';
import { integer, list, optionalText, optionalTexts, text } from './validate.js';

/**
 * The declared TCP ports, with or without a hostPort, and those of its port arguments: neither Rook nor
 * ceph-csi-operator declares the port of the liveness container.
 */
export function portsTaken(container: V1Container): HostPort[] {
  const name = text(container.name, 'container name');
  const ports = new Set<number>();
  for (const declared of list(container.ports, 'ports').slice(0, MAX_READ)) {
    if ((declared.protocol ?? 'TCP') === 'TCP') ports.add(integer(declared.containerPort, 'containerPort'));
  }
  for (const port of argumentPorts(container)) ports.add(port);
  return Array.from(ports, (port) => ({ container: name, port }));
}

function argumentPorts(container: V1Container): number[] {
  if (elementsOf(container) > MAX_READ) return [];
  const line = commandLineOf(container);
  if (!mentionsPort(line)) return [];
  const found = PORT_FLAGS.map((flag) => flaggedPort(flag, line) ?? 0);
  // With 0 a program listens on none, or on one that the kernel chooses.
  return found.filter(isListenable);
}

/** How many elements its command line has. */
export function elementsOf({ command, args }: V1Container): number {
  return list(command, 'command').length + list(args, 'args').length;
}

/** Of the environment only what its ports are resolved by is kept; absent if that is nothing. */
export function commandLineOf({ command, args, env }: V1Container): CommandLine {
  const line = { command: optionalTexts(command, 'command'), args: optionalTexts(args, 'args') };
  const names = namesInPorts(line);
  if (names.size === 0) return line;
  const known = [...portVariables(variablesOf(env))].filter(([name]) => names.has(name));
  return known.length === 0 ? line : { ...line, env: Object.fromEntries(known) };
}

/** Of too many variables none is read, as the last of a name counts. */
export function variablesOf(env: readonly V1EnvVar[] | null | undefined): EnvVariable[] {
  const variables = list(env, 'env');
  if (variables.length > MAX_READ) return [];
  return variables.map(({ name, value, valueFrom }) => {
    const literal = optionalText(value, 'env value') ?? '';
    const variable = { name: text(name, 'env name') };
    return literal === '' && valueFrom !== undefined ? variable : { ...variable, value: literal };
  });
}
