/**
 * Programs that check the files of the project, or stand between its parts in tests: built from the Go modules that
 * modules/ pins, once, into the cache. Each has a go.mod of its own, so that none decides another's dependencies.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildPrograms, goProblem, type GoProgram } from '../go-programs/go-build.js';

const REPOSITORY = join(import.meta.dirname, '../../..');
const MODULES = join(import.meta.dirname, 'modules');

interface Tool {
  readonly module: string;
  readonly path: string;
  readonly tags?: readonly string[];
}

/** Without the clouds that Prometheus can ask for targets: a third of the build. Neither is the web UI built in. */
const STATIC_TARGETS_ONLY = ['remove_all_sd'];

const TOOLS = {
  helm: { module: 'helm', path: 'helm.sh/helm/v4/cmd/helm' },
  actionlint: { module: 'actionlint', path: 'github.com/rhysd/actionlint/cmd/actionlint' },
  promtool: { module: 'prometheus', path: 'github.com/prometheus/prometheus/cmd/promtool', tags: STATIC_TARGETS_ONLY },
  prometheus: {
    module: 'prometheus',
    path: 'github.com/prometheus/prometheus/cmd/prometheus',
    tags: STATIC_TARGETS_ONLY,
  },
  toxiproxy: { module: 'toxiproxy', path: 'github.com/Shopify/toxiproxy/v2/cmd/server' },
} satisfies Record<string, Tool>;

export type ToolName = keyof typeof TOOLS;

export const TOOL_NAMES = Object.keys(TOOLS) as ToolName[];

export function isToolName(name: string): name is ToolName {
  return Object.hasOwn(TOOLS, name);
}

/** Path of the program, which is built where it is missing. @throws Error where there is no Go to build it with */
export async function tool(name: ToolName): Promise<string> {
  const { module, ...program }: Tool = TOOLS[name];
  const cache = await cacheFolder(module);
  const binary = join(cache, 'bin', name);
  if (existsSync(binary)) return binary;
  const lastError = await toolProblem(name);
  if (lastError !== undefined) throw new Error(lastError);
  const missing = { name, ...program, module: join(MODULES, module) } satisfies GoProgram;
  await buildPrograms(cache, [missing], (line) => console.error(line));
  return binary;
}

/** Why there is no such program here and none can be built; undefined where there is one, or can be. */
export async function toolProblem(name: ToolName): Promise<string | undefined> {
  const { module } = TOOLS[name];
  if (existsSync(join(await cacheFolder(module), 'bin', name))) return undefined;
  const lastError = await goProblem(join(MODULES, module));
  return lastError === undefined ? undefined : `${name} cannot be built: ${lastError}`;
}

/** Another for each set of pinned versions. */
async function cacheFolder(module: string): Promise<string> {
  const pins = await readFile(join(MODULES, module, 'go.mod'));
  const digest = createHash('sha256').update(pins).digest('hex').slice(0, 12);
  return join(REPOSITORY, '.cache/tools', `${module}-${digest}`);
}
