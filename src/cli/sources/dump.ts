/** Reads a dump: what `kubectl get -o yaml` or `-o json` has written, in files, folders or on stdin, and support bundles. */
import { messageOf } from '../../log.js';
import type { Gap, Survey } from '../survey.js';
import { dumpFiles, STDIN, type DumpFile } from './dump-files.js';
import { dumpGaps } from './dump-gaps.js';
import { DumpObjects } from './dump-objects.js';
import { DumpSplitter } from './dump-splitter.js';
import { textOf } from './dump-text.js';
import { makeSurvey } from './make-survey.js';
import { newestTime } from './newest-time.js';
import { parsePiece, SyntaxFault } from './parse-piece.js';
import type { Piece } from './piece.js';
import { SourceError } from './source-error.js';

export interface DumpOptions {
  /** Files and folders; `-` is stdin. */
  readonly paths: readonly string[];
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  /** The only namespace to report on, and that of objects without one; undefined: all, and `default`. */
  readonly namespace?: string | undefined;
  readonly stop?: AbortSignal | undefined;
  /** Milliseconds since 1970, for a dump without any time. */
  readonly clock?: () => number;
}

/** @throws SourceError if there is no object of Kubernetes in it; the reason of `stop` if aborted */
export async function readDump(options: DumpOptions): Promise<Survey> {
  const { paths, stdin, namespace, stop, clock = Date.now } = options;
  const reading = new DumpReading(namespace ?? 'default', clock(), stop);
  for await (const file of dumpFiles(paths, stdin)) await reading.read(file);
  return reading.survey(paths.map((path) => (path === STDIN ? 'stdin' : path)).join(', '), namespace);
}

/** How many faults of one file are told. */
const MAX_FAULTS = 3;

class DumpReading {
  readonly #objects: DumpObjects;
  readonly #gaps: Gap[] = [];
  readonly #clock: number;
  readonly #stop: AbortSignal | undefined;
  #newest = '';
  #files = 0;

  constructor(namespace: string, clock: number, stop: AbortSignal | undefined) {
    this.#objects = new DumpObjects({ namespace, creationTimestamp: new Date(clock).toISOString() });
    this.#clock = clock;
    this.#stop = stop;
  }

  async read(file: DumpFile): Promise<void> {
    this.#files += 1;
    const faults: Gap[] = [];
    const fault = (message: string, line?: number): void => {
      const where = line === undefined ? file.name : `${file.name}:${line}`;
      faults.push({ what: file.name, reason: 'Unreadable', message: `${where}: ${message}` });
    };
    const before = this.#objects.count;
    try {
      await this.#readText(file, fault);
    } catch (error) {
      this.#stop?.throwIfAborted();
      fault(messageOf(error));
    }
    if (file.isNamed && faults.length === 0 && this.#objects.count === before) fault(NO_OBJECTS);
    this.#gaps.push(...faults.slice(0, MAX_FAULTS));
    const more = faults.length - MAX_FAULTS;
    if (more > 0) {
      this.#gaps.push({
        what: file.name,
        reason: 'Unreadable',
        message: `${file.name}: ${more} more objects cannot be read`,
      });
    }
  }

  survey(source: string, namespace: string | undefined): Survey {
    if (this.#objects.count === 0) throw this.#nothingRead(source);
    this.#objects.complete();
    const gaps = [...this.#gaps, ...dumpGaps(this.#objects)];
    const now = this.#newest === '' ? this.#clock : Date.parse(`${this.#newest}Z`);
    return makeSurvey({ source, objects: this.#objects.watched, gaps, now, namespace });
  }

  async #readText(file: DumpFile, fault: (message: string, line?: number) => void): Promise<void> {
    const splitter = new DumpSplitter((piece) => this.#take(piece, fault));
    for await (const text of textOf(file.bytes())) {
      this.#stop?.throwIfAborted();
      splitter.push(text);
    }
    const openLine = splitter.end();
    if (openLine !== undefined) fault('the file ends within the object that begins here', openLine);
  }

  #take(piece: Piece, fault: (message: string, line?: number) => void): void {
    try {
      const time = newestTime(piece.text);
      if (time > this.#newest) this.#newest = time;
      const parsed = parsePiece(piece);
      if ('passed' in parsed) this.#objects.pass(parsed.passed);
      else this.#objects.add(parsed.value, piece.listKind, (error) => fault(messageOf(error), piece.line));
    } catch (error) {
      const message = error instanceof RangeError ? 'nested too deeply' : messageOf(error);
      fault(message, error instanceof SyntaxFault ? error.line : piece.line);
    }
  }

  #nothingRead(source: string): SourceError {
    const [first] = this.#gaps;
    const nothing =
      this.#files === 0 ? `${source}: there is no .yaml, .yml or .json file in it` : `${source}: ${NO_OBJECTS}`;
    return new SourceError(first?.message ?? nothing, REMEDY);
  }
}

const NO_OBJECTS = 'there is no object of Kubernetes in it';
const REMEDY =
  'a dump is what this writes: kubectl get deployments,daemonsets,configmaps,pods --all-namespaces -o yaml';
