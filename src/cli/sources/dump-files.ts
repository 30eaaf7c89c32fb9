/** The files of a dump: those that are named, and all of a folder that may hold objects. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../log.js';
import { isDumpFile } from './dump-text.js';
import { SourceError } from './source-error.js';

/** Stands for stdin on the command line. */
export const STDIN = '-';

export interface DumpFile {
  /** For people. */
  readonly name: string;
  /** Whether it was named itself: then it has to hold objects. */
  readonly isNamed: boolean;
  readonly bytes: () => AsyncIterable<Uint8Array>;
}

/** @throws SourceError for a path that cannot be read */
export async function* dumpFiles(
  paths: readonly string[],
  stdin: AsyncIterable<Uint8Array> | undefined,
): AsyncGenerator<DumpFile> {
  for (const path of paths) {
    if (path === STDIN) {
      if (stdin === undefined) throw new SourceError('there is no standard input');
      yield { name: 'stdin', isNamed: true, bytes: () => stdin };
    } else if (await isFolder(path)) {
      yield* filesIn(path);
    } else {
      yield fileAt(path, true);
    }
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw new SourceError(`${path} cannot be read: ${messageOf(error)}`, 'name a file, a folder or - after -f');
  }
}

/**
 * Sorted, so that equal folders give equal surveys. Links to folders are not followed: they may lead in circles. Pipes and
 * devices are passed over: to open one may never return.
 */
async function* filesIn(folder: string): AsyncGenerator<DumpFile> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else if (isDumpFile(entry.name) && (await isReadable(path))) yield fileAt(path, false);
  }
}

/** A link that leads nowhere is read as well: then it is told. */
async function isReadable(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => true,
  );
}

function fileAt(name: string, isNamed: boolean): DumpFile {
  return { name, isNamed, bytes: () => createReadStream(name) };
}
