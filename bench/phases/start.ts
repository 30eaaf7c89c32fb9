/** From the start of the process to the end of the conflict, and what the API server is asked meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../test/support/control-plane/wait-for.js';
import { inParallel, WRITERS } from '../../test/support/measure/in-parallel.js';
import type { Turn } from '../turn.js';
import { PortWatch } from '../../test/support/measure/port-watch.js';
import type { Program } from '../../test/support/measure/program.js';
import type { CredentialsKind, Launch } from '../site.js';
import type { RookNamespace } from '../rook-namespace.js';

const START_TIMEOUT_MS = 120_000;
/** Until an old process is quite gone, and the API server has forgotten its watches. */
const PAUSE_MS = 300;

export interface Started {
  readonly program: Program;
  /** performance.now() */
  readonly startedAt: number;
  /** From its start until each workload had its port. */
  readonly fixedAfterMs: number;
}

/** Puts the namespaces into conflict and starts the candidate; back when the conflicts are over. */
export async function startInConflict(
  { site, candidate }: Turn,
  namespaces: readonly RookNamespace[],
  launch: Launch,
): Promise<Started> {
  const conflicts = namespaces.map((namespace) => () => namespace.putConflict());
  const targets = (await inParallel(WRITERS, conflicts)).flat();
  const program = await site.launch(candidate, launch);
  const watch = await PortWatch.open(site.controlPlane);
  try {
    await sleep(PAUSE_MS);
    const startedAt = program.start();
    const fixes = await watch.seen(targets, START_TIMEOUT_MS);
    return { program, startedAt, fixedAfterMs: Math.max(...fixes.map(({ fixedAt }) => fixedAt)) - startedAt };
  } catch (error) {
    program.kill();
    throw error;
  } finally {
    watch.close();
  }
}

/** Starts it again and again; the last process goes on and is the answer. */
export async function measureStarts(turn: Turn, namespace: RookNamespace): Promise<Program> {
  const { site, plan } = turn;
  const kinds: CredentialsKind[] = site.inClusterProblem === undefined ? ['kubeconfig', 'account'] : ['kubeconfig'];
  let program: Program | undefined;
  for (const kind of kinds) {
    for (let start = 0; start < plan.starts; start += 1) {
      await program?.stop();
      program = await measureStart(turn, namespace, kind);
    }
  }
  return program!;
}

async function measureStart(turn: Turn, namespace: RookNamespace, kind: CredentialsKind): Promise<Program> {
  const { site, candidate, figures } = turn;
  const mark = await site.controlPlane.audit.mark();
  const { program, fixedAfterMs } = await startInConflict(turn, [namespace], { credentials: kind });
  await namespace.waitForStatus();
  const requests = await waitFor('the audit log to have the status', async () => {
    const upToStatus = (await site.requestsSince(mark, candidate)).upToStatus();
    return upToStatus.count > 0 && upToStatus;
  });
  figures.add(kind === 'account' ? 'startInCluster' : 'startKubeconfig', fixedAfterMs);
  figures.add('startRequests', requests.count);
  figures.note('startRequests', requests.byKind());
  return program;
}
