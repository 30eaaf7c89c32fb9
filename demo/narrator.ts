/** Prints the demo: headings, what is run, and what it answers; coloured on a terminal, plain in a pipe. */
import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

function print(format: Format, text: string): void {
  // styleText leaves the colours out where stdout is no terminal, and follows NO_COLOR.
  console.log(styleText(format, text, { stream: process.stdout }));
}

export const narrator = {
  heading(text: string): void {
    console.log();
    print(['bold', 'cyan'], `== ${text}`);
  },
  say(text: string): void {
    console.log(text);
  },
  command(text: string): void {
    print('dim', `$ ${text}`);
  },
  output(text: string): void {
    console.log(text.trimEnd().replace(/^/gm, '  '));
  },
  good(text: string): void {
    print('green', `✓ ${text}`);
  },
  bad(text: string): void {
    print('red', `✗ ${text}`);
  },
};
