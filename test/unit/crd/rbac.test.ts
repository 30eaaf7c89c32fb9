// What config/rbac grants is exactly what the operator asks for: each right is listed as one line, and the names come
// from the code that makes the requests.
import { describe, expect, test } from 'vitest';
import { API_GROUP, ASSIGNMENT_NAME, ASSIGNMENT_PLURAL } from '../../../src/domain/api.js';
import { ROOK_CONFIG_NAME } from '../../../src/domain/rook-config.js';
import { ROOK_OPERATOR_NAME } from '../../../src/domain/rook-operator.js';
import { SLOT_LAYOUTS } from '../../../src/domain/slots.js';
import { readManifest, yamlFiles } from './manifests.js';

interface Role {
  readonly kind: string;
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** One line per verb, group, resource and name; a name of `(any)` where a rule names none. */
function rights(path: string): string[] {
  const { rules } = readManifest(path) as Role;
  return rules
    .flatMap(({ apiGroups, resources, resourceNames = ['(any)'], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          resourceNames.flatMap((name) => verbs.map((verb) => `${verb} ${group}/${resource} ${name}`)),
        ),
      ),
    )
    .sort();
}

const WORKLOADS = SLOT_LAYOUTS.map(({ kind, workload }) => `apps/${kind.toLowerCase()}s ${workload}`);
const CONFIG = `/configmaps ${ROOK_CONFIG_NAME}`;
const ASSIGNMENT = `${API_GROUP}/${ASSIGNMENT_PLURAL} ${ASSIGNMENT_NAME}`;
const STATUS = `${API_GROUP}/${ASSIGNMENT_PLURAL}/status ${ASSIGNMENT_NAME}`;
const EVENTS = 'events.k8s.io/events (any)';

const READ = [...WORKLOADS, `apps/deployments ${ROOK_OPERATOR_NAME}`, CONFIG, ASSIGNMENT].flatMap((object) =>
  ['get', 'list', 'watch'].map((verb) => `${verb} ${object}`),
);
const WRITE = [
  ...[...WORKLOADS, CONFIG, STATUS].map((object) => `patch ${object}`),
  `create ${EVENTS}`,
  `patch ${EVENTS}`,
];

describe('config/rbac', () => {
  test.each([
    ['config/rbac/cluster-reader/cluster_role.yaml', 'ClusterRole', READ],
    ['config/rbac/rook-namespace/role.yaml', 'Role', WRITE],
    ['config/rbac/single-namespace/role.yaml', 'Role', [...READ, ...WRITE]],
  ])('%s grants what the operator asks for, and nothing more', (path, kind, wanted) => {
    expect(readManifest(path)).toMatchObject({ kind });
    expect(rights(path)).toEqual([...wanted].sort());
  });

  test('has no other roles', () => {
    const roles = yamlFiles('config').filter((path) => 'rules' in (readManifest(path) as object));
    expect(roles).toHaveLength(3);
  });

  test('has no wildcard', () => {
    for (const path of yamlFiles('config/rbac')) expect(JSON.stringify(readManifest(path)), path).not.toContain('*');
  });

  test.each(['cluster-reader/cluster_role', 'rook-namespace/role', 'single-namespace/role'])(
    '%s is bound to the account of the operator',
    (path) => {
      const role = readManifest(`config/rbac/${path}.yaml`) as { kind: string; metadata: { name: string } };
      expect(readManifest(`config/rbac/${path}_binding.yaml`)).toMatchObject({
        kind: `${role.kind}Binding`,
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role.kind, name: role.metadata.name },
        subjects: [{ kind: 'ServiceAccount', name: 'csi-port-operator', namespace: 'csi-port-operator-system' }],
      });
    },
  );
});
