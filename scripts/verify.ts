// `make verify`: what others made, checked. What files tell (supply-chain.ts), and then what the registry knows: advisories of
// the packages that run in a cluster, and the signatures of all. It fails where a check fails, and where one could not be
// made: an audit that nobody answered is no audit.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { bundledPackages } from './bundled-packages.js';
import { codeFaults, goFaults, licenseFaults, lockfileFaults, type Lockfile } from './supply-chain.js';

const read = (file: string): string => readFileSync(file, 'utf8');

const lock = JSON.parse(read('package-lock.json')) as Lockfile;
const { allowScripts } = JSON.parse(read('package.json')) as { readonly allowScripts: Record<string, boolean> };
const bundled = ['dist/meta.json', 'dist/plugin-meta.json'].flatMap((metafile) => {
  return bundledPackages(JSON.parse(read(metafile)) as object).map(({ name }) => name);
});
const bundles = ['dist/main.js', 'dist/kubectl-csiports.js'];
const goModules = globSync('test/support/**/go.mod');

let failed = 0;

function say(title: string, faults: readonly string[]): void {
  failed += faults.length === 0 ? 0 : 1;
  const lines = [
    `${faults.length === 0 ? 'ok    ' : 'FAILED'} ${title}`,
    ...faults.map((fault) => `         ${fault}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** An answer that is not of this shape is none: what npm's exit code says depends on how it was started. */
function npm(
  title: string,
  args: readonly string[],
  faultsIn: (answer: Answer) => readonly string[] | undefined,
): void {
  const { stdout, stderr } = spawnSync('npm', [...args, '--json'], { encoding: 'utf8' });
  const answer = jsonIn(stdout);
  const { message, error } = answer;
  const why = [message, error?.summary, stderr].find((text) => text !== undefined && text !== '') ?? 'npm said nothing';
  say(title, faultsIn(answer) ?? [`NOT MADE, as the registry did not answer it: ${why}`]);
}

interface Answer {
  readonly message?: string;
  readonly error?: { readonly summary?: string };
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string }>>;
  readonly metadata?: { readonly vulnerabilities?: object };
  readonly invalid?: readonly { readonly name: string }[];
  readonly missing?: readonly { readonly name: string }[];
}

function jsonIn(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return {};
  }
}

function advisoriesIn({ metadata, vulnerabilities = {} }: Answer): string[] | undefined {
  if (metadata?.vulnerabilities === undefined) return undefined;
  const grave = Object.entries(vulnerabilities).filter(([, { severity }]) => /^(high|critical)$/.test(severity));
  return grave.map(([name, { severity }]) => `${name}: ${severity}`);
}

function unsignedIn({ invalid, missing }: Answer): string[] | undefined {
  if (invalid === undefined || missing === undefined) return undefined;
  return [
    ...invalid.map(({ name }) => `${name}: its signature is not right`),
    ...missing.map(({ name }) => `${name}: not signed`),
  ];
}

say('lockfile: registry, checksums, install scripts', lockfileFaults(lock, allowScripts));
say('licences', licenseFaults(lock, bundled));
say(
  'code that makes code, in src and in the bundles',
  [...globSync('src/**/*.ts'), ...bundles].flatMap((file) => codeFaults(file, read(file))),
);
say(
  "checksums of the tests' Go modules",
  goModules.flatMap((file) => goFaults(file, read(file), read(join(dirname(file), 'go.sum')))),
);
npm('advisories, high and above, of what runs in a cluster', ['audit', '--omit=dev'], advisoriesIn);
npm('signatures of all packages', ['audit', 'signatures'], unsignedIn);
process.exitCode = failed === 0 ? 0 : 1;
