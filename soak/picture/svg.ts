/** Bits of SVG text. Colours of the page are classes, which follow the reader's light or dark scheme. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const STYLE = `
text{font:11px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#24292f}
.page{fill:#f3f4f6}.panel{fill:#fff;stroke:#d5d9de}.grid{stroke:#e4e7ea}.dim{fill:#667079}.title{font-weight:600}
.line{fill:none;stroke-width:1.5}
@media (prefers-color-scheme:dark){text{fill:#d7dbe0}.page{fill:#0f1216}.panel{fill:#181c21;stroke:#2b3138}.grid{stroke:#2a3037}.dim{fill:#929ba5}}
`.trim();

/** Readable on light and on dark: blue, orange, green, purple and red. */
export const PALETTE = ['#3b82f6', '#f08c2e', '#2fa35b', '#a463f2', '#e5484d'] as const;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** One decimal is a tenth of a pixel. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}"${attributes === '' ? '' : ` ${attributes}`}>${escaped(content)}</text>`;
}

export function rectangle({ x, y, width, height }: Box, attributes: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" ${attributes}/>`;
}

/** About how wide a text is at 11 px: nothing here knows the reader's font. */
export function widthOf(content: string): number {
  return content.length * 6.6;
}
