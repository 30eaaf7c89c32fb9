import { ESLint, Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { importDirection } from '../../../scripts/import-direction.js';

const CONFIG = {
  files: ['**/*.ts'],
  languageOptions: { parser: tseslint.parser },
  plugins: { local: { rules: { 'import-direction': importDirection } } },
  rules: { 'local/import-direction': 'error' },
} as const satisfies Linter.Config;

/** What the rule reports on one file. */
function reports(filename: string, code: string): string[] {
  return new Linter().verify(code, CONFIG, { filename }).map(({ message }) => message);
}

function reportsOfImport(filename: string, specifier: string): string[] {
  return reports(filename, `import { x } from '${specifier}';`);
}

describe('the direction of imports', () => {
  it.each([
    ['src/domain/rules/plan.ts', './slots.js'],
    ['src/domain/report/status.ts', './reasons.js'],
    ['src/domain/report/status.ts', '../rules/plan.js'],
    ['src/kube/writer.ts', './transport.js'],
    ['src/kube/writer.ts', '../domain/rules/pin.js'],
    ['src/kube/writer.ts', '../log.js'],
    ['src/kube/writer.ts', 'node:http'],
    ['src/kube/writer.ts', '@kubernetes/client-node'],
    ['src/kube/deep/writer.ts', '../../domain/report/sanitize.js'],
    ['src/controller/apply.ts', '../kube/writer.js'],
    ['src/controller/apply.ts', '../domain/rules/plan.js'],
    ['src/controller/apply.ts', '../log.js'],
    ['src/watched/watched-objects.ts', '../kube/store.js'],
    ['src/controller/apply.ts', '../watched/watched-objects.js'],
    ['src/cli/sources/live.ts', '../../watched/watch-table.js'],
    ['src/cli/sources/live.ts', '../../kube/transport.js'],
    ['src/cli/sources/live.ts', '../survey.js'],
    ['src/cli/commands/check.ts', '../../domain/report/status.js'],
    ['src/cli/main.ts', 'commander'],
    ['src/ops/probes.ts', '../controller/leader.js'],
    ['src/ops/metrics/server.ts', '../http-server.js'],
    ['src/ops/metrics/server.ts', '../../kube/errors.js'],
    ['src/ops/metrics/server.ts', '../../log.js'],
    ['src/main.ts', './ops/probes.js'],
    ['src/main.ts', './config.js'],
    ['src/config.ts', './ops/http-server.js'],
    ['test/unit/kube/writer.test.ts', '../../../src/main.js'],
  ])('%s may import %s', (filename, specifier) => {
    expect(reportsOfImport(filename, specifier)).toEqual([]);
  });

  it.each([
    ['src/log.ts', './main.js'],
    ['src/log.ts', './domain/rules/plan.js'],
    ['src/log.ts', 'pino'],
    ['src/domain/other.ts', '../kube/writer.js'],
    ['src/domain/rules/plan.ts', '../report/status.js'],
    ['src/domain/rules/plan.ts', './../report/status.js'],
    ['src/domain/rules/plan.ts', '../../kube/writer.js'],
    ['src/domain/rules/plan.ts', '../../log.js'],
    ['src/domain/rules/plan.ts', '../../main.js'],
    ['src/domain/rules/plan.ts', '../../../package.json'],
    ['src/domain/rules/plan.ts', 'node:crypto'],
    ['src/domain/rules/plan.ts', 'p-queue'],
    ['src/domain/report/status.ts', '../../kube/writer.js'],
    ['src/domain/report/status.ts', '../../controller/apply.js'],
    ['src/domain/report/status.ts', '../../log.js'],
    ['src/domain/report/status.ts', 'node:crypto'],
    ['src/domain/report/status.ts', '@kubernetes/client-node'],
    ['src/kube/writer.ts', '../controller/apply.js'],
    ['src/kube/writer.ts', './../controller/apply.js'],
    ['src/kube/writer.ts', '../ops/probes.js'],
    ['src/kube/writer.ts', '../logger.js'],
    ['src/kube/writer.ts', '../kubernetes/writer.js'],
    ['src/kube/deep/writer.ts', '../../controller/apply.js'],
    ['src/kube/deep/writer.ts', '../../config.js'],
    ['src/watched/watched-objects.ts', '../controller/watches.js'],
    ['src/watched/watched-objects.ts', '../log.js'],
    ['src/cli/sources/live.ts', '../../controller/watches.js'],
    ['src/cli/commands/check.ts', '../../ops/probes.js'],
    ['src/cli/main.ts', '../main.js'],
    ['src/controller/apply.ts', '../cli/survey.js'],
    ['src/controller/apply.ts', '../ops/probes.js'],
    ['src/controller/apply.ts', './../ops/probes.js'],
    ['src/controller/apply.ts', '../flags.js'],
    ['src/controller/apply.ts', '../../test/support/rights.js'],
    ['src/controller/deep/apply.ts', '../../main.js'],
    ['src/ops/probes.ts', '../main.js'],
    ['src/ops/probes.ts', './../logger.js'],
    ['src/ops/metrics/server.ts', '../../config.js'],
    ['src/ops/metrics/server.ts', '../../../eslint.config.js'],
  ])('%s must not import %s', (filename, specifier) => {
    expect(reportsOfImport(filename, specifier)).toHaveLength(1);
  });

  it.each([
    "import '../controller/apply.js';",
    "import * as apply from '../controller/apply.js';",
    "import type { Apply } from '../controller/apply.js';",
    "import { type Apply } from '../controller/apply.js';",
    "import apply = require('../controller/apply.js');",
    "export { apply } from '../controller/apply.js';",
    "export type { Apply } from '../controller/apply.js';",
    "export * from '../controller/apply.js';",
    "const apply = await import('../controller/apply.js');",
    "type Apply = import('../controller/apply.js').Apply;",
    'const apply = await import(`../${room}/apply.js`);',
  ])('holds for %s', (code) => {
    expect(reports('src/kube/writer.ts', code)).toHaveLength(1);
    expect(reports('src/main.ts', code)).toEqual([]);
  });

  it('is not about an export of one’s own', () => {
    expect(reports('src/domain/rules/plan.ts', "export const room = 'kube'; export { room as other };")).toEqual([]);
  });

  it('reports what may be imported instead', () => {
    expect(reportsOfImport('src/kube/writer.ts', '../controller/apply.js')).toEqual([
      'src/kube must not import src/controller/apply.js. It may import: src/domain, src/log.ts, itself.',
    ]);
  });

  it.each(['src/domain/rules/plan.ts', 'src/kube/writer.ts', 'src/ops/metrics/server.ts'])(
    'is on for %s',
    async (file) => {
      const config = (await new ESLint().calculateConfigForFile(file)) as Linter.Config;
      expect(config.rules?.['local/import-direction']).toEqual([2]);
    },
  );
});
