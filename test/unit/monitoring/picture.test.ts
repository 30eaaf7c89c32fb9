/** The picture of the dashboard in the docs, and what draws it. */
import { readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { picture, type PanelData } from '../../../scripts/dashboard-svg/picture.js';
import { escaped } from '../../../scripts/dashboard-svg/svg.js';
import { Span } from '../../../scripts/dashboard-svg/time.js';
import { formatted, ticks } from '../../../scripts/dashboard-svg/units.js';
import { DASHBOARD, type Dashboard, type Panel } from '../../support/monitoring/dashboard.js';

const SPAN = new Span(1000, 1100, 1);

function drawn(panel: Partial<Panel>, data: PanelData): string {
  const only: Panel = { id: 1, type: 'timeseries', title: 'One', gridPos: { x: 0, y: 0, w: 24, h: 8 }, ...panel };
  const dashboard: Dashboard = { ...DASHBOARD, panels: [only] };
  return picture(dashboard, new Map([[1, data]]), SPAN);
}

describe('docs/images/dashboard.svg', () => {
  const svg = readFileSync('docs/images/dashboard.svg', 'utf8');

  it('has the panels that the dashboard has', () => {
    expect(DASHBOARD.panels.filter(({ title }) => !svg.includes(`>${escaped(title)}</text>`))).toEqual([]);
    const titles = svg.match(/class="(?:title|title on|row)"/g);
    expect(titles).toHaveLength(DASHBOARD.panels.length);
  });

  it('is small, and nothing but a picture', () => {
    expect(statSync('docs/images/dashboard.svg').size).toBeLessThan(150_000);
    expect(svg).not.toMatch(/<script|<foreignObject|href=|url\(|127\.0\.0\.1/);
  });
});

describe('a curve', () => {
  it('ends where values are missing, and begins again after them', () => {
    const points = [1000, 1001, 1050, 1051].map((time) => [time, time % 7] as const);
    const svg = drawn({}, { curves: [{ name: 'a', points }] });
    const [, path] = /class="line"[^>]* d="([^"]+)"/.exec(svg) ?? [];
    expect(path!.match(/[ML]/g)!.join('')).toBe('MLML');
  });

  it('leaves out what lies on a level', () => {
    const points = Array.from({ length: 100 }, (_, index) => [1000 + index, 5] as const);
    const svg = drawn({}, { curves: [{ name: 'a', points }] });
    const [, path] = /class="line"[^>]* d="([^"]+)"/.exec(svg) ?? [];
    expect(path!.match(/[ML]/g)!.join('')).toBe('ML');
  });

  it('shows names as they are', () =>
    expect(drawn({}, { curves: [{ name: '<error> & "GET"', points: [[1000, 1]] }] })).toContain(
      '&lt;error&gt; &amp; &quot;GET&quot;',
    ));
});

it('without values a panel says so, and a number has the text for none', () => {
  expect(drawn({}, { curves: [] })).toContain('No data');
  const fieldConfig = { defaults: { unit: 'short', noValue: 'off' } };
  expect(drawn({ type: 'stat', fieldConfig }, { curves: [] })).toContain('>off<');
});

it('a bar joins equal values, has their text and colour, and a gap where there are none', () => {
  const points = [...[0, 1, 2, 3, 4].map((second) => [1000 + second * 1, 1] as const), [1050, 1] as const];
  const mappings = [{ type: 'value' as const, options: { '1': { text: 'up', color: 'green' } } }];
  const fieldConfig = { defaults: { unit: 'none', mappings } };
  const svg = drawn({ type: 'state-timeline', fieldConfig }, { curves: [{ name: 'a', points }] });
  expect(svg.match(/<rect [^>]*fill="#2fa35b"/g)).toHaveLength(2);
  expect(svg).toContain('>up</text>');
});

it('a number takes the colour of the last threshold that it reaches', () => {
  const thresholds = {
    steps: [
      ['green', null],
      ['orange', 90],
      ['red', 120],
    ].map(([color, value]) => ({ color, value })),
  };
  const fieldConfig = { defaults: { unit: 's', thresholds } } as Panel['fieldConfig'];
  const colors = [0, 90, 119, 120].map(
    (now) => /fill="(#\w+)"/.exec(drawn({ type: 'stat', fieldConfig: fieldConfig! }, { now, curves: [] }))![1],
  );
  expect(colors).toEqual(['#2fa35b', '#dd7a1c', '#dd7a1c', '#d93f45']);
});

describe('numbers', () => {
  it.each([
    [0, 's', '0 s'],
    [0.0123, 's', '12.3 ms'],
    [90, 's', '90 s'],
    [600, 's', '10 min'],
    [2.5, 'cpm', '2.5/min'],
    [1 / 3, 'ops', '0.333/s'],
    [80 * 2 ** 20, 'bytes', '80 MiB'],
    [1234.56, 'short', '1235'],
  ])('%s %s is %s', (value, unit, wanted) => expect(formatted(value, unit)).toBe(wanted));

  it.each([
    [0, 'short', [0, 0.25, 0.5, 0.75, 1]],
    [3, 'short', [0, 1, 2, 3]],
    [7.2, 's', [0, 2, 4, 6, 8]],
    [200, 's', [0, 60, 120, 180, 240]],
    [0.017, 's', [0, 0.005, 0.01, 0.015, 0.02]],
  ])('an axis up to %s %s has the marks %j', (highest, unit, wanted) => expect(ticks(highest, unit)).toEqual(wanted));
});
