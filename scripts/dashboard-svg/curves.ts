/** A panel of type timeseries. */
import { legend } from './legend.js';
import { PALETTE, round, text, type Box } from './svg.js';
import { timeAxis, type Curve, type Span } from './time.js';
import { formatted, ticks } from './units.js';

const AXIS_WIDTH = 52;
const AXIS_HEIGHT = 18;

export function curves(series: readonly Curve[], box: Box, span: Span, unit: string): string {
  const colored = series.map((curve, index) => ({ ...curve, color: PALETTE[index % PALETTE.length] ?? '' }));
  const { svg: names, height } = legend(colored, box);
  const plot: Box = {
    x: box.x + AXIS_WIDTH,
    y: box.y + 4,
    width: box.width - AXIS_WIDTH - 6,
    height: box.height - height - AXIS_HEIGHT - 6,
  };
  const highest = Math.max(0, ...series.flatMap(({ points }) => points.map(([, value]) => value)));
  const marks = ticks(highest, unit);
  const y = (value: number): number => plot.y + plot.height * (1 - value / (marks.at(-1) ?? 1));
  const lines = marks.map((mark) => {
    const label = text(plot.x - 6, y(mark) + 4, formatted(mark, unit), 'class="dim" text-anchor="end"');
    return `<path class="grid" d="M${round(plot.x)} ${round(y(mark))}h${round(plot.width)}"/>${label}`;
  });
  const drawn = colored.map(({ points, color }) => {
    const d = pathOf(points, span, (time) => plot.x + plot.width * span.share(time), y);
    return `<path class="line" stroke="${color}" d="${d}"/>`;
  });
  return lines.join('') + timeAxis(plot, span) + drawn.join('') + names;
}

/** A gap where values are missing; points on a straight level are left out. */
function pathOf(
  points: Curve['points'],
  span: Span,
  x: (time: number) => number,
  y: (value: number) => number,
): string {
  return points
    .map(([time, value], index) => {
      const [before, after] = [points[index - 1], points[index + 1]];
      const begins = before === undefined || time - before[0] > span.step * 1.5;
      const ends = after === undefined || after[0] - time > span.step * 1.5;
      // A point alone is a dash, or it would not be seen.
      if (begins && ends) return `M${round(x(time) - 1)} ${round(y(value))}h2`;
      if (!begins && !ends && before[1] === value && after[1] === value) return '';
      return `${begins ? 'M' : 'L'}${round(x(time))} ${round(y(value))}`;
    })
    .join('');
}
