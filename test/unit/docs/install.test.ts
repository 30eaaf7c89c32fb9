/** docs/admin/install.md names only what is there. The commands themselves are run by test/cluster/install-*.test.ts. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const page = readFileSync('docs/admin/install.md', 'utf8');

function all(pattern: RegExp): string[] {
  return [...page.matchAll(pattern)].map((match) => match[1]!);
}

it('has targets that the Makefile has', () => {
  const makefile = readFileSync('Makefile', 'utf8');
  const targets = all(/(?:^|`)make ([a-z-]+)/gm);
  expect(targets.length).toBeGreaterThan(5);
  for (const target of targets) expect(makefile).toMatch(new RegExp(`^${target}:`, 'm'));
});

it('has folders and files that the repository has', () => {
  const paths = all(/((?:config|charts)\/[\w./-]*[\w-])/g);
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.filter((path) => !existsSync(path))).toEqual([]);
});

it('sets values that the chart has', () => {
  const values: unknown = parse(readFileSync('charts/csi-port-operator/values.yaml', 'utf8'));
  const keys = [...all(/--set '?([\w.]+)=/g), ...all(/[,`]([a-z]\w*\.\w+)=/g)];
  expect(keys.length).toBeGreaterThan(8);
  const has = (path: string): boolean => {
    let value = values;
    for (const name of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[name];
    return value !== undefined;
  };
  expect(keys.filter((key) => !has(key))).toEqual([]);
});

it('has the kustomization for a further namespace as config/rbac/rook-namespace has it', () => {
  const source = readFileSync('config/rbac/rook-namespace/kustomization.yaml', 'utf8');
  const lines = source.split('\n').flatMap((line) => /^# {3}(.*)/.exec(line)?.[1] ?? []);
  expect(page).toContain(lines.join('\n').replace('my-rook', 'rook-two'));
});
