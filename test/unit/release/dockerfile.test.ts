/** What the Dockerfile says, beside test/cluster/image.test.ts, which runs what it says. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { readDockerfile } from '../../support/image/dockerfile.js';
import { pipProblem, wheelProgram } from '../../support/tools/wheel-programs.js';

const stages = readDockerfile();
const image = stages.at(-1)!;
const lastError = await pipProblem();
if (lastError !== undefined) console.log(`skipped: hadolint is not installed, as ${lastError}`);

test.skipIf(lastError !== undefined)('hadolint finds nothing', { timeout: 120_000 }, async () => {
  const hadolint = await wheelProgram('hadolint');
  const options = ['--failure-threshold=style', '--disable-ignore-pragma'];
  // Without a home it reads nobody's options.
  const { stdout, stderr } = await promisify(execFile)(hadolint, [...options, 'Dockerfile'], { env: {} });
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
});

describe('the Dockerfile', () => {
  it('names each image by version and by digest', () => {
    expect(stages.length).toBe(2);
    for (const stage of stages) expect(stage.image).toMatch(/:[\w.-]+@sha256:[0-9a-f]{64}$/);
  });

  it('ends with an image without shell or package manager', () =>
    expect(image.image).toMatch(/^gcr\.io\/distroless\/nodejs24-debian\d+:nonroot@/));

  it('starts Node itself, as a user without a name or rights', () => {
    expect(image.last('USER')).toBe('65532:65532');
    expect(image.entrypoint[0]).toBe('/nodejs/bin/node');
    expect(image.all('CMD')).toEqual([]);
  });

  it('runs nothing in the image, and leaves health to the probes of the pod', () => {
    const keywords = new Set(image.instructions.map(({ keyword }) => keyword));
    for (const keyword of ['RUN', 'SHELL', 'ADD', 'HEALTHCHECK', 'VOLUME']) expect(keywords).not.toContain(keyword);
  });

  it('labels the image', () => {
    const label = (name: string): string => `org.opencontainers.image.${name}`;
    expect(image.pairs('LABEL')).toEqual({
      [label('title')]: packageJson.name,
      [label('description')]: packageJson.description,
      [label('licenses')]: packageJson.license,
      [label('version')]: '${VERSION}',
      [label('revision')]: '${REVISION}',
      [label('created')]: '${CREATED}',
      [label('source')]: '${SOURCE}',
      [label('documentation')]: '${SOURCE}#readme',
    });
  });

  it('is told by make all that the labels say', async () => {
    const { stdout } = await promisify(execFile)('make', ['--dry-run', 'docker-build', 'docker-buildx']);
    const commands = stdout.replaceAll('\\\n', '').match(/^docker .*$/gm)!;
    expect(commands).toHaveLength(2);
    for (const command of commands) {
      for (const name of Object.keys(image.pairs('ARG'))) expect(command).toContain(`--build-arg '${name}=`);
      expect(command).toContain(`'VERSION=${packageJson.version}'`);
    }
  });
});

test('the build context holds what is copied from it and nothing else', () => {
  const copied = stages.flatMap(({ copies }) => copies.filter(({ from }) => from === undefined));
  const paths = copied.flatMap(({ sources }) => sources.map((source) => source.replace(/\/$/, '')));
  const [everything, ...admitted] = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(everything).toBe('*');
  expect(admitted.sort()).toEqual(paths.map((path) => `!${path}`).sort());
});
