/** A watch's stream as events: one JSON object a line. */
import type { Readable } from 'node:stream';
import { WatchProtocolError } from './errors.js';

export interface RawObject {
  readonly metadata: {
    readonly name?: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: RawObject }
  | { readonly type: 'ERROR'; readonly status: unknown };

/** No object in etcd is larger than 1.5 MiB; a longer line is not an event. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
const NEWLINE = 0x0a;

export class WatchIdleError extends Error {
  override readonly name = 'WatchIdleError';
}

/**
 * The events of a stream, until it ends.
 *
 * @param idleMs how long the stream may be silent; a healthy one brings a bookmark about once a minute
 * @throws WatchIdleError, WatchProtocolError for a line that is no event (it is never skipped: an event may be in it),
 *   or what the stream fails with
 */
export async function* watchEvents(stream: Readable, idleMs: number): AsyncGenerator<WatchEvent> {
  const watchdog = setTimeout(() => {
    stream.destroy(new WatchIdleError(`nothing received for ${idleMs} ms`));
  }, idleMs);
  try {
    for await (const line of lines(stream, () => watchdog.refresh())) yield parseEvent(line);
  } finally {
    clearTimeout(watchdog);
    stream.destroy();
  }
}

async function* lines(stream: Readable, received: () => void): AsyncGenerator<string> {
  let pending: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    received();
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      pending.push(chunk.subarray(start, end));
      const line = Buffer.concat(pending).toString('utf8');
      pending = [];
      size = 0;
      start = end + 1;
      if (line !== '') yield line;
    }
    pending.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > MAX_LINE_BYTES) throw new WatchProtocolError(`a line is longer than ${MAX_LINE_BYTES} bytes`);
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
