/** What `make verify` asks of files holds for those of this repository, and is not held by others. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeFaults, goFaults, licenseFaults, lockfileFaults, type Lockfile } from '../../../scripts/supply-chain.js';
import packageJson from '../../../package.json' with { type: 'json' };

const read = (file: string): string => readFileSync(file, 'utf8');
const lock = JSON.parse(read('package-lock.json')) as Lockfile;
const SOUND = {
  resolved: 'https://example.org/x/-/x-1.0.0.tgz',
  integrity: `sha512-${'A'.repeat(86)}==`,
  license: 'MIT',
};

const locked = (more: object): Lockfile => ({
  packages: { '': {}, 'node_modules/a/node_modules/@b/c': { ...SOUND, ...more } },
});

describe('this repository', () => {
  test('its lockfile', () => {
    expect(Object.keys(lock.packages).length).toBeGreaterThan(200);
    expect(lockfileFaults(lock, packageJson.allowScripts)).toEqual([]);
  });

  test('the licences of all packages', () => expect(licenseFaults(lock, [])).toEqual([]));

  test.each(globSync('src/**/*.ts'))('%s', (file) => expect(codeFaults(file, read(file))).toEqual([]));

  test.each(globSync('test/support/**/go.mod'))('%s', (file) => {
    expect(read(file)).toMatch(/^\trequire|^require|^\t\S+ v/m);
    expect(goFaults(file, read(file), read(join(dirname(file), 'go.sum')))).toEqual([]);
  });
});

describe('others', () => {
  test.each([
    ['a git dependency', { resolved: 'git+ssh://git@github.com/x/y.git#abc' }, 'comes from git+ssh'],
    ['a file', { resolved: 'file:../y' }, 'comes from file:'],
    ['a place without TLS', { resolved: 'http://example.org/x-1.0.0.tgz' }, 'comes from http:'],
    ['no checksum', { integrity: undefined }, 'no SHA-512'],
    ['a weak checksum', { integrity: 'sha1-AAAA' }, 'no SHA-512'],
    ['an install script', { hasInstallScript: true }, 'install script'],
  ])('%s', (_, more, fault) => {
    expect(lockfileFaults(locked(more), { other: true })).toEqual([expect.stringContaining(fault)]);
    expect(lockfileFaults(locked({}), {})).toEqual([]);
  });

  test('an install script that is allowed', () => {
    expect(lockfileFaults(locked({ hasInstallScript: true }), { '@b/c': true })).toEqual([]);
  });

  test.each([
    ['MPL-2.0', true, false],
    ['GPL-3.0-only', false, false],
    [undefined, false, false],
    ['MIT', true, true],
  ])('licence %s of a tool: %s, of what is in the bundle: %s', (license, ofTool, ofBundle) => {
    expect(licenseFaults(locked({ license }), []).length === 0).toBe(ofTool);
    expect(licenseFaults(locked({ license }), ['@b/c']).length === 0).toBe(ofBundle);
  });

  test.each([
    'eval(x)',
    'new Function("x")',
    'a=Function("x")',
    'require("child_process")',
    "from 'node:vm'",
    'import(name)',
    'require(name)',
  ])('%s', (code) => expect(codeFaults('x.js', code)).toHaveLength(1));

  test.each(['evaluate(x)', 'isFunction(x)', 'import("./kubeconfig.js")', 'require("node:fs")'])(
    'but not %s',
    (code) => {
      expect(codeFaults('x.js', code)).toEqual([]);
    },
  );

  test('a Go module without its checksum', () => {
    const goMod =
      'module x\n\nrequire (\n\texample.org/a v1.0.0\n\texample.org/b v0.0.0 // indirect\n)\n\nreplace example.org/b => example.org/c v2.0.0\n';
    const sums = (...modules: string[]): string => modules.map((module) => `${module}/go.mod h1:AAAA=\n`).join('');
    expect(goFaults('go.mod', goMod, sums('example.org/a v1.0.0'))).toEqual([
      'go.mod: example.org/c v2.0.0 has no checksum in go.sum',
    ]);
    expect(goFaults('go.mod', goMod, sums('example.org/a v1.0.0', 'example.org/c v2.0.0'))).toEqual([]);
  });
});
