/**
 * A dump without pods still has templates. For each template on the host network a pod stands in, on a node on which all of
 * them run: any two workloads may share one, as far as such a dump tells.
 */
import type { PortConflict } from '../../domain/rules/api.js';
import type { HostNetworkPod } from '../../domain/rules/host-network-pods.js';
import type { Plan } from '../../domain/rules/plan.js';
import type { WorkloadPlan } from '../../domain/rules/workload-plan.js';
import { isRecord } from '../../kube/validate.js';
import { projectHostNetworkPod } from '../../kube/pod-projection.js';
import type { RawDumpObject } from './raw-dump-object.js';

/** No node has this name. */
export const STAND_IN_NODE = '*';

const KINDS: ReadonlySet<string> = new Set(['Deployment', 'DaemonSet', 'StatefulSet']);

/** @returns undefined for a workload that is off the host network, has no pods or takes no port */
export function standInPod({ kind, metadata, spec }: RawDumpObject): HostNetworkPod | undefined {
  const template = KINDS.has(kind) && isRecord(spec) && spec.replicas !== 0 ? spec.template : undefined;
  if (!isRecord(template) || !isRecord(template.spec) || template.spec.hostNetwork !== true) return undefined;
  const { namespace, name, resourceVersion } = metadata;
  return projectHostNetworkPod({
    metadata: {
      namespace,
      name: `${name}-*`,
      uid: `pod of ${kind} ${namespace}/${name}`,
      resourceVersion,
      creationTimestamp: metadata.creationTimestamp,
      ownerReferences: [{ controller: true, kind, name }],
    },
    spec: { ...template.spec, nodeName: STAND_IN_NODE },
  });
}

/** The plan without the node of the stand-ins. */
export function withoutStandIns(plan: Plan): Plan {
  const { sidecars, liveness, upstream } = plan.conflicts;
  return {
    ...plan,
    conflicts: {
      sidecars: sidecars.map(withoutStandIn),
      liveness: liveness.map(withoutStandIn),
      upstream: upstream.map(withoutStandIn),
    },
    workloads: plan.workloads.map(rowWithoutStandIn),
  };
}

function withoutStandIn({ nodes, nodeCount, ...conflict }: PortConflict): PortConflict {
  if (nodes === undefined || nodes.includes(STAND_IN_NODE)) return conflict;
  return { ...conflict, nodes, ...(nodeCount === undefined ? {} : { nodeCount }) };
}

function rowWithoutStandIn(row: WorkloadPlan): WorkloadPlan {
  const { heldBy } = row;
  if (heldBy === undefined) return row;
  const claims = heldBy.map(({ nodes, ...claim }) => {
    return nodes === undefined || nodes.includes(STAND_IN_NODE) ? claim : { ...claim, nodes };
  });
  return { ...row, heldBy: claims };
}
