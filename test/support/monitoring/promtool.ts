/** promtool, in a folder of its own. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tool } from '../tools/tools.js';

/** For a hook: the first use builds promtool, a minute or two on two cores. */
export const BUILD_TIMEOUT_MS = 900_000;

/** What promtool says where it is content. @throws Error with what it says where it is not */
export async function promtool(args: readonly string[], files: Readonly<Record<string, string>>): Promise<string> {
  const program = await tool('promtool');
  const folder = await mkdtemp(join(tmpdir(), 'promtool-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const { stdout } = await promisify(execFile)(program, args, { cwd: folder });
    return stdout;
  } catch (error) {
    const said = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`promtool ${args.join(' ')}:\n${said.stdout ?? ''}${said.stderr ?? ''}`, { cause: error });
  } finally {
    await rm(folder, { recursive: true });
  }
}
