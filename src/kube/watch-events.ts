/** Parses the stream of a watch into events: one JSON object a line. */
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { WatchProtocolError } from './errors.js';

export interface RawObject {
  readonly metadata: {
    readonly namespace?: string;
    readonly name?: string;
    readonly uid?: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: RawObject }
  | { readonly type: 'ERROR'; readonly status: unknown };

/**
 * No object in etcd is larger than 1.5 MiB. Each of its bytes may take six in the line, as the API server writes `<` as
 * \u003c. A longer line is not an event.
 */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

export class WatchIdleError extends Error {
  override readonly name = 'WatchIdleError';
}

/**
 * Reads a stream until it ends, and reports each event as it comes. It uses a callback, as async iteration of streams costs
 * more than all else that is done with an event. A reconcile so begins in the very turn in which its event arrived.
 *
 * @param idleMs how long the stream may be silent from now on; called at the start and after each chunk
 * @param onEvent ends the reading if it throws, and is not called again
 * @throws WatchIdleError, WatchProtocolError for a line that is no event (it is never skipped, as an event may be in it), or
 *   the error of the stream or of `onEvent`
 */
export async function readEvents(
  stream: Readable,
  idleMs: () => number,
  onEvent: (event: WatchEvent) => void,
): Promise<void> {
  let watchdog: NodeJS.Timeout | undefined;
  let limitMs: number | undefined;
  const restartWatchdog = (): void => {
    const ms = idleMs();
    if (ms === limitMs) return void watchdog?.refresh();
    clearTimeout(watchdog);
    limitMs = ms;
    watchdog = setTimeout(() => stream.destroy(new WatchIdleError(`nothing received for ${ms} ms`)), ms);
  };
  const lines = new Lines((line) => onEvent(parseEvent(line)));
  const take = (chunk: Buffer): void => {
    try {
      lines.take(chunk);
      restartWatchdog();
    } catch (error) {
      // An HTTP response that is destroyed still emits the chunks that it holds (node 24, as run).
      stream.off('data', take);
      stream.destroy(error as Error);
    }
  };
  restartWatchdog();
  stream.on('data', take);
  try {
    // Ends at once if the stream is closed already: by an abort in the turn in which the response began.
    await finished(stream, { writable: false });
  } finally {
    stream.off('data', take);
    clearTimeout(watchdog);
    stream.destroy();
  }
}

/** Joins chunks to lines. A chunk may end anywhere, also inside a character. */
class Lines {
  readonly #onLine: (line: string) => void;
  #pending: Buffer[] = [];
  #size = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  take(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#completed(chunk.subarray(start, end));
      start = end + 1;
      if (line.length > 0) this.#onLine(line.toString());
    }
    if (start === chunk.length) return;
    this.#pending.push(chunk.subarray(start));
    this.#size += chunk.length - start;
    if (this.#size > MAX_LINE_BYTES) throw new WatchProtocolError(`a line is longer than ${MAX_LINE_BYTES} bytes`);
  }

  #completed(rest: Buffer): Buffer {
    if (this.#pending.length === 0) return rest;
    const line = Buffer.concat([...this.#pending, rest]);
    this.#pending = [];
    this.#size = 0;
    return line;
  }
}

function parseEvent(line: string): WatchEvent {
  let event: { type?: unknown; object?: unknown } | null;
  try {
    event = JSON.parse(line) as typeof event;
  } catch {
    throw new WatchProtocolError('a line is not JSON');
  }
  switch (event?.type) {
    case 'ERROR':
      return { type: 'ERROR', status: event.object };
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      if (!hasVersion(event.object)) throw new WatchProtocolError('an event has no resourceVersion');
      return { type: event.type, object: event.object };
    default:
      throw new WatchProtocolError('a line is not a watch event');
  }
}

function hasVersion(object: unknown): object is RawObject {
  const metadata = (object as { metadata?: { resourceVersion?: unknown } } | null | undefined)?.metadata;
  return typeof metadata?.resourceVersion === 'string' && metadata.resourceVersion !== '';
}
