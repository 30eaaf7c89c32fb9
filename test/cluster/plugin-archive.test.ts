/** The plugin as it is released: an archive that runs wherever it is unpacked, its manifest for krew, and what it is made of. */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { BUNDLED_LICENSES, codeFaults } from '../../scripts/supply-chain.js';

const { version } = packageJson;
const SOURCE = 'https://github.com/example/csi-port-operator';
const ARCHIVE = `dist/plugin/kubectl-csiports-${version}.tar.gz`;

const folder = mkdtempSync(join(tmpdir(), 'plugin-archive-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function makePlugin(): Promise<void> {
  await promisify(execFile)('make', ['plugin', `SOURCE=${SOURCE}`, 'SOURCE_DATE_EPOCH=1760000000']);
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

beforeAll(async () => {
  await makePlugin();
  execFileSync('tar', ['--extract', '--file', ARCHIVE, '--directory', folder]);
});

describe('the archive', () => {
  it('has the plugin, the helper of kubectl, and the licences', () => {
    expect(readdirSync(folder).sort()).toEqual([
      'LICENSE',
      'THIRD-PARTY-LICENSES.txt',
      'kubeconfig.js',
      'kubectl-csiports.js',
      'kubectl_complete-csiports',
      'package.json',
    ]);
    for (const program of ['kubectl-csiports.js', 'kubectl_complete-csiports'])
      expect(statSync(join(folder, program)).mode & 0o111).toBe(0o111);
  });

  it('runs where it was unpacked, by a link as krew makes it', async () => {
    const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: folder, KUBECONFIG: '' };
    const script = `mkdir bin && ln -s ../kubectl-csiports.js bin/kubectl-csiports && bin/kubectl-csiports "$@"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', '--version'], { cwd: folder, env });
    expect(stdout).toBe(`${version}\n`);
    // With the library for kubeconfigs, which is a file of its own.
    const check = promisify(execFile)('bin/kubectl-csiports', ['check', '--kubeconfig=LICENSE'], { cwd: folder, env });
    await expect(check).rejects.toMatchObject({ code: 3, stderr: expect.stringContaining('LICENSE') as string });
  });

  it('is the same for the same sources', async () => {
    const before = digestOf(ARCHIVE);
    await makePlugin();
    expect(digestOf(ARCHIVE)).toBe(before);
  });

  it('makes no code of text, and starts no programs but those that a kubeconfig names', () => {
    expect(codeFaults('kubectl-csiports.js', readFileSync('dist/kubectl-csiports.js', 'utf8'))).toEqual([]);
  });

  it('has each package and its licence once', () => {
    const { outputs } = JSON.parse(readFileSync('dist/plugin-meta.json', 'utf8')) as {
      readonly outputs: Readonly<Record<string, { readonly inputs: Readonly<Record<string, object>> }>>;
    };
    const files = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
    const names = new Set(files.flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []));
    for (const name of ['commander', 'js-yaml', '@kubernetes/client-node']) expect(names).toContain(name);
    // What the operator alone is made of.
    for (const name of ['pino', 'prom-client', 'p-queue']) expect(names).not.toContain(name);
    const licenses = readFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of names) {
      const [, license] = new RegExp(`^${name}@\\S+ {2}\\((.*)\\)$`, 'm').exec(licenses)!;
      expect(BUNDLED_LICENSES).toContain(license);
    }
  });
});

it('the operator has nothing of it', () => {
  const operator = JSON.parse(readFileSync('dist/meta.json', 'utf8')) as { readonly inputs: object };
  const files = Object.keys(operator.inputs);
  expect(files.filter((file) => /src\/cli\/|node_modules\/commander\//.test(file))).toEqual([]);
});

it('the list of its packages has as required what is in it', () => {
  execFileSync(process.execPath, ['scripts/sbom.js']);
  const requiredIn = (file: string): string[] => {
    const { components } = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly components: readonly { readonly name: string; readonly scope: string }[];
    };
    return components.filter(({ scope }) => scope === 'required').map(({ name }) => name);
  };
  expect(requiredIn('dist/kubectl-csiports.cdx.json')).toEqual(expect.arrayContaining(['commander', 'js-yaml']));
  expect(requiredIn('dist/sbom.cdx.json')).not.toContain('commander');
});

describe('the manifest for krew', () => {
  const manifest = (): Record<string, unknown> =>
    parse(readFileSync('dist/plugin/csiports.yaml', 'utf8')) as Record<string, unknown>;

  it('names the archive by its address and its digest', () => {
    expect(manifest()).toMatchObject({
      apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
      kind: 'Plugin',
      metadata: { name: 'csiports' },
      spec: {
        version: `v${version}`,
        homepage: SOURCE,
        platforms: [
          {
            uri: `${SOURCE}/releases/download/v${version}/kubectl-csiports-${version}.tar.gz`,
            sha256: digestOf(ARCHIVE),
            bin: 'kubectl-csiports.js',
          },
        ],
      },
    });
  });

  it('keeps to the rules of the index of krew', () => {
    const { shortDescription, description } = manifest().spec as Record<string, string>;
    expect(shortDescription!.length).toBeLessThanOrEqual(50);
    expect(shortDescription).not.toMatch(/kubectl|kubernetes|\.$/i);
    expect(description!.split('\n').every((line) => line.length <= 120)).toBe(true);
  });
});
