// Where runc comes from: programs of a PATH of our own play the machine's.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { provideRunc, runcProblem } from '../../support/real-nodes/runc.js';

const WITH_SECCOMP = 'echo "runc version 1.3.0"; echo "libseccomp: 2.5.4"';
const DOWNLOADS = 'if [ "$1" = download ]; then : > runc_1.3.0_amd64.deb; fi';

let machine: string;
let cache: string;
let reports: string[];
const report = (line: string): void => void reports.push(line);

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'runc-'));
  machine = join(folder, 'machine');
  cache = join(folder, 'cache');
  reports = [];
  await mkdir(machine);
  vi.stubEnv('PATH', machine);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(join(machine, '..'), { recursive: true });
});

async function install(name: string, script: string): Promise<string> {
  const file = join(machine, name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

/** dpkg-deb, as `dpkg-deb -x ARCHIVE FOLDER`, whose package has this runc. */
function installDpkg(script: string): Promise<string> {
  return install(
    'dpkg-deb',
    `/bin/mkdir -p "$3/usr/sbin"
printf '%s\\n' '#!/bin/sh' '${script}' > "$3/usr/sbin/runc"
/bin/chmod +x "$3/usr/sbin/runc"`,
  );
}

describe('runc', () => {
  it('is the one in PATH', async () => {
    const runc = await install('runc', WITH_SECCOMP);
    expect(await provideRunc(cache, report)).toBe(runc);
    expect(reports).toEqual([]);
  });

  it.each([
    ['there is none', undefined],
    ['it has no seccomp', 'echo "runc version 1.3.0"'],
    ['it does not start', 'exit 127'],
  ])('comes from a package if %s', async (_, script) => {
    if (script !== undefined) await install('runc', script);
    await install('apt-get', DOWNLOADS);
    await installDpkg(WITH_SECCOMP);
    expect(await runcProblem(cache)).toBeUndefined();
    expect(await provideRunc(cache, report)).toBe(join(cache, 'bin/runc'));
    expect(reports).toEqual(["Fetching Debian's package runc …", 'Fetched runc_1.3.0_amd64.deb']);
    expect(await readFile(join(cache, 'bin/runc'), 'utf8')).toContain('libseccomp');

    await rm(join(machine, 'apt-get'));
    expect(await provideRunc(cache, report)).toBe(join(cache, 'bin/runc'));
    expect(reports).toHaveLength(2);
  });

  it('comes from a package whose lists are fetched first', async () => {
    const lists = join(machine, 'lists');
    await install('apt-get', `if [ "$1" = update ]; then : > ${lists}; fi\n[ -e ${lists} ] || exit 100\n${DOWNLOADS}`);
    await installDpkg(WITH_SECCOMP);
    expect(await provideRunc(cache, report)).toBe(join(cache, 'bin/runc'));
    expect(reports).toContain('  the lists of packages are missing or old: apt-get update');
  });

  it('is asked for if nothing can fetch it', async () => {
    const message =
      'There is no runc with seccomp in PATH, and no apt-get and no dpkg-deb to fetch it with. Install runc, e.g.: apt-get install runc';
    expect(await runcProblem(cache)).toBe(message);
    await expect(provideRunc(cache, report)).rejects.toThrow(message);
  });

  it.each([
    ['apt-get fails', 'echo "W: slow" >&2; echo "E: no network" >&2; exit 100', WITH_SECCOMP, 'E: no network'],
    ['it lacks a library', DOWNLOADS, 'echo "libseccomp.so.2: not found" >&2; exit 127', 'libseccomp.so.2: not found'],
  ])('is asked for if %s', async (_, aptGet, runc, reason) => {
    await install('apt-get', aptGet);
    await installDpkg(runc);
    await expect(provideRunc(cache, report)).rejects.toThrow(
      `There is no runc with seccomp in PATH, and Debian's package is of no use: ${reason}. Install runc, e.g.: apt-get install runc`,
    );
  });
});
