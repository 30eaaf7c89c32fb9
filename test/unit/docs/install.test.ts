/** docs/admin/install.md names only what is there. The commands themselves are run by test/cluster/install-*.test.ts. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
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

/** Each file or folder that a page, a comment or a message has admins give to kubectl, with the option before it. */
function givenToKubectl(): string[] {
  const files = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'Makefile'];
  const folders = ['docs', 'config', 'crds', 'charts', 'src', 'demo'];
  const inFolders = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  const texts = [...files, ...inFolders.filter((path) => statSync(path).isFile())].map((path) =>
    readFileSync(path, 'utf8'),
  );
  const pattern = /kubectl[^\n`|;]*? (-[fk] (?:config|crds|charts)\b[\w./-]*)/g;
  return [...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, given]) => given!)))];
}

/** kubectl -k takes a folder with a kustomization; -f a file, or a folder whose YAML files are all objects. */
function works(given: string): boolean {
  const [option, path] = given.split(' ') as [string, string];
  if (!existsSync(path)) return false;
  if (!statSync(path).isDirectory()) return option === '-f';
  const names = readdirSync(path);
  if (option === '-f') return !names.some((name) => /^kustomization\.ya?ml$/.test(name));
  return names.some((name) => /^(?:Kustomization|kustomization\.ya?ml)$/.test(name));
}

it('names each folder and file with the option of kubectl that takes it, as all other pages do', () => {
  const given = givenToKubectl();
  expect(given.length).toBeGreaterThan(5);
  expect(given.filter((each) => !works(each))).toEqual([]);
});

it('lets both kubectl apply -f and -k take crds/', () => {
  expect(['-f crds/', '-k crds/'].filter((given) => !works(given))).toEqual([]);
});
