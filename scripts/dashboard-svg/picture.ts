/** The dashboard as one picture: each panel where its gridPos says, with what Prometheus answered to its queries. */
import type { Dashboard, GridPosition, Panel } from '../../test/support/monitoring/dashboard.js';
import { curves } from './curves.js';
import { states } from './states.js';
import { COLORS, STYLE, rectangle, text, type Box } from './svg.js';
import type { Curve, Span } from './time.js';
import { formatted } from './units.js';

/** What a panel shows: a number, or curves over time. */
export interface PanelData {
  readonly now?: number | undefined;
  readonly curves: readonly Curve[];
}

const COLUMN = 48;
const LINE = 25;
const GAP = 6;
const PADDING = 10;
const TITLE_HEIGHT = 24;
const WIDTH = 24 * COLUMN + GAP;

export function picture({ panels, title }: Dashboard, data: ReadonlyMap<number, PanelData>, span: Span): string {
  const height = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) * LINE + GAP;
  const size = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`;
  const page = rectangle({ x: 0, y: 0, width: WIDTH, height }, 'class="page"');
  const drawn = panels.map((panel) => `${drawnPanel(panel, data.get(panel.id) ?? { curves: [] }, span)}\n`);
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="Dashboard ${title}">\n<style>${STYLE}</style>\n${page}\n${drawn.join('')}</svg>\n`;
}

function drawnPanel(panel: Panel, data: PanelData, span: Span): string {
  const box = boxOf(panel.gridPos);
  const { title, type, fieldConfig } = panel;
  if (type === 'row') return text(box.x + 4, box.y + 15, title, 'class="row"');
  const inner: Box = {
    x: box.x + PADDING,
    y: box.y + TITLE_HEIGHT,
    width: box.width - 2 * PADDING,
    height: box.height - TITLE_HEIGHT - 6,
  };
  if (type === 'stat') return stat(panel, box, data.now);
  const frame = rectangle(box, 'class="panel" rx="3"') + text(inner.x, box.y + 16, title, 'class="title"');
  if (data.curves.length === 0) return frame + noData(inner);
  const { unit = 'short', mappings = [] } = fieldConfig?.defaults ?? {};
  return (
    frame +
    (type === 'timeseries' ? curves(data.curves, inner, span, unit) : states(data.curves, inner, span, mappings))
  );
}

function boxOf({ x, y, w, h }: GridPosition): Box {
  return { x: x * COLUMN + GAP, y: y * LINE + GAP, width: w * COLUMN - GAP, height: h * LINE - GAP };
}

function noData({ x, y, width, height }: Box): string {
  return text(x + width / 2, y + height / 2, 'No data', 'class="dim" text-anchor="middle"');
}

function stat({ title, fieldConfig }: Panel, box: Box, value: number | undefined): string {
  const { unit = 'short', noValue = '' } = fieldConfig?.defaults ?? {};
  const middle = box.x + box.width / 2;
  const shown = value === undefined ? noValue : formatted(value, unit);
  return (
    rectangle(box, `rx="3" fill="${colorOf(fieldConfig, value)}"`) +
    text(box.x + PADDING, box.y + 16, title, 'class="title on"') +
    text(middle, box.y + box.height / 2 + 18, shown, `class="big" text-anchor="middle"`)
  );
}

/** That of the last threshold that the value reaches. */
function colorOf(fieldConfig: Panel['fieldConfig'], value: number | undefined): string {
  const steps = value === undefined ? [] : (fieldConfig?.defaults.thresholds?.steps ?? []);
  const reached = steps.filter((step) => step.value === null || (value ?? 0) >= step.value);
  const name = reached.at(-1)?.color ?? 'text';
  return COLORS[name] ?? name;
}
