/** Runs tests in network, mount and PID namespaces of their own, and sees to it that nothing of them is left. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the tests are given. */
export interface Preparation {
  /** Goes at the end, with all that is in it. */
  readonly folder: string;
  /** Goes at the end, below each controller's root. */
  readonly cgroup: string;
  /** Docker archives of the operator's image. */
  readonly operatorImages: readonly string[];
}

export interface NamespacesEnd {
  /** Null after a signal. */
  readonly code: number | null;
  readonly leftNothing: boolean;
}

const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const LEAVE_NOTHING = join(import.meta.dirname, 'leave-nothing.sh');
const VARIABLE = 'REAL_NODES';

/** With the end of the command the kernel ends all that it has started. The same if this process ends, in whatever way. */
export async function inNamespaces(
  command: readonly string[],
  operatorImages: readonly string[],
): Promise<NamespacesEnd> {
  const folder = mkdtempSync(join(tmpdir(), 'csi-port-operator-e2e-'));
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const preparation: Preparation = { folder, cgroup: folder.replace(/^.*\//, ''), operatorImages };
  const script = 'ip link set lo up && exec "$@"';
  const inside = spawn('unshare', [...NAMESPACES, 'sh', '-c', script, 'sh', ...command], {
    // Ctrl-C goes to this process alone, which ends them.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TMPDIR: temporary, [VARIABLE]: JSON.stringify(preparation) },
  });
  const after = spawn(LEAVE_NOTHING, [String(inside.pid), folder, preparation.cgroup], {
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => inside.kill('SIGKILL'));
  const [code] = (await once(inside, 'close')) as [number | null];
  after.stdin.end();
  const [afterCode] = (await once(after, 'close')) as [number | null];
  return { code, leftNothing: afterCode === 0 };
}

/** @throws outside of the namespaces: the network and the cgroups of the machine would be changed */
export function preparation(): Preparation {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new Error('Run these tests by `make e2e`: it gives them namespaces of their own');
  return JSON.parse(text) as Preparation;
}
