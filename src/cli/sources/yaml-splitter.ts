/**
 * Cuts YAML into its documents and, of a list as kubectl writes it, into the items, so that no more than one object is
 * parsed at a time. In YAML a line at the column of the dashes, or left of it, is never part of an item.
 */
import type { Piece } from './piece.js';

/** Takes one document, line by line. */
export class YamlSplitter {
  readonly #emit: (piece: Piece) => void;
  /** Of the document but for its items. */
  #head: string[] = [];
  #headLine = 0;
  #item: string[] = [];
  #itemLine = 0;
  /** The column of the dashes while in the list of items. */
  #indent: number | undefined;
  #isItemsNext = true;
  #hasItems = false;
  #isList = false;

  constructor(emit: (piece: Piece) => void) {
    this.#emit = emit;
  }

  push(line: string, number: number): void {
    const isBlank = /^\s*(#|$)/.test(line);
    if (this.#indent === undefined) {
      const dash = this.#isItemsNext ? /^( *)-( |$)/.exec(line) : null;
      if (dash === null) {
        this.#pushHead(line, number, isBlank);
        return;
      }
      this.#indent = (dash[1] ?? '').length;
    }
    this.#pushItem(line, number, isBlank);
  }

  /** @returns the line of the last item, if the document was cut off: a list says its kind, mostly behind the items */
  end(): number | undefined {
    this.#endItem();
    const isCut = this.#isList && !this.#head.some((line) => line.startsWith('kind:'));
    if (!this.#hasItems && this.#headLine > 0) {
      this.#emit({ text: this.#head.join('\n'), line: this.#headLine, form: 'yaml' });
    }
    return isCut ? this.#itemLine : undefined;
  }

  #pushHead(line: string, number: number, isBlank: boolean): void {
    if (!isBlank) {
      if (this.#headLine === 0) this.#headLine = number;
      this.#isItemsNext = /^items:\s*(#.*)?$/.test(line);
      this.#isList ||= this.#isItemsNext;
    }
    // Blank lines and comments before the first line are not kept: the document begins where its text does.
    if (this.#headLine > 0) this.#head.push(line);
  }

  #pushItem(line: string, number: number, isBlank: boolean): void {
    const indent = this.#indent ?? 0;
    const column = line.search(/\S/);
    if (!isBlank && column <= indent) {
      this.#endItem();
      if (column < indent || line[column] !== '-') {
        this.#indent = undefined;
        this.#pushHead(line, number, false);
        return;
      }
      this.#hasItems = true;
      this.#itemLine = number;
    }
    this.#item.push(line);
  }

  #endItem(): void {
    if (this.#item.length === 0) return;
    const listKind = /^kind: (\w+)List\s*$/m.exec(this.#head.join('\n'))?.[1];
    const piece: Piece = { text: this.#item.join('\n'), line: this.#itemLine, form: 'yaml' };
    this.#emit(listKind === undefined ? piece : { ...piece, listKind });
    this.#item = [];
  }
}
