/**
 * Rook's own program is started as docs/maintainer/rook.md, Running Rook itself, says. That this works is shown with a script that
 * stands for it, and runs the program of these tests: from the environment, the files and the mounts of a pod.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, type TestContext } from 'vitest';
import { stringify } from 'yaml';
import { useCluster } from '../support/cluster.js';
import { rookBinary, unshareProblem, type RookBinary } from '../support/rook/binary.js';
import { binaryKind } from '../support/rook/living-rook.js';
import type { RookInstallation } from '../support/rook/installation.js';
import { RookWrites } from '../support/rook/rook-writes.js';
import { CSI_WORKLOADS } from '../support/rook/render.js';
import { CONFLICT_LAYOUT, each, inOrder, keysOf, OTHER_PORTS } from '../support/slots.js';

const cluster = useCluster();
const REPOSITORY = join(import.meta.dirname, '../..');

function skip(context: TestContext, reason: string): never {
  console.log(`skipped: ${reason}`);
  return context.skip(reason);
}

/** A script that is called like Rook's program. */
async function standIn(folder: string): Promise<string> {
  const [loader, cli] = ['scripts/register-ts-node.js', 'test/support/rook/program/cli.ts'];
  const command = [process.execPath, '--no-deprecation', '--import', join(REPOSITORY, loader), join(REPOSITORY, cli)];
  const path = join(folder, 'rook-script');
  await writeFile(path, `#!/bin/sh\nexport ROOK_PROGRAM_VERSION=1.17.9\nexec '${command.join("' '")}' "$@"\n`);
  await chmod(path, 0o755);
  return path;
}

/** Of Rook's CRDs, the one that is needed. */
async function cephClusterCrd(folder: string): Promise<string> {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const path = join(folder, 'crds.yaml');
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'cephclusters.ceph.rook.io' },
    spec: {
      group: 'ceph.rook.io',
      names: { kind: 'CephCluster', plural: 'cephclusters', singular: 'cephcluster', listKind: 'CephClusterList' },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
  await writeFile(path, stringify(crd));
  return path;
}

/** It writes the workloads as "rook", follows its settings, and starts again in another pod. */
async function showThatItRuns(binary: RookBinary): Promise<RookInstallation> {
  const kind = binaryKind(binary);
  const rook = await cluster().installRook({ ...kind.install, alive: true, workloads: false });
  const living = await kind.start(cluster(), rook);
  await living.settled();
  expect(await rook.layout()).toEqual(CONFLICT_LAYOUT);
  const { metadata } = await rook.workload('rbdNodePlugin');
  expect(metadata!.managedFields!.map(({ manager }) => manager)).toContain('rook');
  expect(metadata!.ownerReferences).toMatchObject([{ kind: 'Deployment', name: 'rook-ceph-operator' }]);

  const { api, audit } = cluster().controlPlane;
  const writes = new RookWrites(audit, rook.namespace);
  const mark = await writes.mark();
  await api.patch(rook.configPath, { data: keysOf(OTHER_PORTS) });
  await writes.waitForPuts(mark, CSI_WORKLOADS.length);
  await living.settled();
  expect(await writes.putsSince(mark)).toHaveLength(CSI_WORKLOADS.length);
  expect(await rook.layout()).toEqual(inOrder(kind.hasThreeKeys ? OTHER_PORTS : each(OTHER_PORTS.rbdNodePlugin)));

  const restart = await writes.mark();
  await living.restart();
  await living.settled();
  expect(await writes.putsSince(restart)).toHaveLength(CSI_WORKLOADS.length);
  return rook;
}

test('a program called rook is started in what looks like a pod', async (context) => {
  const lastError = unshareProblem();
  if (lastError !== undefined) skip(context, lastError);
  const folder = await mkdtemp(join(tmpdir(), 'rook-stand-in-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [path, crds] = [await standIn(folder), await cephClusterCrd(folder)];
  const binary = rookBinary({ ROOK_OPERATOR_BINARY: path, ROOK_CRDS: crds });
  expect(binary).toEqual({ path, crds, version: '1.17.9' });
  await showThatItRuns(binary as RookBinary);
});

test("Rook's own program does the same", async (context) => {
  const binary = rookBinary(process.env);
  if ('skipped' in binary) skip(context, binary.skipped);
  await showThatItRuns(binary);
});
