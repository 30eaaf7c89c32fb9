/** What stands for the placeholders of the pages. Images need nothing in their place: no node here pulls any. */
import type { ControlPlane } from '../control-plane/control-plane.js';
import { OPERATOR_NAMESPACE } from '../operator-account.js';

const NAMESPACE = 'rook-ceph';
const NODE = 'node-1';
/** Of POD: the operator's in its own namespace, else one with a sidecar. */
const OPERATOR_PODS = 'app.kubernetes.io/name=csi-port-operator';
const PODS_WITH_SIDECAR = 'app=csi-rbdplugin';

export async function withoutPlaceholders(command: string, controlPlane: ControlPlane): Promise<string> {
  const filled = command.replaceAll(/\bNS\b/g, NAMESPACE).replaceAll(/\bNODE\b(?!:)/g, NODE);
  if (!/(?<![=,])\bPOD\b/.test(filled)) return filled;
  return filled.replaceAll(/(?<![=,])\bPOD\b/g, await podFor(filled, controlPlane));
}

async function podFor(command: string, { api }: ControlPlane): Promise<string> {
  const isOperator = command.includes(OPERATOR_NAMESPACE);
  const [namespace, selector] = isOperator ? [OPERATOR_NAMESPACE, OPERATOR_PODS] : [NAMESPACE, PODS_WITH_SIDECAR];
  const [pod] = await api.list(`/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`);
  if (pod === undefined) throw new Error(`no pod of ${selector} in namespace ${namespace}`);
  return pod.metadata.name!;
}
