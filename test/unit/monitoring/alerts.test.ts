/** The alerts: that Prometheus takes them, when they fire, and that each has its runbook. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DEGRADED_REASONS } from '../../../src/domain/report/reasons.js';
import { tool } from '../../support/tools/tools.js';
import { BUILD_TIMEOUT_MS, promtool } from '../../support/monitoring/promtool.js';
import { ALERTS, RULE_FILE, withoutAnnotations } from '../../support/monitoring/rules.js';

const TESTS = join(import.meta.dirname, 'alerts');
const runbooks = readFileSync('docs/admin/runbooks.md', 'utf8');
const names = ALERTS.map(({ alert }) => alert);

interface AlertTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly object[] }[];
  }[];
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

  it('leads to its section of the runbooks', () => {
    expect(annotations.runbook_url).toBe(`docs/admin/runbooks.md#${alert.toLowerCase()}`);
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

describe('docs/admin/runbooks.md', () => {
  const sections = runbooks.split(/^## /m).slice(1);
  const title = (section: string): string => section.split('\n')[0]!;

  it('has a section for each alert, in their order, and no other', () => expect(sections.map(title)).toEqual(names));

  it.each(sections)(
    'says of %s what it means, what it costs, where to look, what to do and when it ends',
    (section) => {
      const parts = [...section.matchAll(/^\*\*([\w ]+)\.\*\*/gm)].map(([, part]) => part);
      expect(parts).toEqual(['Meaning', 'Impact', 'Look', 'Do', 'Clears']);
    },
  );

  it('names the severity that the alert has, and how long it waits', () => {
    const told = sections.map((section) => /^Severity (\w+), after (\d+) minutes\.$/m.exec(section)?.slice(1).join());
    expect(told).toEqual(
      ALERTS.map(({ labels, for: duration }) => `${labels.severity},${Number.parseInt(duration, 10)}`),
    );
  });

  it('has the reasons of CSIPortsDegraded, each once', () => {
    const section = sections.find((candidate) => title(candidate) === 'CSIPortsDegraded') ?? '';
    const told = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, reason]) => reason!);
    const others = ['AsExpected', 'Contested', 'PortConflict', 'PortInUse', 'RolloutStuck'];
    expect(told.sort()).toEqual(DEGRADED_REASONS.filter((reason) => !others.includes(reason)).sort());
  });
});
