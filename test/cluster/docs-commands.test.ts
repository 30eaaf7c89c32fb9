/** The commands of README.md and docs/admin, run as they are written: install, assign, look, configure, migrate, uninstall. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { Admin, INTERRUPTED } from '../support/docs/admin.js';
import { commandsOfPages } from '../support/docs/commands.js';
import { RUNS, type Run } from '../support/docs/runs.js';
import { STATES, type Site, type StateName } from '../support/docs/states.js';

// Uninstalling takes the rights of the process away, which no kubelet stops here.
const cluster = useCluster({ installed: false, withholdsRights: true });
/** The first time that a command stands in the pages; another time it may have another comment. */
const written = new Map(
  commandsOfPages()
    .toReversed()
    .map((found) => [found.command, found.written]),
);
let admin: Admin;
let site: Site;

beforeAll(async () => {
  admin = await Admin.prepare(cluster().controlPlane);
  site = { cluster: cluster(), folder: admin.folder };
});

afterAll(() => site.operator?.stop());

describe.each(Object.keys(STATES) as StateName[])('%s', (state) => {
  beforeAll(() => STATES[state](site));

  for (const run of RUNS[state]) test(run.command.replaceAll('%', '%%'), () => expectToRun(run));
});

async function expectToRun({ command, isSilent = false, isEndless = false, ...wanted }: Run): Promise<void> {
  const { code, stdout, stderr } = await admin.run(written.get(command)!, { isEndless });
  if (wanted.failsWith !== undefined) {
    expect(code).not.toBe(0);
    expect(stderr).toMatch(wanted.failsWith);
    return;
  }
  const { exitCode = isEndless ? INTERRUPTED : 0 } = wanted;
  expect({ code, stderr, stdout }).toMatchObject({ code: exitCode });
  expect(stdout === '').toBe(isSilent);
}
