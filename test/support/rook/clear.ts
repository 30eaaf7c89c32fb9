/** Leaves nothing of Rook's workloads and of an assignment in a namespace. */
import type { AdminApi } from '../control-plane/admin-api.js';
import { waitFor } from '../control-plane/wait-for.js';

/** A deleted namespace would do, but takes seconds; ports are free once the pods are gone. */
export async function clearRook(api: AdminApi, namespace: string): Promise<void> {
  // Whole collections: the garbage collector deletes what Rook's Deployment owns at the same time.
  await api.delete(`/apis/csiports.io/v1alpha1/namespaces/${namespace}/csiportassignments`);
  for (const plural of ['deployments', 'daemonsets']) {
    await api.delete(`/apis/apps/v1/namespaces/${namespace}/${plural}`);
  }
  await waitFor(`the pods of ${namespace} to be gone`, async () => {
    return (await api.list(`/api/v1/namespaces/${namespace}/pods`)).length === 0;
  });
}
