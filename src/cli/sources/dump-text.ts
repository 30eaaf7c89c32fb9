/** The text of a file of a dump, chunk by chunk. */
import { extname } from 'node:path';
import { TextDecoder } from 'node:util';

/** What a file is that holds no text; for people. */
export class NotTextError extends Error {
  override readonly name = 'NotTextError';
}

/** By the first bytes. PowerShell writes what `kubectl get` prints as UTF-16. */
const BYTE_ORDER_MARKS: readonly (readonly [encoding: string, bytes: readonly number[]])[] = [
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];
const ARCHIVES: readonly (readonly [format: string, bytes: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
];

/** @throws NotTextError */
export async function* textOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  for await (const chunk of bytes) {
    decoder ??= decoderFor(chunk);
    const text = decoder.decode(chunk, { stream: true });
    if (text.includes('\0')) throw new NotTextError('it is binary, not YAML or JSON');
    yield text;
  }
  yield decoder?.decode() ?? '';
}

function decoderFor(chunk: Uint8Array): TextDecoder {
  const startsWith = (bytes: readonly number[]): boolean => bytes.every((byte, at) => chunk[at] === byte);
  const archive = ARCHIVES.find(([, mark]) => startsWith(mark));
  if (archive !== undefined) throw new NotTextError(`it is a ${archive[0]} archive: unpack it first`);
  const [encoding] = BYTE_ORDER_MARKS.find(([, mark]) => startsWith(mark)) ?? ['utf-8'];
  return new TextDecoder(encoding);
}

const EXTENSIONS: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json']);

/** Whether a file of a folder may hold objects, by its name. */
export function isDumpFile(name: string): boolean {
  return EXTENSIONS.has(extname(name).toLowerCase());
}
