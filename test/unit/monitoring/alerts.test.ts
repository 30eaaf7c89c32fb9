/** The alerts: that Prometheus takes them, when they fire, and that each leads to what to do. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DEGRADED_REASONS } from '../../../src/domain/report/reasons.js';
import { tool } from '../../support/tools/tools.js';
import { BUILD_TIMEOUT_MS, promtool } from '../../support/monitoring/promtool.js';
import { ALERTS, RULE_FILE, withoutAnnotations } from '../../support/monitoring/rules.js';

const TESTS = join(import.meta.dirname, 'alerts');
const page = readFileSync('docs/admin/troubleshoot.md', 'utf8');
const names = ALERTS.map(({ alert }) => alert);

/** How the URL of CSIPortsDegraded ends, which leads to the section of the reason. */
const BY_REASON = '{{$labels.reason|toLower}}';
const HAVE_ALERTS = ['AsExpected', 'Contested', 'PortConflict', 'PortInUse', 'RolloutStuck'];

interface AlertTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly object[] }[];
  }[];
}

/** As GitHub makes them of the headings. */
function anchors(): string[] {
  const headings = [...page.matchAll(/^##+ (.*)$/gm)].map(([, heading]) => heading!);
  return headings.map((heading) => heading.toLowerCase().replaceAll('`', '').replaceAll(' ', '-'));
}

/** Of a URL that depends on the reason: those of all reasons that the alert can have. */
function anchorsOf(url: string): string[] {
  const anchor = url.replace('docs/admin/troubleshoot.md#', '');
  if (anchor !== BY_REASON) return [anchor];
  return DEGRADED_REASONS.filter((reason) => !HAVE_ALERTS.includes(reason)).map((reason) => reason.toLowerCase());
}

beforeAll(async () => {
  await tool('promtool');
}, BUILD_TIMEOUT_MS);

it('promtool finds no fault with the rules', async () => {
  const said = await promtool(['check', 'rules', '--lint=all', '--lint-fatal', 'rules.yaml'], {
    'rules.yaml': JSON.stringify(RULE_FILE),
  });
  expect(said).toContain(`${names.length} rules found`);
});

it('an alert without a test is none, and neither is a test without an alert', () => {
  expect(readdirSync(TESTS).sort()).toEqual(names.map((name) => `${name}.yaml`).sort());
});

describe.each(names)('%s', (name) => {
  const tests = readFileSync(join(TESTS, `${name}.yaml`), 'utf8');

  it('fires and does not fire as its tests say', async () => {
    const rules = JSON.stringify(withoutAnnotations(RULE_FILE));
    await promtool(['test', 'rules', 'test.yaml'], { 'rules.yaml': rules, 'test.yaml': tests });
  });

  it('is tested where it fires and where it does not', () => {
    const expectations = (parse(tests) as AlertTests).tests.flatMap(({ alert_rule_test: checks }) => checks);
    expect(new Set(expectations.map(({ alertname }) => alertname))).toEqual(new Set([name]));
    expect(new Set(expectations.map(({ exp_alerts: alerts }) => alerts.length > 0))).toEqual(new Set([true, false]));
  });
});

describe.each(ALERTS)('$alert', ({ alert, expr, for: duration, labels, annotations }) => {
  it('waits before it fires, and has one of two severities', () => {
    expect(duration).toMatch(/^[1-9]\d*m$/);
    expect(['warning', 'critical']).toContain(labels.severity);
  });

  it('says in its text only what its series has', () => {
    const grouping = /by \(([^)]+)\)/.exec(expr)?.[1]?.split(', ');
    const labelsOfTheSeries = expr.startsWith('absent(') ? [] : (grouping ?? ['namespace', 'pod', 'resource']);
    const used = [...`${annotations.summary} ${annotations.description}`.matchAll(/\$labels\.(\w+)/g)];
    expect([...new Set(used.map(([, label]) => label))].sort()).toEqual(labelsOfTheSeries.sort());
  });

  it('leads to a section of docs/admin/troubleshoot.md', () => {
    expect(anchors()).toEqual(expect.arrayContaining(anchorsOf(annotations.runbook_url)));
  });

  it('has a row in docs/admin/troubleshoot.md, with its severity and the same section', () => {
    const [row] = new RegExp(`^\\| \`${alert}\` \\| ${labels.severity}: .*$`, 'm').exec(page) ?? [''];
    const targets = [...row.matchAll(/\(#([\w-]+)\)/g)].map(([, anchor]) => anchor);
    expect(row).not.toBe('');
    expect(targets).toEqual(annotations.runbook_url.includes(BY_REASON) ? [] : anchorsOf(annotations.runbook_url));
  });
});

it('an alert waits for longer than its bridge holds what was last told: one scrape alone never fires', () => {
  const bridges = ALERTS.flatMap(({ alert, expr, for: duration }) => {
    const bridge = expr.includes('last_over_time(') ? /\[(\d+)m\b/.exec(expr)?.[1] : undefined;
    return bridge === undefined ? [] : [{ alert, lasts: Number(bridge), waits: Number.parseInt(duration, 10) }];
  });
  expect(bridges.length).toBeGreaterThan(0);
  expect(bridges.filter(({ lasts, waits }) => lasts >= waits)).toEqual([]);
});

it('docs/admin/monitor.md lists the alerts as they are', () => {
  const rows = [...readFileSync('docs/admin/monitor.md', 'utf8').matchAll(/^\| `(CSI\w+)` \| (\w+) \| (\d+) m \|/gm)];
  expect(rows.map(([, alert, severity, minutes]) => [alert, severity, `${minutes}m`])).toEqual(
    ALERTS.map(({ alert, labels, for: duration }) => [alert, labels.severity, duration]),
  );
});

it('docs/admin/troubleshoot.md lists the alerts in their order', () => {
  expect([...page.matchAll(/^\| `(CSI\w+)` \|/gm)].map(([, alert]) => alert)).toEqual(names);
});
