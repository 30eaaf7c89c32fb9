/** The operator's image for real nodes, by `make image`. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const REPOSITORY = join(import.meta.dirname, '../../..');

/** What a make around this one hands down; its ARGS, IMG and VERSION are not meant for the image. */
const OF_MAKE = ['MAKEFLAGS', 'MFLAGS', 'MAKEOVERRIDES', 'MAKELEVEL', 'ARGS', 'IMG', 'VERSION'];

/** Path of the docker archive. Written by the archive writer unless IMAGE_BUILDER says otherwise, so that it is the same everywhere. */
export function makeOperatorImage(): string {
  const own = Object.entries({ IMAGE_BUILDER: 'archive', ...process.env }).filter(([name]) => !OF_MAKE.includes(name));
  const options = { cwd: REPOSITORY, stdio: 'inherit', env: Object.fromEntries(own) } as const;
  execFileSync('make', ['--no-print-directory', 'image'], options);
  return join(REPOSITORY, 'dist/image.tar');
}
