/** The kubectl commands that a message to admins has, run as they are. */
import type { ControlPlane } from './control-plane/control-plane.js';

/** Each without "kubectl", as its arguments. A command ends with the message or before a semicolon. */
export function commandsIn(message: string): string[][] {
  return [...message.matchAll(/kubectl ((?:'[^']*'|[^;'])*)/g)].map(([, command]) => argumentsOf(command!));
}

/** Runs the only command of the message that has this word. */
export async function runOffered(controlPlane: ControlPlane, message: string, word: string): Promise<string> {
  const commands = commandsIn(message).filter((command) => command.includes(word));
  if (commands.length !== 1) throw new Error(`${commands.length} commands with ${word} in: ${message}`);
  return controlPlane.kubectl(commands[0]!);
}

function argumentsOf(command: string): string[] {
  return [...command.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([argument]) => argument.replaceAll("'", ''));
}
