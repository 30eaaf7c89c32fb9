import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, MODULE_NAMES, planOf } from '../../support/real-nodes/modules.js';
import { ROOK_VERSION } from '../../support/real-nodes/rook-on-nodes.js';
import { ROOK_RELEASES } from '../../support/rook/release.js';

const STAND_IN = join(import.meta.dirname, '../../support/real-nodes/stand-in');
const GO = join(import.meta.dirname, '../../support/real-nodes/go');

describe('the Go modules of the real nodes', () => {
  it.each(MODULE_NAMES.filter((name) => name !== 'stand-in'))('%s pins each program that is built', async (name) => {
    const goMod = await readFile(join(GO, name, 'go.mod'), 'utf8');
    const { programs } = await planOf(name);
    for (const { path } of programs) expect(goMod).toMatch(new RegExp(`^(tool |\t)${path}$`, 'm'));
  });

  it('have the sidecar of the Rook of the tests, and the stand-in speaks the protocol of its version', async () => {
    const pins = await readFile(join(GO, 'csi-addons/go.mod'), 'utf8');
    const version = /kubernetes-csi-addons (v\S+)/.exec(pins)?.[1];
    expect(ROOK_RELEASES[ROOK_VERSION].images.csiAddons).toBe(`quay.io/csiaddons/k8s-sidecar:${version}`);

    const spec = /csi-addons\/spec v\S+/;
    expect(spec.exec(await readFile(join(STAND_IN, 'go.mod'), 'utf8'))?.[0]).toBe(spec.exec(pins)?.[0]);
  });
});

describe('the folder of the cache', () => {
  let module: string;
  beforeEach(async () => {
    module = await mkdtemp(join(tmpdir(), 'real-nodes-'));
    await cp(STAND_IN, module, { recursive: true });
  });
  afterEach(() => rm(module, { recursive: true }));

  it('is the same for the same pins and sources', async () => {
    expect(await digestOf(module)).toBe(await digestOf(STAND_IN));
  });

  it.each(['go.mod', 'main.go'])('is another where %s is another', async (file) => {
    await writeFile(join(module, file), '\n', { flag: 'a' });
    expect(await digestOf(module)).not.toBe(await digestOf(STAND_IN));
  });

  it('has the name of its module', async () => {
    const { folder } = await planOf('containerd');
    expect(folder).toMatch(/\/containerd-[0-9a-f]{12}$/);
  });
});
