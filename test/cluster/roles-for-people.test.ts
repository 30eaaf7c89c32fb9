/** What people may do with CSIPortAssignments by the roles of Kubernetes that they have anyway. */
import { beforeAll, describe, expect, test } from 'vitest';
import { isAllowed } from '../support/access.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { useCluster } from '../support/cluster.js';

const cluster = useCluster({ nodes: 1 });

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const;
const PEOPLE = { admin: 'ada', edit: 'eve', view: 'vic' } as const;
const RIGHTS = {
  admin: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
  edit: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
  view: ['get', 'list', 'watch'],
} as const;
const ROLES = ['admin', 'edit', 'view'] as const;

/** Whether the API server would let the user do this to any assignment of the namespace. */
function may(user: string, namespace: string, verb: string, subresource = ''): Promise<boolean> {
  const right = { verb, group: 'csiports.io', resource: 'csiportassignments', subresource, namespace };
  return isAllowed(cluster().controlPlane.api, user, right);
}

async function allowed(user: string, namespace: string, subresource?: string): Promise<string[]> {
  const answers = await Promise.all(VERBS.map((verb) => may(user, namespace, verb, subresource)));
  return VERBS.filter((_, index) => answers[index]);
}

beforeAll(async () => {
  const { controlPlane } = cluster();
  await controlPlane.kubectl(['apply', '-k', 'config/rbac/aggregated']);
  for (const name of ['rook-ceph', 'other']) await controlPlane.kubectl(['create', 'namespace', name]);
  for (const [role, user] of Object.entries(PEOPLE)) {
    const binding = ['create', 'rolebinding', user, '--clusterrole', role, '--user', user];
    await controlPlane.kubectl(['-n', 'rook-ceph', ...binding]);
  }
  // The controller manager fills the roles, from one role after the other.
  for (const role of ROLES) {
    const user = PEOPLE[role];
    await waitFor(`the role of ${user} to be filled`, async () => {
      const isFilled = (await allowed(user, 'rook-ceph')).length >= RIGHTS[role].length;
      return isFilled && (await may(user, 'rook-ceph', 'get', 'status'));
    });
  }
});

describe.each(ROLES)('whoever has the role %s in a namespace', (role) => {
  test('has these verbs on its assignments, and may read the status', async () => {
    expect(await allowed(PEOPLE[role], 'rook-ceph')).toEqual(RIGHTS[role]);
    expect(await allowed(PEOPLE[role], 'rook-ceph', 'status')).toEqual(['get']);
  });

  test('has nothing of it in another namespace', async () => {
    expect(await allowed(PEOPLE[role], 'other')).toEqual([]);
  });
});

test('an editor asks for an assignment and takes it back, a viewer reads it and cannot', async () => {
  const { controlPlane } = cluster();
  const as = (user: string, ...args: string[]): Promise<string> =>
    controlPlane.kubectl(['--as', user, '-n', 'rook-ceph', ...args]);
  const sample = ['-f', 'config/samples/csiportassignment.yaml'];
  await expect(as(PEOPLE.view, 'apply', ...sample)).rejects.toThrow('cannot create resource "csiportassignments"');
  await as(PEOPLE.edit, 'apply', ...sample);
  expect(await as(PEOPLE.view, 'get', 'csiports', '--output=name')).toContain('/default');
  await expect(as(PEOPLE.view, 'delete', 'csiports', 'default')).rejects.toThrow('cannot delete resource');
  const pretend = ['patch', 'csiports', 'default', '--subresource=status', '--type=merge', '--patch={"status":{}}'];
  await expect(as(PEOPLE.edit, ...pretend)).rejects.toThrow('cannot patch resource "csiportassignments/status"');
  await as(PEOPLE.edit, 'delete', 'csiports', 'default');
});
