/** The dashboard, as far as that can be told without Grafana: its structure, its grid and its queries. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  DASHBOARD,
  PANELS,
  substituted,
  type DataSource,
  type GridPosition,
} from '../../support/monitoring/dashboard.js';
import { BUILD_TIMEOUT_MS, promtool } from '../../support/monitoring/promtool.js';
import { tool } from '../../support/tools/tools.js';

const COLUMNS = 24;
/** Of Grafana: those that the panels need. */
const UNITS = ['short', 'none', 's', 'cpm', 'ops', 'reqps', 'bytes'];
const { panels } = DASHBOARD;
const targets = PANELS.flatMap(({ title, targets: own = [] }) => own.map((target) => ({ title, ...target })));
const places = panels.map(({ title, gridPos }) => ({ title, ...gridPos }));

function overlaps(a: GridPosition, b: GridPosition): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

describe('the dashboard', () => {
  it('has what Grafana needs to take it in', () => {
    expect(DASHBOARD).toMatchObject({ title: 'csi-port-operator', uid: 'csi-port-operator', schemaVersion: 39 });
    expect(JSON.stringify(DASHBOARD)).not.toContain('"__inputs"');
    // Grafana gives one of its own.
    expect(DASHBOARD).not.toHaveProperty('id');
  });

  it('lets the data source and the namespace be chosen', () => {
    expect(DASHBOARD.templating.list.map(({ name, type }) => `${name}: ${type}`)).toEqual([
      'datasource: datasource',
      'namespace: query',
    ]);
    expect(DASHBOARD.templating.list[1]!.definition).toBe('label_values(csiports_ready, namespace)');
  });

  it('asks the chosen data source and no other', () => {
    const { annotations, templating } = DASHBOARD;
    const asked: (DataSource | undefined)[] = [
      ...PANELS.map(({ datasource }) => datasource),
      ...targets.map(({ datasource }) => datasource),
      ...annotations.list.map(({ datasource }) => datasource),
      ...templating.list.filter(({ type }) => type === 'query').map(({ datasource }) => datasource),
    ];
    expect(asked.filter((one) => one?.type !== 'prometheus' || one.uid !== '${datasource}')).toEqual([]);
    expect(JSON.stringify(DASHBOARD).match(/"uid":"(?!\$\{datasource\}|csi-port-operator)/g)).toBeNull();
  });

  it('has panels of ids and titles of their own', () => {
    for (const key of ['id', 'title'] as const) {
      const values = panels.map((panel) => panel[key]);
      expect(values.filter((value, index) => values.indexOf(value) !== index)).toEqual([]);
    }
  });

  it('lays them out within the grid, none over another', () => {
    expect(places.filter(({ x, w, y, h }) => x < 0 || y < 0 || w < 1 || h < 1 || x + w > COLUMNS)).toEqual([]);
    const pairs = places.flatMap((a, index) => places.slice(index + 1).map((b) => [a, b] as const));
    expect(pairs.filter(([a, b]) => overlaps(a, b)).map(([a, b]) => `${a.title} and ${b.title}`)).toEqual([]);
  });

  it('leaves no holes: each row of the grid is as wide as the page', () => {
    const height = Math.max(...places.map(({ y, h }) => y + h));
    const covered = places.reduce((sum, { w, h }) => sum + w * h, 0);
    expect(covered).toBe(height * COLUMNS);
  });
});

describe.each(PANELS)('panel $id, $title', ({ type, description, targets: queries = [], fieldConfig }) => {
  it('says what it shows, and in which unit', () => {
    expect(description).toMatch(/^[A-Z].*\.$/);
    expect(UNITS).toContain(fieldConfig?.defaults.unit);
  });

  it('has queries, each with a letter of its own', () => {
    expect(queries.map(({ refId }) => refId)).toEqual(['A', 'B', 'C'].slice(0, queries.length));
    expect(queries.length).toBeGreaterThan(0);
    expect(queries.filter(({ expr }) => expr.trim() === '')).toEqual([]);
  });

  it('asks for one value or for a range, as it shows it', () => {
    const isInstant = type === 'stat';
    expect(queries.filter(({ instant, range }) => instant !== isInstant || range === isInstant)).toEqual([]);
  });
});

describe('the queries', () => {
  beforeAll(async () => {
    await tool('promtool');
  }, BUILD_TIMEOUT_MS);

  it('are all understood by Prometheus', async () => {
    const exprs = [...targets, ...DASHBOARD.annotations.list].map(({ expr }) => substituted(expr));
    const rules = exprs.map((expr, index) => ({ record: `query:${index}`, expr }));
    const said = await promtool(['check', 'rules', 'queries.yaml'], {
      'queries.yaml': JSON.stringify({ groups: [{ name: 'queries', rules }] }),
    });
    expect(said).toContain(`${exprs.length} rules found`);
  });

  it('tell their series apart by all the labels that they have', () => {
    for (const { expr, legendFormat } of targets.filter(({ range }) => range)) {
      const grouping = /by \(([^)]+)\)/.exec(expr)?.[1]?.split(', ') ?? [];
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
      expect(named.sort()).toEqual(grouping.filter((label) => label !== 'le').sort());
      expect(legendFormat).not.toBe('');
    }
  });

  it('ask for the chosen namespaces wherever a metric has one', () => {
    const unfiltered = targets.filter(({ expr }) => {
      return (
        /csiports_(ready|degraded|conflicts|reconcile_forbidden|patches_total|reverts_total)/.test(expr) &&
        !expr.includes('$namespace')
      );
    });
    expect(unfiltered).toEqual([]);
  });

  it('ask of what every controller exports only what is the operator’s own', () => {
    const shared = targets.filter(({ expr }) => /(rest_client|process|nodejs)_/.test(expr));
    expect(shared.length).toBeGreaterThan(0);
    expect(shared.filter(({ expr }) => !expr.includes('and on (job, instance) csiports_build_info'))).toEqual([]);
    const queues = targets.filter(({ expr }) => /(workqueue|controller_runtime)_/.test(expr));
    expect(queues.filter(({ expr }) => !expr.includes('controller="csiportassignment"'))).toEqual([]);
  });
});
