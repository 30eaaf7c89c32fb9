/**
 * `make e2e`: each file of test/e2e with a cluster of its own, in namespaces that end with it. So an interrupted or killed run
 * leaves nothing behind either. An argument selects the files whose name has it. Ends with the line `N passed, N failed`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideBinaries } from '../control-plane/binaries.js';
import { tool } from '../tools/tools.js';
import { inNamespaces } from './in-namespaces.js';
import { realNodesProblem } from './problem.js';
import { provideNodePrograms } from './programs.js';

const REPOSITORY = join(import.meta.dirname, '../../..');
const TESTS = 'test/e2e';
const report = (line: string): void => console.log(line);

interface Counts {
  passed: number;
  failed: number;
}

async function main(): Promise<number> {
  const lastError = await realNodesProblem();
  if (lastError !== undefined) {
    console.log(`Skipped: no real nodes on this machine, as ${lastError}`);
    return process.env.CI === undefined ? 0 : 1;
  }
  await provideBinaries(report);
  await provideNodePrograms(report);
  // There is no network in the namespaces.
  await tool('helm');
  execFileSync('make', ['--no-print-directory', 'image'], { cwd: REPOSITORY, stdio: 'inherit' });
  const files = readdirSync(join(REPOSITORY, TESTS)).filter((file) => file.endsWith('.test.ts'));
  const selected = files.filter((file) => process.argv.slice(2).every((part) => file.includes(part)));
  // Side by side: they wait more than they work.
  const all = await Promise.all(selected.map((file) => runTests(file)));
  const [passed, failed] = (['passed', 'failed'] as const).map((key) =>
    all.reduce((sum, counts) => sum + counts[key], 0),
  );
  console.log(`\n${passed!} passed, ${failed!} failed`);
  return failed === 0 && passed! > 0 ? 0 : 1;
}

/** A run that ends badly without a failed test is one failure. */
async function runTests(file: string): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'e2e-report-'));
  const output = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`];
  const command = [
    'npx',
    'vitest',
    'run',
    '--project=e2e',
    '--disable-console-intercept',
    ...reporters,
    join(TESTS, file),
  ];
  const { code, leftNothing } = await inNamespaces(command, [join(REPOSITORY, 'dist/image.tar')]);
  if (leftNothing) console.log(`${file}: nothing is left, no process, mount, cgroup or folder`);
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(output, 'utf8')) as Record<string, number>;
    const isBad = code !== 0 || !leftNothing;
    return { passed: numPassedTests!, failed: isBad ? Math.max(numFailedTests!, 1) : numFailedTests! };
  } catch (error) {
    console.error(`${file}: no report of this run: ${String(error)}`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

process.exitCode = await main();
