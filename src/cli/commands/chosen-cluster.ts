/** Has the commands of a document speak to the cluster that was read: kubectl alone would take the current context. */
import { shellWord } from './shell.js';

/** As on the command line of kubectl. */
export interface ChosenCluster {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
}

/** Fields of a document that hold what is to be copied into a shell. */
const COMMANDS: ReadonlySet<string> = new Set(['command', 'commands', 'remedy']);

/** The document itself, if nothing was chosen. */
export function forChosenCluster<T>(document: T, { kubeconfig, context, cluster, user }: ChosenCluster): T {
  const chosen = Object.entries({ kubeconfig, context, cluster, user });
  const flags = chosen.flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${shellWord(value)}`]));
  return flags.length === 0 ? document : (rewritten(document, flags.join(' '), false) as T);
}

function rewritten(value: unknown, flags: string, isCommand: boolean): unknown {
  if (typeof value === 'string') return isCommand ? withFlags(value, flags) : value;
  if (Array.isArray(value)) return value.map((item) => rewritten(item, flags, isCommand));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, rewritten(field, flags, COMMANDS.has(key))]),
  );
}

/** kubectl takes no flags before the name of a plugin. */
function withFlags(command: string, flags: string): string {
  return command.replaceAll(/\bkubectl (csiports \w+)?/g, (_, plugin: string | undefined) =>
    plugin === undefined ? `kubectl ${flags} ` : `kubectl ${plugin} ${flags}`,
  );
}
