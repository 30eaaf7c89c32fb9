/** Cuts a JSON text into its objects, or the items of its list, without holding more than one of them. */
import type { Piece } from './piece.js';

const NEWLINE = 10;
const QUOTE = 34;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
/** As much of the text before a list as tells whether it is that of the items. */
const MAX_KEY = 64;

/** Takes one value from its opening bracket to the closing one. */
export class JsonSplitter {
  readonly #emit: (piece: Piece) => void;
  /** Of the value, but for the items that were cut out of it. */
  #head = '';
  #item: string | undefined;
  #depth = 0;
  /** The depth within the list of items; undefined outside of it. */
  #itemsDepth: number | undefined;
  #hasItems = false;
  #inString = false;
  #isEscaped = false;
  #line: number;
  #itemLine = 0;
  readonly #firstLine: number;

  /** @param line at which the value begins, from 1 */
  constructor(emit: (piece: Piece) => void, line: number) {
    this.#emit = emit;
    this.#line = line;
    this.#firstLine = line;
  }

  /** At the end of what was read so far. */
  get line(): number {
    return this.#line;
  }

  /** Where the object began that is not complete. */
  get openLine(): number {
    return this.#item === undefined ? this.#firstLine : this.#itemLine;
  }

  /** @returns the index behind the end of the value; undefined if it goes on in the next chunk */
  push(chunk: string, from: number): number | undefined {
    let start = from;
    for (let at = from; at < chunk.length; at += 1) {
      const code = chunk.charCodeAt(at);
      if (code === NEWLINE) this.#line += 1;
      if (this.#inString) {
        this.#endString(code);
      } else if (code === QUOTE) {
        this.#inString = true;
      } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        start = this.#open(code, chunk, start, at);
      } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
        start = this.#close(chunk, start, at);
        if (this.#depth === 0) return at + 1;
      }
    }
    this.#keep(chunk.slice(start));
    return undefined;
  }

  #endString(code: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (code === BACKSLASH) this.#isEscaped = true;
    else if (code === QUOTE) this.#inString = false;
  }

  #keep(text: string): void {
    if (this.#item === undefined) this.#head += text;
    else this.#item += text;
  }

  /** @returns from where on the text of the chunk is not kept yet */
  #open(code: number, chunk: string, start: number, at: number): number {
    this.#depth += 1;
    if (this.#itemsDepth === undefined) {
      if (code !== OPEN_BRACKET || this.#depth > 2) return start;
      this.#head += chunk.slice(start, at + 1);
      if (this.#depth === 1 || /"items"\s*:\s*\[$/.test(this.#head.slice(-MAX_KEY))) this.#itemsDepth = this.#depth;
      return at + 1;
    }
    if (code !== OPEN_BRACE || this.#depth !== this.#itemsDepth + 1) return start;
    this.#item = '';
    this.#itemLine = this.#line;
    this.#hasItems = true;
    return at;
  }

  #close(chunk: string, start: number, at: number): number {
    this.#depth -= 1;
    if (this.#item !== undefined && this.#depth === this.#itemsDepth) {
      this.#emit(pieceOf(this.#item + chunk.slice(start, at + 1), this.#itemLine, listKindOf(this.#head)));
      this.#item = undefined;
      return at + 1;
    }
    if (this.#itemsDepth !== undefined && this.#depth < this.#itemsDepth) {
      this.#itemsDepth = undefined;
      start = at;
    }
    if (this.#depth > 0) return start;
    this.#head += chunk.slice(start, at + 1);
    if (!this.#hasItems) this.#emit(pieceOf(this.#head, this.#firstLine, undefined));
    return at + 1;
  }
}

function pieceOf(text: string, line: number, listKind: string | undefined): Piece {
  return { text, line, form: 'json', ...(listKind === undefined ? {} : { listKind }) };
}

function listKindOf(head: string): string | undefined {
  return /"kind"\s*:\s*"(\w+)List"/.exec(head)?.[1];
}
