/** A panel of type state-timeline: a bar for each series, coloured and named by the panel's value mappings. */
import type { ValueMapping } from '../../test/support/monitoring/dashboard.js';
import { COLORS, rectangle, text, widthOf, type Box } from './svg.js';
import { timeAxis, type Curve, type Span } from './time.js';

const AXIS_HEIGHT = 20;
const TALLEST_BAR = 34;

interface Stretch {
  readonly from: number;
  to: number;
  readonly value: number;
}

export function states(series: readonly Curve[], box: Box, span: Span, mappings: readonly ValueMapping[]): string {
  const names = Math.max(0, ...series.map(({ name }) => widthOf(name))) + 8;
  const plot: Box = {
    x: box.x + names,
    y: box.y + 4,
    width: box.width - names - 6,
    height: box.height - AXIS_HEIGHT - 4,
  };
  const pitch = Math.min(TALLEST_BAR, plot.height / Math.max(1, series.length));
  const bars = series.map(({ name, points }, index) => {
    const top = plot.y + index * pitch;
    const label = text(box.x, top + pitch / 2 + 4, name);
    return (
      label +
      stretches(points, span)
        .map((stretch) => bar(stretch, { ...plot, y: top, height: pitch * 0.8 }, span, mappings))
        .join('')
    );
  });
  return timeAxis(plot, span) + bars.join('');
}

function bar({ from, to, value }: Stretch, lane: Box, span: Span, mappings: readonly ValueMapping[]): string {
  const { text: name = String(value), color = 'text' } =
    mappings.map(({ options }) => options[value]).find(Boolean) ?? {};
  const x = lane.x + lane.width * span.share(from);
  const width = lane.width * (span.share(to) - span.share(from));
  const box = rectangle({ ...lane, x, width }, `fill="${COLORS[color] ?? color}"`);
  const fits = widthOf(name) + 8 < width;
  return box + (fits ? text(x + 5, lane.y + lane.height / 2 + 4, name, 'class="on"') : '');
}

/** Equal values in a row are one; each lasts until the next value is due. */
function stretches(points: Curve['points'], { step, end }: Span): Stretch[] {
  const found: Stretch[] = [];
  for (const [time, value] of points) {
    const last = found.at(-1);
    const to = Math.min(time + step, end);
    if (last?.value === value && time - last.to < step / 2) last.to = to;
    else found.push({ from: time, to, value });
  }
  return found;
}
