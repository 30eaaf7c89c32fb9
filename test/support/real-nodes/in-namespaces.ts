/** Runs tests in network, mount and PID namespaces of their own, and sees to it that nothing of them is left. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

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
  /** By a signal to this process, or by the end of its parent. */
  readonly wasInterrupted: boolean;
  readonly leftNothing: boolean;
  /** What the command has written into its report; undefined if it has written none. */
  readonly report: string | undefined;
}

/** Of unshare: they end with their first process, and all that runs in them. */
export const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const LEAVE_NOTHING = join(import.meta.dirname, 'leave-nothing.sh');
const VARIABLE = 'REAL_NODES';
/** What the nodes have logged in a run that ended badly. */
const LOGS = join(import.meta.dirname, '../../../.cache/real-nodes/logs');
const PARENT = process.ppid;
const PARENT_CHECK_MS = 500;

/**
 * With the end of the command the kernel ends all that it has started. The same if this process ends, in whatever way.
 *
 * @param command by the path of its report, which goes at the end with all else
 */
export async function inNamespaces(
  command: (report: string) => readonly string[],
  operatorImages: readonly string[],
): Promise<NamespacesEnd> {
  const folder = mkdtempSync(join(tmpdir(), 'csi-port-operator-e2e-'));
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const preparation: Preparation = { folder, cgroup: folder.replace(/^.*\//, ''), operatorImages };
  const reportFile = join(folder, 'report');
  const script = 'ip link set lo up && exec "$@"';
  const inside = spawn('unshare', [...NAMESPACES, 'sh', '-c', script, 'sh', ...command(reportFile)], {
    // Ctrl-C goes to this process alone, which ends them.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TMPDIR: temporary, [VARIABLE]: JSON.stringify(preparation) },
  });
  const after = spawn(LEAVE_NOTHING, [String(inside.pid), folder, preparation.cgroup], {
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  let wasInterrupted = false as boolean;
  const end = (): void => {
    wasInterrupted = true;
    inside.kill('SIGKILL');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  // npm passes a signal on to its shell alone, and leaves what that runs to itself.
  const parentCheck = setInterval(() => process.ppid !== PARENT && end(), PARENT_CHECK_MS);
  const [code] = (await once(inside, 'close')) as [number | null];
  clearInterval(parentCheck);
  const report = existsSync(reportFile) ? readFileSync(reportFile, 'utf8') : undefined;
  if (code !== 0 && !wasInterrupted) keepLogs(folder);
  after.stdin.end('ended\n');
  const [afterCode] = (await once(after, 'close')) as [number | null];
  return { code, wasInterrupted, leftNothing: afterCode === 0, report };
}

let hasKeptLogs = false;

/** Those of an earlier invocation go; a failure that is run again keeps those of both. */
function keepLogs(folder: string): void {
  const kept = join(LOGS, basename(folder));
  if (!hasKeptLogs) rmSync(LOGS, { recursive: true, force: true });
  hasKeptLogs = true;
  for (const file of globSync(['node-*/node.log', 'tmp/control-plane-*/*.log'], { cwd: folder })) {
    mkdirSync(join(kept, dirname(file)), { recursive: true });
    cpSync(join(folder, file), join(kept, file));
  }
  console.error(`The logs of the nodes: ${kept}`);
}

/** @throws outside of the namespaces: the network and the cgroups of the machine would be changed */
export function preparation(): Preparation {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new Error('Run these tests by `make e2e`: it gives them namespaces of their own');
  return JSON.parse(text) as Preparation;
}
