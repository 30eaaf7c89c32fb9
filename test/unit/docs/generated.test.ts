/** The pages that `npm run docs` makes. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CHART_README, chartPage } from '../../../scripts/chart-page.js';
import { COMPATIBILITY_PAGE, compatibilityPage } from '../../../scripts/compatibility-page.js';
import { configurationPage } from '../../../scripts/configuration-page.js';
import { MONITOR_PAGE, documentedMetrics, metricsPage } from '../../../scripts/metrics-page.js';
import { PLUGIN_PAGE, pluginPage } from '../../../scripts/plugin-page.js';
import { DESCRIBED_ROLES, rbacPage } from '../../../scripts/rbac-page.js';
import { STATUS_PAGE, statusPage } from '../../../scripts/status-page.js';
import { COMMAND_NAMES } from '../../../src/cli/definitions.js';
import { advice } from '../../../src/domain/report/compatibility.js';
import { FLAGS } from '../../../src/flags.js';
import { METRIC_NAMES } from '../../../src/ops/metrics/definitions.js';
import { readManifest, yamlFiles } from '../crd/manifests.js';

it('the sections of docs/admin/migrate.md are what npm run docs writes', () => {
  expect(readFileSync(COMPATIBILITY_PAGE, 'utf8')).toBe(compatibilityPage());
});

it('the example in docs/admin/migrate.md is the advice as the status has it', () => {
  const [version, provider] = ['v1.18.2', 'CephCSIOperator'] as const;
  const output = ['```text', version, provider, advice(version, provider), '```'].join('\n');
  expect(readFileSync(COMPATIBILITY_PAGE, 'utf8')).toContain(output);
});

it('the tables of reasons in docs/admin/troubleshoot.md are what npm run docs writes', () => {
  expect(readFileSync(STATUS_PAGE, 'utf8')).toBe(statusPage());
});

it('the tables of metrics in docs/admin/monitor.md are what npm run docs writes', () => {
  expect(readFileSync(MONITOR_PAGE, 'utf8')).toBe(metricsPage());
});

it('has a row for each metric', () => {
  expect(documentedMetrics().sort()).toEqual([...METRIC_NAMES].sort());
});

it('docs/admin/kubectl-csiports.md is what npm run docs writes', () => {
  expect(readFileSync(PLUGIN_PAGE, 'utf8')).toBe(pluginPage());
});

it('has a section for each command of the plugin', () => {
  const sections = [...pluginPage().matchAll(/^## ([a-z]+)$/gm)].map(([, name]) => name);
  expect(sections).toEqual(COMMAND_NAMES);
});

it('docs/admin/configure.md is what npm run docs writes', () => {
  expect(readFileSync('docs/admin/configure.md', 'utf8')).toBe(configurationPage());
});

it('has a row for each flag', () => {
  const rows = [...configurationPage().matchAll(/^\| `--([\w-]+)/gm)].map(([, name]) => name);
  expect(rows).toEqual(Object.keys(FLAGS));
});

it('docs/admin/rights.md is what npm run docs writes', () => {
  expect(readFileSync('docs/admin/rights.md', 'utf8')).toBe(rbacPage());
});

it('has every role of config/rbac', () => {
  const roles = yamlFiles('config/rbac').filter((path) => 'rules' in (readManifest(path) as object));
  expect([...DESCRIBED_ROLES].sort()).toEqual(roles);
});

it('the table of values in the README of the chart is what npm run docs writes', () => {
  expect(readFileSync(CHART_README, 'utf8')).toBe(chartPage());
});
