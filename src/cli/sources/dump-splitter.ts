/** Cuts the text of a dump into its objects: JSON values and YAML documents, one after the other, in any order. */
import { JsonSplitter } from './json-splitter.js';
import type { Piece } from './piece.js';
import { YamlSplitter } from './yaml-splitter.js';

const SEPARATOR = /^(---|\.\.\.)(?=\s|$)/;
/** A separator may stand before the value. */
const JSON_START = /^(---)?\s*[{[]/;
const MAX_LEAD = 64;

export class DumpSplitter {
  readonly #emit: (piece: Piece) => void;
  #json: JsonSplitter | undefined;
  #yaml: YamlSplitter | undefined;
  /** Of a line that is not complete. */
  #rest = '';
  /** The number of the line that is read next, or of the rest. */
  #line = 1;

  constructor(emit: (piece: Piece) => void) {
    this.#emit = emit;
  }

  push(chunk: string): void {
    let from = 0;
    while (from < chunk.length) {
      if (this.#json !== undefined) {
        const end = this.#json.push(chunk, from);
        if (end === undefined) return;
        this.#line = this.#json.line;
        this.#json = undefined;
        from = end;
      } else if (this.#startsJson(chunk, from)) {
        from = this.#openJson(chunk, from);
      } else {
        from = this.#takeLine(chunk, from);
      }
    }
  }

  /** @returns where an object began that is not complete; undefined if all are */
  end(): number | undefined {
    if (this.#json === undefined && this.#rest !== '') this.#lineEnded(this.#rest);
    const cutAt = this.#yaml?.end();
    this.#yaml = undefined;
    return this.#json?.openLine ?? cutAt;
  }

  #endYaml(): void {
    this.#yaml?.end();
    this.#yaml = undefined;
  }

  /** Only between documents, where nothing but blanks, or a separator, came before it on its line. */
  #startsJson(chunk: string, from: number): boolean {
    if (this.#yaml !== undefined || this.#rest.length > MAX_LEAD) return false;
    return JSON_START.test(this.#rest + chunk.slice(from, from + MAX_LEAD));
  }

  #openJson(chunk: string, from: number): number {
    const start = from + chunk.slice(from, from + MAX_LEAD).search(/[{[]/);
    this.#line += chunk.slice(from, start).split('\n').length - 1;
    this.#rest = '';
    this.#json = new JsonSplitter(this.#emit, this.#line);
    return start;
  }

  #takeLine(chunk: string, from: number): number {
    const end = chunk.indexOf('\n', from);
    if (end === -1) {
      this.#rest += chunk.slice(from);
      return chunk.length;
    }
    this.#lineEnded(this.#rest + chunk.slice(from, end));
    this.#rest = '';
    this.#line += 1;
    return end + 1;
  }

  /** kubectl writes JSON after anything, such as a log in `kubectl cluster-info dump`. No YAML has this line. */
  #interrupted(): void {
    this.#endYaml();
    this.#json = new JsonSplitter(this.#emit, this.#line);
    this.#json.push('{\n', 0);
  }

  #lineEnded(line: string): void {
    const separator = SEPARATOR.exec(line);
    if (separator !== null) this.#endYaml();
    if (this.#yaml !== undefined && line.trimEnd() === '{') {
      this.#interrupted();
      return;
    }
    const text = separator === null ? line : line.slice(3);
    if (this.#yaml === undefined && /^\s*(#|%|$)/.test(text)) return;
    this.#yaml ??= new YamlSplitter(this.#emit);
    this.#yaml.push(text, this.#line);
  }
}
