/** The alerts of config/prometheus, as Prometheus reads them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[];
}

const FILE = join(import.meta.dirname, '../../../config/prometheus/prometheusrule.yaml');

const { spec } = parse(readFileSync(FILE, 'utf8')) as { readonly spec: RuleFile };

/** The file that the Prometheus operator makes of the PrometheusRule. */
export const RULE_FILE = spec;
export const ALERTS: readonly Alert[] = spec.groups.flatMap(({ rules }) => rules);

/** promtool compares annotations word by word; the tests of when an alert fires leave them out. */
export function withoutAnnotations({ groups }: RuleFile): object {
  return {
    groups: groups.map(({ rules, ...group }) => ({
      ...group,
      rules: rules.map((rule) => ({ ...rule, annotations: {} })),
    })),
  };
}
