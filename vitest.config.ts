import { defineConfig } from 'vitest/config';

/** Against a real control plane, which every file starts for itself: two cores carry two of them side by side. */
const onControlPlane = {
  globalSetup: ['test/support/build-once.ts'],
  maxWorkers: 2,
  // Of tests that say they may run at once: they wait more than they work.
  maxConcurrency: 12,
  // The last resort: each wait in a test has a deadline of its own, and says what it waited for.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  // A test races with a dozen processes on two cores. What passes at its second attempt only is named at the end of
  // `make test`: a race to be found, though no reason to turn a change away.
  retry: 1,
};

const MODEL_RUNS = Number(process.env.MODEL_RUNS ?? 2_000);

/** As many runs as are asked for. Modules are node's own: vite's take twice the time wherever one calls another. */
const forLongRuns = {
  maxWorkers: 2,
  env: { MODEL_RUNS: String(MODEL_RUNS) },
  // No bound on speed: what never resolves must not hang the run. 20 minutes for twenty thousand, eight hours for a million.
  testTimeout: 600_000 + 30 * MODEL_RUNS,
  pool: 'forks' as const,
  execArgv: ['--no-deprecation', '--import', './scripts/register-ts-node.js'],
  experimental: { viteModuleRunner: false },
};

export default defineConfig({
  test: {
    // So that what a failed test says in one line, without its diff, has the values.
    chaiConfig: { truncateThreshold: 1000 },
    projects: [
      // Some ask a server thousands of times, and the machine may be busy.
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          setupFiles: ['test/support/property-seed.ts'],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'model', include: ['test/model/**/*.test.ts'], ...forLongRuns } },
      { test: { name: 'cluster', include: ['test/cluster/**/*.test.ts'], ...onControlPlane } },
      // In namespaces of their own: see test/support/real-nodes/cli.ts.
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      // After those that start operators, whose requests it looks at: see scripts/test.js.
      { test: { name: 'rights', include: ['test/rights/**/*.test.ts'] } },
      { test: { name: 'rook', include: ['test/rook/**/*.test.ts'], ...onControlPlane } },
    ],
  },
});
