/** What is asked of everything that others made, as far as files tell: each check gives the faults that it found. */

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

/** Anybody may copy code under these with no more than their text and the notices. */
export const BUNDLED_LICENSES: readonly string[] = [
  ...['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'Unlicense'],
];
/** And what builds and tests it may be used under these. */
const TOOL_LICENSES: readonly string[] = [...BUNDLED_LICENSES, 'MPL-2.0', 'PSF-2.0'];

/**
 * Each package comes from a registry (from the one that npm is set to, where no place is named), is the one that was looked
 * at, and runs nothing of its own when it is installed.
 */
export function lockfileFaults(lock: Lockfile, allowScripts: Readonly<Record<string, boolean>>): string[] {
  return named(lock).flatMap(([name, { resolved = 'https:.tgz', integrity = '', hasInstallScript = false }]) => [
    ...(/^https:.*\.tgz$/.test(resolved) ? [] : [`${name} comes from ${resolved}, not from a registry`]),
    ...(/^sha512-[\w+/]{86}==$/.test(integrity) ? [] : [`${name} has no SHA-512 in package-lock.json`]),
    ...(hasInstallScript && allowScripts[name] !== true ? [`${name} has an install script that nobody allowed`] : []),
  ]);
}

/** @param bundled names of the packages whose code is in the bundles */
export function licenseFaults(lock: Lockfile, bundled: readonly string[]): string[] {
  return named(lock).flatMap(([name, { license = 'none' }]) => {
    const allowed = bundled.includes(name) ? BUNDLED_LICENSES : TOOL_LICENSES;
    return allowed.includes(license) ? [] : [`${name}: licence ${license} is not one of those allowed`];
  });
}

function named({ packages }: Lockfile): [string, LockedPackage][] {
  const own = Object.entries(packages).filter(([path]) => path !== '');
  return own.map(([path, found]) => [path.replace(/^.*node_modules\//, ''), found]);
}

/** Ways by which text becomes code or a program, and modules are chosen while it runs. */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\beval\s*\(/, 'eval'],
  [/\bnew\s+Function\b|[^.\w]Function\s*\(/, 'Function as a constructor'],
  [/["'](node:)?(vm|child_process)["']/, 'a module that runs code or programs'],
  [/\bimport\s*\(\s*[^"'\s]/, 'an import of a computed name'],
  [/\brequire\s*\(\s*[^"'\s]/, 'a require of a computed name'],
];

/** @param code of a source file, or of dist/main.js: minified, and without comments */
export function codeFaults(file: string, code: string): string[] {
  return FORBIDDEN.flatMap(([pattern, what]) => {
    const found = pattern.exec(code);
    return found === null ? [] : [`${file}: ${what}: ${code.slice(Math.max(0, found.index - 30), found.index + 60)}`];
  });
}

/** Each module that a go.mod asks for, or takes in place of another, has its checksum in the go.sum beside it. */
export function goFaults(file: string, goMod: string, goSum: string): string[] {
  const replaced = [...goMod.matchAll(/^(?:replace)?\s*(\S+) => (\S+ v\S+)/gm)].map(([, from, to]) => ({ from, to }));
  const required = [...goMod.matchAll(/^(?:\s+|require )(\S+) (v\S+)/gm)].map(([, path, version]) => {
    return replaced.find(({ from }) => from === path)?.to ?? `${path} ${version}`;
  });
  return [...new Set(required)]
    .filter((module) => !goSum.includes(`${module}/go.mod h1:`))
    .map((module) => `${file}: ${module} has no checksum in go.sum`);
}
