/** What every text output is made with, and the pieces that all have: headings, paragraphs, steps. */
import type { Step } from '../commands/steps.js';
import type { Palette, Style } from './colour.js';
import { commandLines } from './command-lines.js';
import { wrap, wrapHanging } from './width.js';

export interface Layout {
  readonly palette: Palette;
  /** What a line of prose may take. */
  readonly width: number;
  /** What a table may take; Infinity in the wide output. */
  readonly tableWidth: number;
  /** Whether everything is listed, and not only the first few. */
  readonly isWide: boolean;
}

export const INDENT = '  ';

/** Broken at spaces, each line with the indent and in the style. */
export function paragraph(text: string, { width }: Layout, { indent = '', style = same } = {}): string[] {
  return wrap(text, width - indent.length).map((line) => `${indent}${style(line)}`);
}

/** A word in a style and what follows it: `conflict: host port 9070 ...`, further lines indented. */
export function answer(word: string, text: string, layout: Layout, style: Style): string[] {
  const [first = '', ...rest] = wrapHanging(`${word}: ${text}`, layout.width, INDENT);
  const start = first.startsWith(word) ? style(word) + first.slice(word.length) : style(first);
  return [start, ...rest];
}

export function heading(text: string, { palette, width }: Layout): string[] {
  return wrap(text, width).map((line) => palette.heading(line));
}

/** Numbered, if there are several; commands on lines of their own. */
export function steps(list: readonly Step[], layout: Layout, indent = INDENT): string[] {
  return list.flatMap((step, at) => {
    const mark = list.length === 1 ? '' : `${at + 1}. `;
    const inner = indent + ' '.repeat(mark.length);
    const text = wrap(sentence(step.text), layout.width - inner.length);
    const prose = text.map((line, row) => `${row === 0 ? `${indent}${mark}` : inner}${line}`);
    return [...prose, ...(step.command === undefined ? [] : command(step.command, layout, `${inner}${INDENT}`))];
  });
}

/** A part of a message may begin in the middle of a sentence. A name keeps its letters. */
export function sentence(text: string): string {
  return /^[a-z]+[ ,:]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

export function command(text: string, { width, palette }: Layout, indent: string): string[] {
  return commandLines(text, width - indent.length).map((line) => `${indent}${palette.command(line)}`);
}

/** Parts that are not empty, with an empty line between them. */
export function parts(...blocks: readonly (readonly string[])[]): string[] {
  return blocks.filter((block) => block.length > 0).flatMap((block, at) => (at === 0 ? block : ['', ...block]));
}

function same(text: string): string {
  return text;
}
