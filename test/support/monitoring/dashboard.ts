/** config/grafana/dashboard.json, as far as it is read here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DataSource {
  readonly type: string;
  readonly uid: string;
}

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: DataSource;
  readonly instant: boolean;
  readonly range: boolean;
}

export interface GridPosition {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Panel {
  readonly id: number;
  readonly type: 'row' | 'stat' | 'timeseries' | 'state-timeline';
  readonly title: string;
  readonly gridPos: GridPosition;
  /** What follows is not there in a row. */
  readonly description?: string;
  readonly datasource?: DataSource;
  readonly targets?: readonly Target[];
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly definition?: string;
  readonly datasource?: DataSource;
}

export interface Dashboard {
  readonly title: string;
  readonly uid: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: {
    readonly list: readonly { readonly name: string; readonly expr: string; readonly datasource: DataSource }[];
  };
  readonly panels: readonly Panel[];
}

const FILE = join(import.meta.dirname, '../../../config/grafana/dashboard.json');

export const DASHBOARD = JSON.parse(readFileSync(FILE, 'utf8')) as Dashboard;

/** Those that ask for something: all but the rows. */
export const PANELS: readonly Panel[] = DASHBOARD.panels.filter(({ type }) => type !== 'row');

/** A query as Grafana sends it: all namespaces, and rates over this time. */
export function substituted(expr: string, rateInterval = '1m'): string {
  return expr.replaceAll('$__rate_interval', rateInterval).replaceAll('$namespace', '.*');
}
