/** Runs one row: brings about the fault, and measures what comes of it. */
import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster.js';
import { writeKubeconfig } from '../control-plane/credentials.js';
import { waitFor } from '../control-plane/wait-for.js';
import { specOf } from '../slots.js';
import { FaultGateway } from './gateway.js';
import { repeatedAmong } from './repeated.js';
import type { Row, RowMoment } from './row.js';
import { SupervisedOperator } from './supervised.js';
import type { Toxiproxy } from './toxiproxy.js';
import { RowWorld, type WriteCounts } from './world.js';
import { OPERATOR_NAMESPACE } from '../operator-account.js';

export interface Measured {
  /** From the beginning of the fault to the right state. */
  readonly seconds: number;
  readonly writes: WriteCounts;
  /** How many reverts the process has counted that runs at the end. */
  readonly reverts: number;
  readonly restarts: number;
  /** Stored by the end. */
  readonly events: number;
  /** Of these, what is there twice. */
  readonly repeated: readonly string[];
  /** All that is not the operator's, before and after. */
  readonly foreign: { readonly before: object; readonly after: object };
}

/** The way from the operator to the API server. */
interface Way {
  readonly kubeconfig: string;
  /** The fault begins. */
  begin(): Promise<void>;
  /** Resolves when it has struck as often, or as long, as it was to. */
  spent(): Promise<void>;
  close(): Promise<void>;
}

export async function runRow(
  cluster: Cluster,
  row: Row,
  name: string,
  toxiproxy: Toxiproxy | undefined,
): Promise<Measured> {
  const world = await RowWorld.make(cluster, name);
  const way = await wayOf(cluster, row, name, toxiproxy);
  let operator: SupervisedOperator | undefined;
  try {
    const before = await world.foreign();
    const start = async (): Promise<void> => {
      operator = await SupervisedOperator.start(optionsOf(row, name, way.kubeconfig));
    };
    if (row.moment !== 'start') {
      await start();
      await world.waitUntilRight(90_000);
      await world.assignment.waitUntilSettled();
    }
    const mark = await cluster.controlPlane.audit.mark();
    const begun = performance.now();
    await way.begin();
    await (row.moment === 'start' ? start() : act(cluster, row.moment, world));
    if (row.moment === 'rest') await way.spent();
    await world.waitUntilRight(row.boundS * 1000);
    const seconds = (performance.now() - begun) / 1000;
    await way.spent();
    await world.waitUntilRight(row.boundS * 1000);
    const writes = await world.writesSince(mark);
    const reverts = await operator!.reverts();
    const restarts = operator!.exits.length;
    const after = await world.foreign();
    await operator!.stop();
    const stored = await cluster.events(name);
    const [events, repeated] = [stored.length, repeatedAmong(stored, 1 + restarts)];
    return { seconds, writes, reverts, restarts, events, repeated, foreign: { before, after } };
  } finally {
    await operator?.stop();
    await way.close();
  }
}

function optionsOf({ moment }: Row, name: string, kubeconfig: string): Parameters<typeof SupervisedOperator.start>[0] {
  const args = moment === 'lease' ? ['--leader-elect', `--leader-elect-namespace=${name}`] : [];
  return { kubeconfig, watchNamespaces: [name], args };
}

/** What makes work for the operator. */
async function act({ controlPlane }: Cluster, moment: RowMoment, { rook, assignment }: RowWorld): Promise<void> {
  if (moment === 'rest') return;
  if (moment === 'pin')
    await controlPlane.api.patch(rook.configPath, { data: { [specOf('rbdNodePlugin').configKey]: null } });
  else if (moment === 'status') await assignment.edit({ mode: 'Enforce' });
  else await rook.rewrite('rbdNodePlugin');
}

async function wayOf(cluster: Cluster, row: Row, name: string, toxiproxy: Toxiproxy | undefined): Promise<Way> {
  const { obstacle } = row;
  if ('faults' in obstacle) return throughGateway(cluster, row.moment, obstacle.faults);
  if (toxiproxy === undefined) throw new Error('there is no toxiproxy');
  return throughProxy(cluster, obstacle, name, toxiproxy);
}

type OfRequests = Extract<Row['obstacle'], { readonly faults: unknown }>;
type OfBytes = Extract<Row['obstacle'], { readonly network: unknown }>;

async function throughGateway(
  { controlPlane }: Cluster,
  moment: RowMoment,
  faults: OfRequests['faults'],
): Promise<Way> {
  const gateway = await FaultGateway.start(controlPlane);
  const injected: (() => boolean)[] = [];
  return {
    kubeconfig: await gateway.kubeconfig(),
    begin() {
      for (const fault of faults) {
        const { times, forMs } = fault;
        const begun = performance.now();
        const inForce = gateway.inject(fault);
        injected.push(() => {
          const isOver = times === undefined ? performance.now() - begun > (forMs ?? 0) : inForce.hits === times;
          return isOver && inForce.hits > 0 && inForce.done === inForce.hits;
        });
      }
      // After a connection that was lost it lists, after a watch that ended in order it goes on.
      if (moment === 'list' || moment === 'rest') gateway.cut();
      if (moment === 'watch') gateway.endWatches();
      return Promise.resolve();
    },
    async spent() {
      await waitFor('the fault to have struck', () => Promise.resolve(injected.every((isSpent) => isSpent())), {
        lastSeen: () => gateway.requests.slice(-20),
      });
    },
    close: () => gateway.stop(),
  };
}

async function throughProxy(
  { controlPlane }: Cluster,
  { network, forMs }: OfBytes,
  name: string,
  toxiproxy: Toxiproxy,
): Promise<Way> {
  const proxy = await toxiproxy.proxyTo(new URL(controlPlane.server).host);
  const token = await controlPlane.serviceAccountToken(OPERATOR_NAMESPACE, 'csi-port-operator');
  const server = `https://127.0.0.1:${proxy.port}`;
  const kubeconfig = join(controlPlane.directory, `${name}.kubeconfig`);
  let healed = Promise.resolve();
  const heal = async (): Promise<void> => {
    await sleep(forMs);
    await (network === 'rejected' ? proxy.accept() : proxy.remove(network));
  };
  return {
    kubeconfig: await writeKubeconfig(kubeconfig, { server, ca: controlPlane.ca, token }),
    async begin() {
      await (network === 'rejected' ? proxy.reject() : proxy.add(network));
      healed = heal();
    },
    spent: () => healed,
    close: () => Promise.resolve(),
  };
}
