/** The patch of one workload, unless it is held back. */
import type { PortAssignment } from '../domain/rules/api.js';
import { portWriter } from '../domain/rules/field-managers.js';
import type { Plan, WorkloadPlan } from '../domain/rules/plan.js';
import { movePort } from '../domain/rules/sidecar-port.js';
import type { Workload } from '../domain/rules/workload.js';
import type { WriteResult } from '../domain/report/write-result.js';
import { WORKLOADS } from '../kube/resources.js';
import { NOTHING_TO_SEND, heldBack, send, resultOf, type Attempt, type WriteDependencies } from './send.js';
import { targetOf, type WriteTarget } from './write-backoff.js';

type Drifted = WorkloadPlan & Required<Pick<WorkloadPlan, 'workload' | 'patch'>>;

export async function patchWorkload(
  row: WorkloadPlan,
  plan: Plan,
  assignment: PortAssignment,
  deps: WriteDependencies,
): Promise<WriteResult> {
  const { slotSpec, assignedPort, currentPort, unreadable } = row;
  const { kind, workload: name, slot } = slotSpec;
  const about = { kind, name, slot, to: assignedPort, ...(currentPort === undefined ? {} : { from: currentPort }) };
  if (unreadable !== undefined) return { ...about, outcome: 'Rejected', isSent: false, cause: unreadable };
  const { backoff } = deps;
  const target = targetOf(assignment, name, assignedPort);
  const { workload } = row;
  if (workload !== undefined && (row.state === 'Ready' || row.state === 'RollingOut'))
    backoff.reached(target, workload.uid);
  if (!isDrifted(row) || plan.mode === 'Paused') return resultOf(about, NOTHING_TO_SEND, backoff.contest(target));
  const reverted = backoff.differs(target, row.workload.uid, portWriter(row.workload));
  const attempt = await attemptPatch(row, { target, dryRun: plan.mode === 'DryRun' }, deps);
  return resultOf({ ...about, ...(reverted && { reverted }) }, attempt, backoff.contest(target));
}

function isDrifted(row: WorkloadPlan): row is Drifted {
  return row.workload !== undefined && row.patch !== undefined;
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
