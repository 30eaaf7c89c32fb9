/**
 * `make e2e`: the conflict and its end on real nodes, in under 90 s when everything is built. `--all` runs all files of test/e2e, as
 * the gate does; words run those whose name has one of them. Each file has a cluster of its own, in namespaces that end with it, so an
 * interrupted or killed run leaves nothing behind either. Ends with the line `N passed, N failed`.
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { provideBinaries } from '../control-plane/binaries.js';
import { tool } from '../tools/tools.js';
import { inNamespaces } from './in-namespaces.js';
import { makeOperatorImage } from './operator-image.js';
import { realNodesProblem } from './problem.js';
import { provideNodePrograms } from './programs.js';

const REPOSITORY = join(import.meta.dirname, '../../..');
const TESTS = 'test/e2e';
const ALL = '--all';
const BY_DEFAULT = 'conflict';
const VITEST = ['npx', 'vitest', 'run', '--project=e2e', '--disable-console-intercept'];
const report = (line: string): void => console.log(line);

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Of a run without a report. */
const UNKNOWN: Counts = { passed: 0, failed: 1, skipped: 0 };

interface JsonReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
}

async function main(): Promise<number> {
  const lastError = await realNodesProblem();
  if (lastError !== undefined) {
    console.log(`Skipped: no real nodes on this machine, as ${lastError}`);
    return (process.env.CI ?? '') === '' ? 0 : 1;
  }
  await provideBinaries(report);
  await provideNodePrograms(report);
  // There is no network in the namespaces.
  await tool('helm');
  const image = makeOperatorImage();
  const given = process.argv.slice(2);
  const words = given.length === 0 ? [BY_DEFAULT] : given;
  const files = readdirSync(join(REPOSITORY, TESTS)).filter((file) => file.endsWith('.test.ts'));
  const selected = files.filter((file) => words.includes(ALL) || words.some((word) => file.includes(word)));
  const counts = await runAll(selected, image);
  if (selected.length < files.length)
    console.log(`\n${selected.length} of ${files.length} files: ARGS=${ALL} runs all`);
  const sum = (key: keyof Counts): number => counts.reduce((total, ofFile) => total + ofFile[key], 0);
  if (sum('skipped') > 0) console.log(`\n${sum('skipped')} skipped, after a failure in their file`);
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
}

let interrupted = false as boolean;

async function runAll(files: readonly string[], image: string): Promise<Counts[]> {
  // Each cluster takes two cores while its pods start.
  const queue = new PQueue({ concurrency: Math.max(1, Math.floor(availableParallelism() / 2)) });
  let all = await Promise.all(files.map((file) => queue.add(() => runTests(file, image))));
  // See vitest.config.ts.
  for (const [index, file] of files.entries()) {
    if (all[index]!.failed === 0 || interrupted) continue;
    const second = await runTests(file, image);
    if (second.failed === 0) console.log(`\nPASSED AT THE SECOND ATTEMPT ${file}`);
    all = all.with(index, second);
  }
  return all;
}

/** A test begins where the one before it ended: none runs after one that failed. */
async function runTests(file: string, image: string): Promise<Counts> {
  const command = (output: string): string[] => {
    return [
      ...VITEST,
      '--bail=1',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${output}`,
      join(TESTS, file),
    ];
  };
  const { code, wasInterrupted, leftNothing, report: json } = await inNamespaces(command, [image]);
  interrupted ||= wasInterrupted;
  if (leftNothing) console.log(`${file}: nothing is left, no process, mount, cgroup or folder`);
  const counts = countsOf(json);
  const isBad = code !== 0 || !leftNothing;
  return isBad ? { ...counts, failed: Math.max(counts.failed, 1) } : counts;
}

function countsOf(json: string | undefined): Counts {
  try {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(json ?? '') as JsonReport;
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests };
  } catch {
    return UNKNOWN;
  }
}

process.exitCode = await main();
