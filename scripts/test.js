// `make test`: every check of the project, one after the other, and as the last line `N passed, N failed`.
// A static check counts as one, a test file's tests one by one. All run even where one fails. What failed is named at the
// end, and what passed at its second attempt only (see vitest.config.ts): of a long output that is what is still on the screen.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'csi-port-operator-test-'));
const results = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const secondAttempts = [];

for (const [title, script] of [
  ['Lint', 'lint'],
  ['Types', 'types'],
  ['Format', 'format:check'],
]) {
  console.log(`\n== ${title}`);
  const passed = npmRun(script);
  results[passed ? 'passed' : 'failed'] += 1;
  if (!passed) failures.push(title);
}
// Each file of cluster tests leaves there which rights it used.
process.env.RIGHTS_RECORD = mkdtempSync(join(folder, 'rights-'));
for (const project of ['unit', 'model', 'cluster', 'rook', 'rights']) {
  console.log(`\n== Tests: ${project}`);
  const report = join(folder, `${project}.json`);
  const succeeded = npmRun(project, ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
  count(project, report, succeeded);
}
rmSync(folder, { recursive: true });

if (results.skipped > 0) console.log(`\n${results.skipped} skipped, for the reasons printed above`);
for (const attempt of secondAttempts) console.log(`\nPASSED AT THE SECOND ATTEMPT ${attempt}`);
for (const failure of failures) console.log(`\nFAILED ${failure}`);
console.log(`\n${results.passed} passed, ${results.failed} failed`);
process.exitCode = results.failed === 0 ? 0 : 1;

function npmRun(script, args = []) {
  const { status } = spawnSync('npm', ['run', '--silent', script, '--', ...args], { stdio: 'inherit' });
  return status === 0;
}

/** A run that ends badly without a failed test (no report, a failed file, an unhandled error) is one failure more. */
function count(project, report, succeeded) {
  let failed = 0;
  try {
    const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
    results.passed += numPassedTests;
    results.skipped += numPendingTests;
    failed = numFailedTests;
    failures.push(...testResults.flatMap((file) => [...toldOf(file, 'failed'), ...ofTheFile(file)]));
    secondAttempts.push(...testResults.flatMap((file) => toldOf(file, 'passed')));
  } catch (error) {
    console.error(`no report of this run: ${error.message}`);
  }
  if (!succeeded && failed === 0) failures.push(`${project}: the run as a whole, see above`);
  results.failed += succeeded ? failed : Math.max(failed, 1);
}

/** Tests that ended so and have a failure to tell, each with the first lines of it. */
function toldOf({ name, assertionResults }, wanted) {
  const tests = assertionResults.filter(
    ({ status, failureMessages }) => status === wanted && failureMessages.length > 0,
  );
  return tests.map(({ fullName, failureMessages }) => `${name}: ${fullName}\n${head(failureMessages.join('\n'))}`);
}

function ofTheFile({ name, message }) {
  return message ? [`${name}: ${head(message)}`] : [];
}

function head(message) {
  return message.split('\n').slice(0, 8).join('\n').slice(0, 3000);
}
