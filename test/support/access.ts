/** What the API server lets somebody do: it takes up changed roles a moment after they are stored. */
import type { AdminApi, KubeObject } from './control-plane/admin-api.js';
import { waitFor } from './control-plane/wait-for.js';

export interface ResourceRight {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** Of a path that is no resource. */
export interface PathRight {
  readonly verb: string;
  readonly path: string;
}

export type Right = ResourceRight | PathRight;

interface Review extends KubeObject {
  status?: { allowed: boolean };
}

export async function isAllowed(api: AdminApi, user: string, right: Right): Promise<boolean> {
  const asked = 'path' in right ? { nonResourceAttributes: right } : { resourceAttributes: { version: '*', ...right } };
  const review: Review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: { user, ...asked },
  };
  return (await api.create('/apis/authorization.k8s.io/v1/subjectaccessreviews', review)).status!.allowed;
}

export async function waitUntilAllowed(api: AdminApi, user: string, right: Right): Promise<void> {
  await waitFor(`${user} to be allowed ${JSON.stringify(right)}`, () => isAllowed(api, user, right));
}

export async function waitUntilForbidden(api: AdminApi, user: string, right: Right): Promise<void> {
  await waitFor(`${user} to be forbidden ${JSON.stringify(right)}`, async () => !(await isAllowed(api, user, right)));
}
