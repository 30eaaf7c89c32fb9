/** One version in every file that has it, and the check that no release begins without that. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import lockfile from '../../../package-lock.json' with { type: 'json' };
import packageJson from '../../../package.json' with { type: 'json' };

const { version } = packageJson;
const CHART = 'charts/csi-port-operator/Chart.yaml';
const KUSTOMIZATION = 'config/manager/kustomization.yaml';

test('the lockfile, the chart and the manifests have the version of the package', () => {
  expect([lockfile.version, lockfile.packages[''].version]).toEqual([version, version]);
  expect(parse(readFileSync(CHART, 'utf8'))).toMatchObject({ version, appVersion: version });
  expect(parse(readFileSync(KUSTOMIZATION, 'utf8'))).toMatchObject({
    images: [{ name: 'csi-port-operator', newTag: version }],
  });
});

describe('make release-check', () => {
  let folder: string;

  /** The files that it reads, as the release of this version would have them. */
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'release-check-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    for (const file of ['Makefile', 'package.json', 'package-lock.json', CHART, KUSTOMIZATION]) {
      cpSync(file, join(folder, file));
    }
    writeFileSync(join(folder, 'CHANGELOG.md'), changelog(`## [${version}] - 2026-01-02\n\n- Something.\n`));
  });

  function changelog(released: string, unreleased = ''): string {
    return `# Changelog\n\nAbout.\n\n## [Unreleased]\n\n${unreleased}${released}\n## [0.0.1] - 2025-01-02\n\n- The first.\n`;
  }

  function check(tag = `v${version}`): Promise<unknown> {
    return promisify(execFile)('make', ['release-check', `TAG=${tag}`], {
      cwd: folder,
      env: { PATH: process.env.PATH },
    });
  }

  /** A failure whose last words are a command with this in it, or these words. */
  function endedWith(words: string): object {
    const escaped = words.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return { code: 2, stdout: expect.stringMatching(new RegExp(`${escaped}.*\n$`)) as string };
  }

  function edit(file: string, change: (text: string) => string): void {
    const text = readFileSync(join(folder, file), 'utf8');
    const changed = change(text);
    expect(changed).not.toBe(text);
    writeFileSync(join(folder, file), changed);
  }

  test('passes where all agree', () => expect(check()).resolves.toBeDefined());

  test.each([
    ['package-lock.json', (text: string) => text.replace(`"version": "${version}"`, '"version": "9.9.9"')],
    ['package-lock.json', (text: string) => text.replace(/("": \{[^}]*?"version": )"[^"]*"/, '$1"9.9.9"')],
    [CHART, (text: string) => text.replace(/^version: .*$/m, 'version: 9.9.9')],
    [CHART, (text: string) => text.replace(/^appVersion: .*$/m, 'appVersion: 9.9.9')],
    [KUSTOMIZATION, (text: string) => text.replace(/newTag: .*/, 'newTag: 9.9.9')],
  ])('fails where %s has another version', async (file, change) => {
    edit(file, change);
    await expect(check()).rejects.toMatchObject(endedWith(file));
  });

  test('fails for a tag of another version', () =>
    expect(check('v9.9.9')).rejects.toMatchObject(endedWith('test "v9.9.9"')));

  test('fails where the changelog has no such release', async () => {
    writeFileSync(join(folder, 'CHANGELOG.md'), changelog(''));
    await expect(check()).rejects.toMatchObject(endedWith('CHANGELOG.md'));
  });

  test('fails while something is unreleased', async () => {
    const released = `## [${version}] - 2026-01-02\n`;
    writeFileSync(join(folder, 'CHANGELOG.md'), changelog(released, '### Added\n\n- More.\n\n'));
    await expect(check()).rejects.toMatchObject(endedWith('### Added\n- More.'));
  });
});
