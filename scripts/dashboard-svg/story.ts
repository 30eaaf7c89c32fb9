/** What the picture shows: two namespaces of Rook on a control plane of their own, and what befalls one of them. */
import { setTimeout as pause } from 'node:timers/promises';
import type { AssignmentSpec } from '../../src/domain/rules/api.js';
import { Assignment } from '../../test/support/assignment.js';
import type { ControlPlane } from '../../test/support/control-plane/control-plane.js';
import { waitFor } from '../../test/support/control-plane/wait-for.js';
import { RookInstallation } from '../../test/support/rook/installation.js';

/** For the eye: how long each state is left as it is. */
const SCENE_MS = 20_000;

export interface Site {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
}

export async function installSite(cluster: ControlPlane, namespace: string, spec: AssignmentSpec): Promise<Site> {
  const rook = await RookInstallation.install(cluster, { namespace });
  const assignment = new Assignment(cluster.api, namespace);
  await assignment.create(spec);
  return { rook, assignment };
}

/** A conflict that nobody may end, its end, an outage of the API server, some reverts, and a contest. */
export async function befall(
  cluster: ControlPlane,
  { rook, assignment }: Site,
  say: (line: string) => void,
): Promise<void> {
  say('a conflict, in mode Paused');
  await assignment.waitForReason('Degraded', 'PortConflict');
  await pause(SCENE_MS);

  say('mode Enforce');
  await assignment.edit({ mode: 'Enforce' });
  await assignment.waitUntilAssigned();
  await pause(SCENE_MS);

  say('the API server is away');
  await cluster.killApiServer();
  // With its start less than the 10 s after which the operator would end, as its lease is not renewed.
  await pause(SCENE_MS / 8);
  await cluster.startApiServer();
  await assignment.waitUntilSettled();
  await pause(SCENE_MS);

  const revert = async (): Promise<void> => {
    await rook.rewrite('cephfsProvisioner');
    await waitFor('the repair', async () => (await rook.ports('cephfsProvisioner')).argument === 9071);
  };
  say('reverted now and then');
  for (let count = 1; count <= 3; count += 1) {
    await revert();
    await pause(SCENE_MS / 2);
  }
  await assignment.edit({ ports: { rbdNodePlugin: 9172 } });
  await assignment.waitUntilAssigned();
  await pause(SCENE_MS);

  say('reverted until it is contested');
  // The edit of the spec was a new goal: nothing was written to it yet.
  for (let count = 1; count <= 5; count += 1) await revert();
  await assignment.waitForReason('Degraded', 'Contested');
  // It is repaired half a minute later.
  await revert();
  await assignment.waitForReason('Ready', 'PortsAssigned');
  await pause(SCENE_MS / 2);
  await rook.rewrite('cephfsProvisioner');
  await pause(SCENE_MS);
}
