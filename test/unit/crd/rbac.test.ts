// What config/rbac grants is exactly what the operator asks for: each right is listed as one line, and the names come
// from the code that makes the requests.
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { API_GROUP, ASSIGNMENT_NAME, ASSIGNMENT_PLURAL } from '../../../src/domain/api.js';
import { ROOK_CONFIG_NAME } from '../../../src/domain/rook-config.js';
import { ROOK_OPERATOR_NAME } from '../../../src/domain/rook-operator.js';
import { SLOT_LAYOUTS } from '../../../src/domain/slots.js';
import { defaultDrivers, upstreamWorkloads } from '../../../src/domain/upstream.js';
import { driverSource } from '../../../src/kube/resources.js';
import { readManifest, readText, yamlFiles } from './manifests.js';

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

const { group, resource } = driverSource().rule;
const DRIVERS = `${group}/${resource} (any)`;
const UPSTREAM = defaultDrivers('rook-ceph')
  .flatMap(upstreamWorkloads)
  .map(({ kind, name }) => `apps/${kind.toLowerCase()}s ${name}`);

function reading(objects: readonly string[]): string[] {
  return objects.flatMap((object) => ['get', 'list', 'watch'].map((verb) => `${verb} ${object}`));
}

const READ = reading([...WORKLOADS, `apps/deployments ${ROOK_OPERATOR_NAME}`, CONFIG, ASSIGNMENT, DRIVERS]);
/** By names that hold the namespace. */
const READ_IN_NAMESPACE = reading(UPSTREAM);
const WRITE = [
  ...[...WORKLOADS, CONFIG, STATUS].map((object) => `patch ${object}`),
  `create ${EVENTS}`,
  `patch ${EVENTS}`,
];

describe('config/rbac', () => {
  test.each([
    ['config/rbac/cluster-reader/cluster_role.yaml', 'ClusterRole', READ],
    ['config/rbac/rook-namespace/role.yaml', 'Role', [...READ_IN_NAMESPACE, ...WRITE]],
    ['config/rbac/single-namespace/role.yaml', 'Role', [...READ, ...READ_IN_NAMESPACE, ...WRITE]],
  ])('%s grants what the operator asks for, and nothing more', (path, kind, wanted) => {
    expect(readManifest(path)).toMatchObject({ kind });
    expect(rights(path)).toEqual([...wanted].sort());
  });

  test.each(['config/rbac/rook-namespace/kustomization.yaml', 'config/single-namespace/kustomization.yaml'])(
    'the replacement in %s names the rules whose names hold the namespace, and no other',
    (path) => {
      const replaced = /fieldPaths: \[(.*)\]/.exec(readText(path))?.[1]?.split(', ');
      const role = path.includes('single') ? 'config/rbac/single-namespace/role.yaml' : `${dirname(path)}/role.yaml`;
      const { rules } = readManifest(role) as Role;
      const holding = rules.flatMap(({ resourceNames = [] }, index) =>
        resourceNames.every((name) => name.startsWith('rook-ceph.')) && resourceNames.length > 0
          ? [`rules.${index}.resourceNames.*`]
          : [],
      );
      expect(replaced).toEqual(holding);
      expect(holding).toHaveLength(2);
    },
  );

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
