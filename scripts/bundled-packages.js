import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Packages that others publish inside their own files, where the bundler sees no module of them: [holder, held]. */
export const EMBEDDED = [
  ['jsonpath-plus', 'jsep'],
  ['jsonpath-plus', '@jsep-plugin/assignment'],
  ['jsonpath-plus', '@jsep-plugin/regex'],
];

/**
 * The npm packages whose code is in the bundles, by name and version.
 * @param metafile of esbuild
 * @returns {{ name: string, version: string, license: string, folder: string }[]}
 */
export function bundledPackages(metafile) {
  const files = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const folders = new Set(files.flatMap((file) => packageFolder(file) ?? []));
  for (const [holder, held] of EMBEDDED) {
    const holders = [...folders].filter((folder) => folder.endsWith(`node_modules/${holder}`));
    for (const folder of holders) folders.add(resolveFrom(folder, held));
  }
  return [...folders].map(describe).sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

export function idOf({ name, version }) {
  return `${name}@${version}`;
}

/** Of node_modules/a/node_modules/@b/c/d.js it is node_modules/a/node_modules/@b/c; of a file of this project, undefined. */
function packageFolder(file) {
  return /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

function resolveFrom(folder, name) {
  const nested = join(folder, 'node_modules', name);
  return existsSync(nested) ? nested : join('node_modules', name);
}

function describe(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return { name, version, license, folder };
}
