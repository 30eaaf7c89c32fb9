/** Three who do one thing each: who reverts a port again and again, a namespace that comes and goes, and everybody else. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminApi } from '../test/support/control-plane/admin-api.js';
import type { ControlPlane } from '../test/support/control-plane/control-plane.js';
import { expectRepairs, type World } from './actor.js';
import { CALM_SECONDS, contestedSeconds, ROOK_TIME_SECONDS } from './bounds.js';
import { deleteAndWait, isPassing, persistently } from './persist.js';
import type { Random } from './random.js';
import { RookSite } from './rook-site.js';

async function pause(world: World, lowMs: number, highMs: number, random: Random): Promise<void> {
  await sleep(random.between(lowMs, highMs), undefined, { signal: world.over }).catch(() => undefined);
}

/** Reverts one object for as long as its repair, which comes later and later, still fits in. */
export async function contest(site: RookSite, world: World, random: Random, endSeconds: number): Promise<void> {
  await expectRepairs(world, 'the first assignment', await site.assign(), CALM_SECONDS + ROOK_TIME_SECONDS);
  for (let revert = 1; ; revert += 1) {
    await pause(world, 3_000, 6_000, random);
    const backoff = contestedSeconds(revert);
    if (world.over.aborted || world.journal.seconds() + backoff > endSeconds) return;
    const what = backoff === 0 ? 'revert' : 'contested revert';
    await expectRepairs(world, what, [await site.revert('rbdProvisioner')], CALM_SECONDS + backoff);
  }
}

/** @param number of its ports. @throws what the installation fails with while the API server is there */
export async function comeAndGo(
  controlPlane: ControlPlane,
  world: World,
  random: Random,
  number: number,
): Promise<void> {
  for (let round = 1; !world.over.aborted; round += 1) {
    const namespace = `rook-passing-${round}`;
    const path = `/api/v1/namespaces/${namespace}`;
    try {
      const site = await RookSite.install(controlPlane, namespace, number);
      const first = CALM_SECONDS + ROOK_TIME_SECONDS;
      await expectRepairs(world, 'the first assignment', await site.assign(), first);
      await expectRepairs(world, 'revert', [await site.revert('cephfsProvisioner')]);
      await pause(world, 5_000, 15_000, random);
      await deleteAndWait(controlPlane.api, path);
      world.journal.passings += 1;
    } catch (error) {
      // The API server went away in the midst of the installation, which is no part of what is looked at.
      if (!isPassing(error)) throw error;
      await deleteAndWait(controlPlane.api, path);
    }
    await pause(world, 5_000, 15_000, random);
  }
}

/** Deployments and ConfigMaps of others, also beside Rook's, which nobody but their owner may touch. */
export async function beStrangers(
  api: AdminApi,
  namespaces: readonly string[],
  world: World,
  random: Random,
): Promise<void> {
  for (let round = 1; !world.over.aborted; round += 1) {
    await pause(world, 500, 3_000, random);
    const namespace = random.pick(namespaces);
    const [deployments, configMaps] = collections(namespace);
    const name = `stranger-${round % 20}`;
    await persistently(async () => {
      if ((await api.getOrUndefined(`${deployments}/${name}`)) !== undefined)
        await api.delete(`${deployments}/${name}`);
      else await api.create<object>(deployments, strangerDeployment(name));
      const map = `${configMaps}/${name}`;
      const body = { metadata: { name }, data: { round: String(round) } };
      if ((await api.getOrUndefined(map)) === undefined) await api.create<object>(configMaps, body);
      else await api.patch(map, body);
    });
  }
}

function collections(namespace: string): [deployments: string, configMaps: string] {
  return [`/apis/apps/v1/namespaces/${namespace}/deployments`, `/api/v1/namespaces/${namespace}/configmaps`];
}

/** With a sidecar that is called as Rook's, on Rook's port. */
function strangerDeployment(name: string): object {
  const labels = { app: name };
  const sidecar = {
    name: 'csi-addons',
    image: 'stranger',
    args: ['--controller-port=9070'],
    ports: [{ containerPort: 9070 }],
  };
  const template = { metadata: { labels }, spec: { containers: [sidecar] } };
  return { metadata: { name }, spec: { replicas: 0, selector: { matchLabels: labels }, template } };
}
