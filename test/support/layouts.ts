/** An API server alone with both layouts of config/ applied, as an admin would, without a warning. */
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { waitUntilAllowed } from './access.js';
import { AdminApiError, type KubeObject } from './control-plane/admin-api.js';
import { ControlPlane } from './control-plane/control-plane.js';
import { waitFor } from './control-plane/wait-for.js';
import { OPERATOR_NAME, OPERATOR_NAMESPACE, toWriteTheStatus } from './operator-account.js';

export const CONFIG = join(import.meta.dirname, '../../config');
export const ASSIGNMENTS = '/apis/csiports.io/v1alpha1/namespaces/rook-ceph/csiportassignments';

/** Started before the tests of this file and stopped after them. */
export function useLayouts(): () => ControlPlane {
  let controlPlane: ControlPlane | undefined;
  beforeAll(async () => {
    const cluster = await ControlPlane.start({ nodes: 0 });
    controlPlane = cluster;
    // Also the one that config/default brings: a dry run stores no namespace for the objects after it.
    for (const name of ['rook-ceph', 'other-rook', OPERATOR_NAMESPACE]) {
      await cluster.api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
    for (const layout of ['default', 'single-namespace']) {
      const apply = ['apply', '--server-side', '--warnings-as-errors', '-k', join(CONFIG, layout)];
      await cluster.kubectl([...apply, '--dry-run=server']);
      await cluster.kubectl(apply);
    }
    await waitFor('the CRD to be served', () => cluster.api.list(ASSIGNMENTS));
    for (const namespace of [OPERATOR_NAMESPACE, 'rook-ceph']) {
      const user = `system:serviceaccount:${namespace}:${OPERATOR_NAME}`;
      await waitUntilAllowed(cluster.api, user, toWriteTheStatus('rook-ceph'));
    }
  });

  afterAll(() => controlPlane?.stop());
  return () => controlPlane!;
}

export const assignmentObject = (spec?: unknown, name = 'default'): KubeObject => ({
  apiVersion: 'csiports.io/v1alpha1',
  kind: 'CSIPortAssignment',
  metadata: { name },
  ...(spec === undefined ? {} : { spec }),
});

/** What the API server says against a request, one line per cause; empty when it takes it. */
export async function objections(request: Promise<unknown>): Promise<string[]> {
  try {
    await request;
    return [];
  } catch (error) {
    if (!(error instanceof AdminApiError)) throw error;
    const causes = error.body.details?.causes?.map(({ field, message }) => `${field!}: ${message!}`);
    // With a field of the wrong type the server adds that it could not check the rules.
    return (causes ?? [error.body.message!]).filter((line) => !line.includes('some validation rules were not checked'));
  }
}
