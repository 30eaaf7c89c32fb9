/** The run as a picture: memory, the age of the last event and the repairs over time, with the faults behind them. */
import { legend, type Entry } from './legend.js';
import { PALETTE, rectangle, round, STYLE, text, type Box } from './svg.js';
import { Span, timeAxis } from './time.js';
import { formatted, ticks, type Unit } from './units.js';
import type { Incident, Repair, Sample } from '../journal.js';

export interface Plotted {
  /** Of the run. */
  readonly seconds: number;
  readonly samples: readonly Sample[];
  readonly repairs: readonly Repair[];
  readonly incidents: readonly Incident[];
}

const WIDTH = 960;
const PANEL_HEIGHT = 230;
const GAP = 8;
const AXIS_WIDTH = 62;
const [BLUE, ORANGE, GREEN, PURPLE, RED] = PALETTE;
/** Behind the curves; a fault that takes no time is seen all the same. */
const FAULT = `fill="${PURPLE}" opacity=".2"`;
const NARROWEST = 2;
/** Decades of seconds. */
const LOWEST = -3;
const HIGHEST = 3;
const BETWEEN_SAMPLES = 15;

interface Panel {
  readonly title: string;
  readonly entries: readonly Entry[];
  readonly draw: (plot: Box, span: Span) => string;
}

export function plot(run: Plotted): string {
  const span = new Span(0, run.seconds);
  const panels = [memoryPanel(run), eventAgePanel(run), repairPanel(run)];
  const height = panels.length * (PANEL_HEIGHT + GAP) + GAP;
  const size = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`;
  const drawn = panels.map((panel, index) => {
    const box = { x: GAP, y: GAP + index * (PANEL_HEIGHT + GAP), width: WIDTH - 2 * GAP, height: PANEL_HEIGHT };
    return `${drawnPanel(panel, box, span, run.incidents)}\n`;
  });
  const page = rectangle({ x: 0, y: 0, width: WIDTH, height }, 'class="page"');
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="Soak">\n<style>${STYLE}</style>\n${page}\n${drawn.join('')}</svg>\n`;
}

function drawnPanel({ title, entries, draw }: Panel, box: Box, span: Span, incidents: readonly Incident[]): string {
  const inner = { x: box.x + 10, y: box.y, width: box.width - 20, height: box.height - 6 };
  const { svg: names, height } = legend([...entries, { name: 'fault, or no process', color: PURPLE }], inner);
  const area: Box = {
    x: box.x + AXIS_WIDTH,
    y: box.y + 30,
    width: box.width - AXIS_WIDTH - 14,
    height: box.height - 30 - height - 28,
  };
  const faults = incidents.map(({ what, from, to }) => band(area, span, { what, from, to: to ?? span.end }));
  const frame = rectangle(box, 'class="panel" rx="3"') + text(inner.x, box.y + 18, title, 'class="title"');
  return frame + timeAxis(area, span) + faults.join('') + draw(area, span) + names;
}

function band(area: Box, span: Span, { what, from, to }: { what: string; from: number; to: number }): string {
  const x = area.x + area.width * span.share(from);
  const width = Math.max(NARROWEST, area.width * (span.share(Math.min(to, span.end)) - span.share(from)));
  const shape = rectangle({ x, y: area.y, width, height: area.height }, FAULT);
  return shape.replace('/>', `><title>${what}</title></rect>`);
}

function memoryPanel({ samples }: Plotted): Panel {
  const curves = [
    { name: 'resident', color: BLUE, value: ({ residentMiB }: Sample) => residentMiB * 2 ** 20 },
    { name: 'heap after collection', color: ORANGE, value: ({ heapMiB }: Sample) => heapMiB * 2 ** 20 },
  ];
  return linearPanel('Memory of the process (MiB) over time (min:s)', 'bytes', samples, curves);
}

function eventAgePanel({ samples }: Plotted): Panel {
  const curves = [{ name: 'oldest of the watches', color: GREEN, value: (sample: Sample) => sample.eventAgeSeconds }];
  return linearPanel('Time since a watch last heard of the API server (s) over time (min:s)', 's', samples, curves);
}

interface Curve extends Entry {
  readonly value: (sample: Sample) => number;
}

function linearPanel(title: string, unit: Unit, samples: readonly Sample[], curves: readonly Curve[]): Panel {
  const marks = ticks(Math.max(0, ...curves.flatMap(({ value }) => samples.map(value))), unit);
  return {
    title,
    entries: curves,
    draw: (area, span) => {
      const y = (value: number): number => area.y + area.height * (1 - value / marks.at(-1)!);
      const axis = marks.map((mark) => gridLine(area, y(mark), formatted(mark, unit)));
      const lines = curves.map(({ color, value }) => {
        const d = samples.map((sample, index) => {
          const before = samples[index - 1];
          // Each process has a curve of its own.
          const joins = before?.life === sample.life && sample.at - before.at < BETWEEN_SAMPLES;
          const x = area.x + area.width * span.share(sample.at);
          return `${joins ? 'L' : 'M'}${round(x)} ${round(y(value(sample)))}`;
        });
        return `<path class="line" stroke="${color}" d="${d.join('')}"/>`;
      });
      return axis.join('') + lines.join('');
    },
  };
}

const IN_TIME: Entry = { name: 'repair', color: BLUE };
const CONTESTED: Entry = { name: 'repair that was held back (contested)', color: ORANGE };
const LATE: Entry = { name: 'later than its bound', color: RED };

/** One that never came is at the upper edge. */
function repairPanel({ repairs }: Plotted): Panel {
  return {
    title: 'Repairs: time until the port is right again (logarithmic), by when it was reverted (min:s)',
    entries: [IN_TIME, CONTESTED, LATE],
    draw: (area, span) => {
      const decades = Array.from({ length: HIGHEST - LOWEST + 1 }, (_, index) => LOWEST + index);
      const y = (seconds: number): number => {
        const decade = Math.min(HIGHEST, Math.max(LOWEST, Math.log10(seconds)));
        return area.y + (area.height * (HIGHEST - decade)) / (HIGHEST - LOWEST);
      };
      const axis = decades.map((decade) => gridLine(area, y(10 ** decade), decadeName(decade)));
      const points = repairs.map((repair) => {
        const x = area.x + area.width * span.share(repair.at);
        return `<circle cx="${round(x)}" cy="${round(y(repair.seconds ?? Infinity))}" r="2.2" fill="${kindOf(repair).color}"/>`;
      });
      return axis.join('') + points.join('');
    },
  };
}

function kindOf({ seconds, boundSeconds, what }: Repair): Entry {
  if (seconds === null || seconds > boundSeconds) return LATE;
  return what.startsWith('contested') ? CONTESTED : IN_TIME;
}

function decadeName(decade: number): string {
  return decade < 0 ? `${10 ** (decade + 3)} ms` : `${10 ** decade} s`;
}

function gridLine(area: Box, y: number, label: string): string {
  const line = `<path class="grid" d="M${round(area.x)} ${round(y)}h${round(area.width)}"/>`;
  return line + text(area.x - 6, y + 4, label, 'class="dim" text-anchor="end"');
}
