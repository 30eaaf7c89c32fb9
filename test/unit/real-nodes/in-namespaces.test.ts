// Whatever ends a run on real nodes: nothing of it is left.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { waitFor } from '../../support/control-plane/wait-for.js';
import { namespaceProblem } from '../../support/image/container.js';

const REGISTER = join(import.meta.dirname, '../../../scripts/register-ts-node.js');
const SLEEPER = join(import.meta.dirname, 'sleeper.ts');

const lastError =
  (await namespaceProblem()) ?? (existsSync('/sys/fs/cgroup/memory') ? undefined : 'there is no cgroup v1');
if (lastError !== undefined) console.log(`skipped: the ends of a run on real nodes, as ${lastError}`);

/** Resolves with its folder when all is there that has to go. */
async function startSleeper(): Promise<{ sleeper: ChildProcess; folder: string }> {
  const sleeper = spawn(process.execPath, ['--no-deprecation', '--import', REGISTER, SLEEPER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void sleeper.kill('SIGKILL'));
  for await (const folder of createInterface({ input: sleeper.stdout })) return { sleeper, folder };
  throw new Error('it ended before it was ready');
}

describe.skipIf(lastError !== undefined)('of a run in namespaces', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('nothing is left after %s', async (signal) => {
    const { sleeper, folder } = await startSleeper();
    const cgroup = join('/sys/fs/cgroup/memory', basename(folder));
    expect([existsSync(folder), existsSync(cgroup)]).toEqual([true, true]);
    sleeper.kill(signal);
    // A cgroup goes when none of its processes is left, and the folder when nothing is mounted below it.
    await waitFor('the folder and the cgroup to be gone', () => {
      return Promise.resolve(!existsSync(folder) && !existsSync(cgroup));
    });
  });
});
