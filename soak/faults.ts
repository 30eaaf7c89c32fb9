/** Does the planned faults, each at its time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { calmFrom } from './bounds.js';
import { GATEWAY_FAULTS, isGatewayFault, type GatewayFault, type GatewayFaultKind } from './gateway-faults.js';
import type { Toxic } from '../test/support/faults/toxiproxy.js';
import type { Journal } from './journal.js';
import type { Kubelet } from './kubelet.js';
import { isNetworkFault, NETWORK_FAULTS, type NetworkFaultKind } from './network-faults.js';
import { FAULTS, fits, MIN_CALM_SECONDS, type FaultKind, type PlannedFault } from './schedule.js';
import type { Site } from './site.js';

interface Scene {
  readonly site: Site;
  readonly kubelet: Kubelet;
  readonly journal: Journal;
}

const LOOK_AGAIN_MS = 1_000;

/**
 * Each at its time, or later: a fault may take longer than was planned, as an API server that is long in starting, and the
 * calm before the next one is kept all the same. One that no longer fits in does not come.
 *
 * @param seconds of the run
 */
export async function doFaults(scene: Scene, planned: readonly PlannedFault[], seconds: number): Promise<void> {
  const { journal } = scene;
  for (const { kind, fromSeconds, toSeconds } of planned) {
    await sleep(Math.max(0, fromSeconds - journal.seconds()) * 1000);
    await untilCalm(journal);
    if (!fits(kind, journal.seconds(), seconds)) continue;
    const end = journal.disturb(FAULTS[kind].situation, kind);
    await doFault(scene, kind, (toSeconds - fromSeconds) * 1000);
    end();
  }
}

async function untilCalm({ disturbances }: Journal): Promise<void> {
  const left = (): number => calmFrom(disturbances) + MIN_CALM_SECONDS * 1000 - performance.now();
  for (let ms = left(); ms > 0; ms = left()) await sleep(Math.min(ms, LOOK_AGAIN_MS));
}

type Deed = (scene: Scene, ms: number) => Promise<void>;

const DEEDS: Readonly<Record<Exclude<FaultKind, GatewayFaultKind | NetworkFaultKind>, Deed>> = {
  'API server killed': killApiServer,
  'API server killed for longer than the lease': killApiServer,
  'operator killed': replacePod('SIGKILL'),
  'operator told to stop': replacePod('SIGTERM'),
  'operator frozen': freeze,
  'operator frozen for longer than the lease': freeze,
};

async function doFault(scene: Scene, kind: FaultKind, ms: number): Promise<void> {
  if (isGatewayFault(kind)) await throughGateway(scene, GATEWAY_FAULTS[kind], ms);
  else if (isNetworkFault(kind)) await throughNetwork(scene, NETWORK_FAULTS[kind], ms);
  else await DEEDS[kind](scene, ms);
}

function replacePod(signal: 'SIGTERM' | 'SIGKILL'): Deed {
  return ({ kubelet }) => {
    kubelet.replacePod(signal);
    return Promise.resolve();
  };
}

async function killApiServer({ site: { controlPlane } }: Scene, ms: number): Promise<void> {
  await controlPlane.killApiServer();
  await sleep(ms);
  await controlPlane.startApiServer();
}

async function freeze({ kubelet: { running } }: Scene, ms: number): Promise<void> {
  running?.program.signal('SIGSTOP');
  await sleep(ms);
  running?.program.signal('SIGCONT');
}

async function throughGateway({ site: { gateway } }: Scene, { inject, cut }: GatewayFault, ms: number): Promise<void> {
  if (inject !== undefined) gateway.inject(inject);
  if (cut) gateway.cut();
  await sleep(ms);
  gateway.clear();
}

async function throughNetwork({ site: { network } }: Scene, toxics: readonly Toxic[], ms: number): Promise<void> {
  for (const toxic of toxics) await network.add(toxic);
  await sleep(ms);
  for (const toxic of toxics) await network.remove(toxic);
}
