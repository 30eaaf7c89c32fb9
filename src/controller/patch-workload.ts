/** The patch of one workload, unless it is held back. */
import type { PortAssignment } from '../domain/rules/api.js';
import { portWriter } from '../domain/rules/field-managers.js';
import type { Plan } from '../domain/rules/plan.js';
import type { WorkloadPlan } from '../domain/rules/workload-plan.js';
import { movePort } from '../domain/rules/sidecar-port.js';
import type { Workload } from '../domain/rules/workload.js';
import type { WriteResult } from '../domain/report/write-result.js';
import { WORKLOADS } from '../kube/resources.js';
import { NOTHING_TO_SEND, heldBack, send, resultOf, type Attempt, type WriteDependencies } from './send.js';
import { targetOf, type WriteTarget } from './write-backoff.js';

type InPlay = WorkloadPlan & Required<Pick<WorkloadPlan, 'workload' | 'assignedPort'>>;
type Drifted = InPlay & Required<Pick<WorkloadPlan, 'patch'>>;

export async function patchWorkload(
  row: WorkloadPlan,
  plan: Plan,
  assignment: PortAssignment,
  deps: WriteDependencies,
): Promise<WriteResult> {
  const { unreadable } = row;
  const about = aboutRow(row);
  if (unreadable !== undefined) return { ...about, outcome: 'Rejected', isSent: false, cause: unreadable };
  if (!isInPlay(row)) return { ...about, ...NOTHING_TO_SEND };
  const { backoff } = deps;
  const target = targetOf(assignment, about.name, row.assignedPort);
  if (isThere(row)) backoff.reached(target, row.workload.uid);
  if (!isDrifted(row) || plan.mode === 'Paused') return resultOf(about, NOTHING_TO_SEND, backoff.contest(target));
  const reverted = backoff.differs(target, row.workload.uid, portWriter(row.workload));
  // A port that was put right before is put back at once, whatever the other pods do.
  const isAwaiting = row.awaits !== undefined && reverted === undefined;
  const dryRun = plan.mode === 'DryRun';
  const attempt = isAwaiting ? AWAITING_PODS : await attemptPatch(row, { target, dryRun }, deps);
  return resultOf({ ...about, ...(reverted && { reverted }) }, attempt, backoff.contest(target));
}

const AWAITING_PODS: Attempt = { outcome: 'AwaitingPods', isSent: false };

function aboutRow({ slotSpec: { kind, workload: name, slot }, assignedPort, currentPort }: WorkloadPlan) {
  const to = assignedPort === undefined ? {} : { to: assignedPort };
  return { kind, name, slot, ...to, ...(currentPort === undefined ? {} : { from: currentPort }) };
}

function isInPlay(row: WorkloadPlan): row is InPlay {
  return row.workload !== undefined && row.assignedPort !== undefined;
}

function isThere({ state }: WorkloadPlan): boolean {
  return state === 'Ready' || state === 'RollingOut' || state === 'Stuck';
}

function isDrifted(row: InPlay): row is Drifted {
  return row.patch !== undefined;
}

async function attemptPatch(
  { slotSpec, workload, patch, assignedPort }: Drifted,
  { target, dryRun }: { readonly target: WriteTarget; readonly dryRun: boolean },
  { writer, watches, backoff }: WriteDependencies,
): Promise<Attempt> {
  const { namespace, name, uid, kind } = workload;
  const { generation } = workload.rollout;
  const input = JSON.stringify([patch, uid, generation]);
  const hold = backoff.hold(target, input) ?? (dryRun ? undefined : backoff.rookHold(namespace));
  if (hold !== undefined) return heldBack(hold);
  return send(
    {
      namespace,
      targets: [target],
      input,
      resource: `${WORKLOADS[kind].resource}.apps/${name}`,
      store: watches.workloads[slotSpec.slot],
      dryRun,
      send: () => writer.patchWorkload(slotSpec, namespace, patch, { dryRun }),
      read: () => writer.readWorkload(slotSpec, namespace),
      isAsSent: (response) => isOnPort(response, assignedPort),
      isNextVersion: ({ rollout }) => rollout.generation <= generation + 1,
    },
    backoff,
  );
}

function isOnPort({ sidecar }: Workload, port: number): boolean {
  return sidecar !== undefined && movePort(sidecar, '', port).length === 0;
}
