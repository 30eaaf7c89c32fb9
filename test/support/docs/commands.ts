/** The commands that the pages for admins have, as they are written there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ADMIN_PAGES = 'docs/admin';

export interface DocsCommand {
  readonly page: string;
  readonly line: number;
  /** As the page has it. */
  readonly written: string;
  /** On one line if it is continued by backslashes, and without its comments: what the tables know it by. */
  readonly command: string;
}

/** README.md and docs/admin/*.md. */
export function pagesWithCommands(): string[] {
  const pages = readdirSync(ADMIN_PAGES).filter((name) => name.endsWith('.md'));
  return ['README.md', ...pages.sort().map((name) => join(ADMIN_PAGES, name))];
}

export function commandsOfPages(): DocsCommand[] {
  return pagesWithCommands().flatMap((page) => commandsIn(page, readFileSync(page, 'utf8')));
}

interface Fence {
  /** Of its first line of content. */
  readonly line: number;
  readonly language: string;
  readonly lines: readonly string[];
}

/** Those in fences of the language `sh`. A fence in a list is indented. */
export function commandsIn(page: string, markdown: string): DocsCommand[] {
  const shell = fencesOf(markdown).filter(({ language }) => language === 'sh');
  return shell.flatMap(({ line, lines }) =>
    split(lines).map(({ written, index }) => ({ page, line: line + index, written, command: normalized(written) })),
  );
}

export function fencesOf(markdown: string): Fence[] {
  return [...markdown.matchAll(/^( *)```(\w*)\n([^]*?)^\1```$/gm)].map((match) => {
    const [, indent = '', language = '', content = ''] = match;
    const lines = content.split('\n').slice(0, -1);
    const line = markdown.slice(0, match.index).split('\n').length + 1;
    return { line, language, lines: lines.map((text) => text.slice(indent.length)) };
  });
}

/** A command goes on until bash would take it as whole. */
function split(lines: readonly string[]): { written: string; index: number }[] {
  const commands: { written: string; index: number }[] = [];
  let begun: { written: string; index: number } | undefined;
  for (const [index, line] of lines.entries()) {
    if (begun === undefined && /^\s*(#|$)/.test(line)) continue;
    begun = begun === undefined ? { written: line, index } : { ...begun, written: `${begun.written}\n${line}` };
    if (!isWhole(begun.written)) continue;
    commands.push(begun);
    begun = undefined;
  }
  return begun === undefined ? commands : [...commands, begun];
}

/** What is quoted or escaped, and comments. */
const OPAQUE = /\\[^]|'[^']*'|"(?:\\[^]|[^"\\])*"|(?<=^|\s)#.*/gm;

function isWhole(text: string): boolean {
  const bare = text.replaceAll(OPAQUE, (part) => (part.startsWith('#') ? '' : '_'));
  const isContinued = /\\$/.test(text) || /(\||&&)\s*$/.test(bare);
  return !isContinued && !/['"]/.test(bare) && !opensBlock(bare) && !opensHeredoc(text);
}

function opensBlock(bare: string): boolean {
  const count = (word: RegExp): number => [...bare.matchAll(word)].length;
  return (
    count(/(?:^|[;&|]|\b(?:do|then))\s*(?:for|while|until|if)\s/gm) > count(/(?:^|[;\s])(?:done|fi)(?=$|[\s;|])/gm)
  );
}

function opensHeredoc(text: string): boolean {
  const word = /<<-?\s*['"]?(\w+)/.exec(text)?.[1];
  return word !== undefined && !text.split('\n').slice(1).includes(word);
}

function normalized(written: string): string {
  const withoutComments = written.replaceAll(OPAQUE, (part) => (part.startsWith('#') ? '' : part));
  return withoutComments.replaceAll(/ *\\\n\s*/g, ' ').replaceAll(/[ \t]+$/gm, '');
}
