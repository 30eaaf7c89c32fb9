/** The legend under a panel's curves. */
import { round, text, widthOf, type Box } from './svg.js';

export interface Entry {
  readonly name: string;
  readonly color: string;
}

const LINE_HEIGHT = 14;
const MARK = 14;
const GAP = 12;

/** At the bottom of the box; `height` is what it takes of it. */
export function legend(entries: readonly Entry[], box: Box): { readonly svg: string; readonly height: number } {
  const lines: Entry[][] = [];
  let used = Infinity;
  for (const entry of entries) {
    const width = MARK + widthOf(entry.name) + GAP;
    if (used + width > box.width) {
      lines.push([]);
      used = 0;
    }
    lines.at(-1)?.push(entry);
    used += width;
  }
  const height = lines.length * LINE_HEIGHT;
  const top = box.y + box.height - height;
  const svg = lines.map((line, index) => drawn(line, box.x, top + (index + 1) * LINE_HEIGHT - 3)).join('');
  return { svg, height };
}

function drawn(line: readonly Entry[], left: number, baseline: number): string {
  let x = left;
  return line
    .map(({ name, color }) => {
      const mark = `<path d="M${round(x)} ${round(baseline - 4)}h9" stroke="${color}" stroke-width="3"/>`;
      const label = text(x + MARK, baseline, name, 'class="dim"');
      x += MARK + widthOf(name) + GAP;
      return mark + label;
    })
    .join('');
}
