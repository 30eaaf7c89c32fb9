/** The colours of the text output. A palette is passed to whatever prints; the plain one changes nothing. */

export type Style = (text: string) => string;

export interface Palette {
  readonly good: Style;
  readonly bad: Style;
  readonly warning: Style;
  readonly heading: Style;
  readonly faint: Style;
  readonly command: Style;
}

const plain: Style = (text) => text;

export const PLAIN: Palette = {
  good: plain,
  bad: plain,
  warning: plain,
  heading: plain,
  faint: plain,
  command: plain,
};

/** The eight colours of every terminal (ECMA-48), each ended by its own code. */
export const COLOURED: Palette = {
  good: sgr(32, 39),
  bad: sgr(31, 39),
  warning: sgr(33, 39),
  heading: sgr(1, 22),
  faint: sgr(2, 22),
  command: sgr(36, 39),
};

function sgr(on: number, off: number): Style {
  return (text) => (text === '' ? '' : `\u001B[${on}m${text}\u001B[${off}m`);
}
