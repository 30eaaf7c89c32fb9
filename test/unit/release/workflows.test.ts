/** The workflows in .github: what GitHub would say of them, and the rules that they keep. */
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../../../package.json' with { type: 'json' };
import { tool } from '../../support/tools/tools.js';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly 'runs-on': string;
  readonly 'timeout-minutes'?: number;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: unknown;
  readonly concurrency?: { readonly group: string };
  readonly jobs: Readonly<Record<string, Job>>;
}

const FOLDER = '.github/workflows';
/** Beside reading the contents. */
const RIGHTS = {
  'ci.yml/test': [],
  'ci.yml/image': [],
  'codeql.yml/analyze': ['security-events: write'],
  'release.yml/test': [],
  'release.yml/image': ['attestations: write', 'id-token: write', 'packages: write'],
  'release.yml/files': [],
  'release.yml/publish': ['attestations: write', 'contents: write', 'id-token: write', 'packages: write'],
  'scorecard.yml/analysis': ['id-token: write', 'security-events: write'],
  'verify.yml/verify': [],
};

const names = globSync('*.yml', { cwd: FOLDER }).sort();
const texts = names.map((name) => readFileSync(join(FOLDER, name), 'utf8'));
const workflows = texts.map((text) => parse(text) as Workflow);
const jobs = workflows.flatMap((workflow, index) =>
  Object.entries(workflow.jobs).map(([id, job]) => ({ id: `${names[index]!}/${id}`, job })),
);
const scripts = jobs.flatMap(({ job }) => job.steps.flatMap(({ run }) => run ?? []));

// Its first use builds it, from a module of a few packages.
test('actionlint finds nothing', { timeout: 300_000 }, async () => {
  // Without the linters that it would call if they happened to be there.
  const options = ['-shellcheck=', '-pyflakes=', '-no-color'];
  const files = names.map((name) => join(FOLDER, name));
  const { stdout } = await promisify(execFile)(await tool('actionlint'), [...options, ...files]);
  expect(stdout).toBe('');
});

describe('each workflow', () => {
  it('pins actions by commit, says which version that is, and the same in every place', () => {
    const lines = texts.flatMap((text) => text.split('\n').filter((line) => /\buses:/.test(line)));
    const pins = lines.map((line) => /uses: (?<action>[\w./-]+)@(?<commit>[0-9a-f]{40}) # v\d+\.\d+\.\d+$/.exec(line));
    expect(lines.filter((_, index) => pins[index] === null)).toEqual([]);
    expect(lines).toHaveLength(jobs.flatMap(({ job }) => job.steps.filter(({ uses }) => uses !== undefined)).length);
    const repositories = pins.map((pin) => pin!.groups!.action!.split('/').slice(0, 2).join('/'));
    const commits = new Set(pins.map((pin, index) => `${repositories[index]!}@${pin!.groups!.commit!}`));
    expect(commits.size).toBe(new Set(repositories).size);
  });

  it('has no rights but those that a job asks for', () => {
    for (const { permissions } of workflows) expect(permissions).toEqual({});
    const asked = jobs.map(({ id, job: { permissions = {} } }) => {
      const rights = Object.entries(permissions).map(([scope, level]) => `${scope}: ${level}`);
      return [id, rights.filter((right) => right !== 'contents: read').sort()];
    });
    expect(Object.fromEntries(asked)).toEqual(RIGHTS);
  });

  it('ends in time, on a known system, and not twice at once', () => {
    for (const { concurrency } of workflows) expect(concurrency?.group).toContain('${{ github.ref }}');
    for (const { id, job } of jobs) {
      expect(job['timeout-minutes'], id).toBeLessThanOrEqual(60);
      expect(job['runs-on'], id).toBe('ubuntu-24.04');
    }
  });

  it('leaves no token behind in the checkout, nor runs what others wrote with rights of ours', () => {
    const checkouts = jobs.flatMap(({ job }) =>
      job.steps.filter(({ uses }) => uses?.startsWith('actions/checkout@') === true),
    );
    expect(checkouts.length).toBeGreaterThan(4);
    for (const checkout of checkouts) expect(checkout.with).toMatchObject({ 'persist-credentials': false });
    for (const { on } of workflows) expect(Object.keys(on)).not.toContain('pull_request_target');
  });

  it('puts no expression into a script, which would run what it holds', () => {
    expect(scripts.length).toBeGreaterThan(5);
    expect(scripts.filter((script) => script.includes('${{'))).toEqual([]);
  });

  it('calls make targets, npm scripts and test files that are there', () => {
    const called = scripts.join('\n');
    const targets = [...called.matchAll(/\bmake ([a-z-]+)/g)].map(([, target]) => target!);
    const rules = [...readFileSync('Makefile', 'utf8').matchAll(/^([a-z-]+):/gm)].map(([, target]) => target!);
    expect(targets).toEqual(expect.arrayContaining(['test', 'docker-build', 'docker-buildx', 'release-files']));
    expect(rules).toEqual(expect.arrayContaining(targets));
    const npmScripts = [...called.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, script]) => script!);
    expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(npmScripts));
    const files = [...called.matchAll(/\btest\/\S+\.ts/g)].map(([file]) => file);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });
});

test('a release runs no code of npm packages where it may write', () => {
  const writing = jobs.filter(({ job }) => Object.values(job.permissions ?? {}).includes('write'));
  const commands = writing.flatMap(({ job }) => job.steps.flatMap(({ run }) => run ?? []));
  // docker-buildx runs them in a container, without the job's token.
  const calls = commands.join('\n').match(/\b(npm|npx|node|make [a-z-]+)\b/g);
  expect(calls).toEqual(['make docker-buildx']);
});

describe('.github/dependabot.yml', () => {
  interface Update {
    'package-ecosystem': string;
    directory?: string;
    directories?: string[];
  }
  const { updates } = parse(readFileSync('.github/dependabot.yml', 'utf8')) as { updates: Update[] };

  function folders(ecosystem: string): string[] {
    const entries = updates.filter((update) => update['package-ecosystem'] === ecosystem);
    return entries.flatMap(({ directory, directories = [] }) => [...(directory ? [directory] : []), ...directories]);
  }

  it.each([
    ['npm', 'package-lock.json'],
    ['docker', '**/Dockerfile'],
    ['gomod', 'test/**/go.mod'],
    ['pip', 'test/**/wheels/*.txt'],
  ])('keeps an eye on all of %s', (ecosystem, pattern) => {
    const watched = folders(ecosystem).flatMap((folder) =>
      globSync(join('.', folder, pattern.split('/').at(-1)!)).map((file) => join(file)),
    );
    const there = globSync(pattern, { exclude: ['node_modules', 'dist'] });
    expect(there.length).toBeGreaterThan(0);
    expect(watched.sort()).toEqual(there.sort());
  });

  it('and on the actions', () => expect(folders('github-actions')).toEqual(['/']));
});
