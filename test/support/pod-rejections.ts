/** Ways in which an API server rejects the pods of a namespace. Each is in force when it resolves, and gone after the test. */
import { onTestFinished } from 'vitest';
import { AdminApiError } from './control-plane/admin-api.js';
import type { ControlPlane } from './control-plane/control-plane.js';
import { waitFor } from './control-plane/wait-for.js';

export interface Rejection {
  /** Back when pods are admitted again. */
  end(): Promise<void>;
}

const POLICIES = '/apis/admissionregistration.k8s.io/v1';

/** A policy on host ports, from the first to the last one. */
export async function rejectHostPorts(
  controlPlane: ControlPlane,
  namespace: string,
  [first, last]: readonly [number, number],
): Promise<Rejection> {
  const { api } = controlPlane;
  const name = `host-ports-${namespace}`;
  const inRange = `has(p.hostPort) && p.hostPort >= ${first} && p.hostPort <= ${last}`;
  const validation = {
    expression: `!object.spec.containers.exists(c, has(c.ports) && c.ports.exists(p, ${inRange}))`,
    message: `host ports from ${first} to ${last} are reserved`,
  };
  const apiVersion = 'admissionregistration.k8s.io/v1';
  await api.create<object>(`${POLICIES}/validatingadmissionpolicies`, {
    apiVersion,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
      validations: [validation],
    },
  });
  await api.create<object>(`${POLICIES}/validatingadmissionpolicybindings`, {
    apiVersion,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'] },
  });
  return inForce(controlPlane, namespace, first, async () => {
    await api.delete(`${POLICIES}/validatingadmissionpolicies?fieldSelector=metadata.name%3D${name}`);
    await api.delete(`${POLICIES}/validatingadmissionpolicybindings?fieldSelector=metadata.name%3D${name}`);
  });
}

/** A quota that is used up. Nobody counts here, so its status is written with it. */
export async function exhaustQuota(controlPlane: ControlPlane, namespace: string): Promise<Rejection> {
  const { api } = controlPlane;
  const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`;
  const hard = { pods: '9' };
  await api.create<object>(quotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'few-pods' },
    spec: { hard },
  });
  await api.patch(`${quotas}/few-pods/status`, { status: { hard, used: hard } });
  return inForce(controlPlane, namespace, 1, async () => {
    await api.delete(quotas);
  });
}

/** Pod Security Admission, which lets no pod on the host network in. */
export async function restrictNamespace(controlPlane: ControlPlane, namespace: string): Promise<Rejection> {
  const enforce = async (level: string | null): Promise<void> => {
    const labels = { 'pod-security.kubernetes.io/enforce': level };
    await controlPlane.api.patch(`/api/v1/namespaces/${namespace}`, { metadata: { labels } });
  };
  await enforce('restricted');
  return inForce(controlPlane, namespace, 1, () => enforce(null));
}

async function inForce(
  controlPlane: ControlPlane,
  namespace: string,
  port: number,
  remove: () => Promise<void>,
): Promise<Rejection> {
  const isRejected = (): Promise<boolean> => isPodRejected(controlPlane, namespace, port);
  const end = async (): Promise<void> => {
    await remove();
    await waitFor('pods to be admitted', async () => !(await isRejected()));
  };
  onTestFinished(end);
  await waitFor('pods to be rejected', isRejected);
  return { end };
}

async function isPodRejected({ api }: ControlPlane, namespace: string, port: number): Promise<boolean> {
  const containers = [{ name: 'probe', image: 'registry.example/probe:1', ports: [{ containerPort: port }] }];
  const probe = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'probe' }, spec: { hostNetwork: true, containers } };
  try {
    await api.create<object>(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, probe);
    return false;
  } catch (error) {
    if (error instanceof AdminApiError && [403, 422].includes(error.status)) return true;
    throw error;
  }
}
