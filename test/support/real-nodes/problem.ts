/** Whether real nodes can run on this machine. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nodeProgramsProblem } from './programs.js';

const NEEDED = ['bash', 'go', 'ip', 'nsenter', 'pivot_root', 'ss', 'unshare'];

/** Creates what a node creates, in namespaces that are gone at the end of it. $1 is an empty folder. */
const REHEARSAL = `set -e
mount --make-rprivate /
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
ip link add nodes type bridge
ip link add port type veth peer name other
for controller in /sys/fs/cgroup/*/; do
  mkdir "$controller$(basename "$1")"
  rmdir "$controller$(basename "$1")"
done`;

/** Why they cannot, in one line, or undefined if they can. */
export async function realNodesProblem(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'they need Linux';
  if (process.getuid?.() !== 0) return 'they need root: namespaces, mounts and cgroups are made for them';
  if (!existsSync('/sys/fs/cgroup/memory'))
    return 'they need the controllers of cgroup v1: with v2 they were never tried';
  const missing = await missingPrograms();
  if (missing.length > 0) return `there is no ${missing.join(', no ')} in PATH`;
  return (await namespacesProblem()) ?? (await nodeProgramsProblem());
}

async function missingPrograms(): Promise<string[]> {
  const which = promisify(execFile)('sh', [
    '-c',
    'for name; do command -v "$name" > /dev/null || echo "$name"; done',
    'sh',
    ...NEEDED,
  ]);
  return (await which).stdout.split('\n').filter(Boolean);
}

async function namespacesProblem(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'rehearsal-'));
  try {
    const script = join(folder, 'rehearsal.sh');
    await writeFile(script, REHEARSAL);
    await promisify(execFile)('unshare', ['--net', '--mount', '--pid', '--fork', '--mount-proc', 'sh', script, folder]);
    return undefined;
  } catch (error) {
    return `no namespaces with a bridge, an overlay and cgroups are to be had: ${(error as Error).message.trim().split('\n').at(-1)!}`;
  } finally {
    await rm(folder, { recursive: true });
  }
}
