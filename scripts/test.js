// `make test`: every check of the project, one after the other, and as the last line `N passed, N failed`.
// A static check counts as one, a test file's tests one by one. All run even where one fails.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'csi-port-operator-test-'));
const results = { passed: 0, failed: 0, skipped: 0 };

for (const [title, script] of [
  ['Lint', 'lint'],
  ['Types', 'types'],
  ['Format', 'format:check'],
]) {
  console.log(`\n== ${title}`);
  results[npmRun(script) ? 'passed' : 'failed'] += 1;
}
for (const project of ['unit', 'cluster', 'rook']) {
  console.log(`\n== Tests: ${project}`);
  const report = join(folder, `${project}.json`);
  const succeeded = npmRun(project, ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
  count(report, succeeded);
}
rmSync(folder, { recursive: true });

if (results.skipped > 0) console.log(`\n${results.skipped} skipped, for the reasons printed above`);
console.log(`\n${results.passed} passed, ${results.failed} failed`);
process.exitCode = results.failed === 0 ? 0 : 1;

function npmRun(script, args = []) {
  const { status } = spawnSync('npm', ['run', '--silent', script, '--', ...args], { stdio: 'inherit' });
  return status === 0;
}

/** A run that ends badly without a failed test (no report, a failed file, an unhandled error) is one failure more. */
function count(report, succeeded) {
  let failed = 0;
  try {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
    results.passed += numPassedTests;
    results.skipped += numPendingTests;
    failed = numFailedTests;
  } catch (error) {
    console.error(`no report of this run: ${error.message}`);
  }
  results.failed += succeeded ? failed : Math.max(failed, 1);
}
