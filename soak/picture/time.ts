/** The time that the picture shows, from left to right. */
import { round, text, type Box } from './svg.js';

const MARK_SECONDS = 30;

export class Span {
  readonly start: number;
  readonly end: number;

  constructor(start: number, end: number) {
    this.start = start;
    this.end = end;
  }

  /** 0 at the start, 1 at the end. */
  share(time: number): number {
    return (time - this.start) / (this.end - this.start);
  }
}

/** Below the plot: minutes and seconds since the start. */
export function timeAxis(plot: Box, span: Span): string {
  const count = Math.floor((span.end - span.start) / MARK_SECONDS);
  const every = Math.max(1, Math.ceil((count * 46) / plot.width));
  const marks = Array.from({ length: Math.floor(count / every) + 1 }, (_, index) => index * every * MARK_SECONDS);
  return marks
    .map((seconds) => {
      const x = plot.x + plot.width * span.share(span.start + seconds);
      const label = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
      const line = `<path class="grid" d="M${round(x)} ${round(plot.y)}v${round(plot.height)}"/>`;
      // The first would touch the lowest mark of the other axis.
      const anchor = seconds === 0 ? 'start' : 'middle';
      return line + text(x, plot.y + plot.height + 15, label, `class="dim" text-anchor="${anchor}"`);
    })
    .join('');
}
