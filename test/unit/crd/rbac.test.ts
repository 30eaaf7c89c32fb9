// What config/rbac grants is exactly what the operator asks for: each right is listed as one line, and the names come
// from the code that makes the requests.
import { describe, expect, test } from 'vitest';
import { API_GROUP, ASSIGNMENT_NAME, ASSIGNMENT_PLURAL } from '../../../src/domain/rules/api.js';
import { ROOK_CONFIG_NAME } from '../../../src/domain/rules/rook-config.js';
import { SLOT_SPECS } from '../../../src/domain/rules/slots.js';
import { WATCH_TABLE, type WatchRow } from '../../../src/watched/watch-table.js';
import { rightsOf, type Role } from '../../support/rights.js';
import { readManifest, yamlFiles } from './manifests.js';

function rights(path: string): string[] {
  return rightsOf((readManifest(path) as Role).rules);
}

const WORKLOADS = SLOT_SPECS.map(({ kind, workload }) => `apps/${kind.toLowerCase()}s ${workload}`);
const CONFIG = `/configmaps ${ROOK_CONFIG_NAME}`;
const ASSIGNMENT = `${API_GROUP}/${ASSIGNMENT_PLURAL} ${ASSIGNMENT_NAME}`;
const STATUS = `${API_GROUP}/${ASSIGNMENT_PLURAL}/status ${ASSIGNMENT_NAME}`;
const EVENTS = 'events.k8s.io/events (any)';

const { workloads, ...others } = WATCH_TABLE;
type Watched = Pick<WatchRow<unknown>, 'group' | 'resource' | 'name' | 'folder'>;
const ROWS: readonly Watched[] = [...Object.values(workloads), ...Object.values(others)];
const objectOf = ({ group, resource, name = '(any)' }: Watched): string => `${group}/${resource} ${name}`;
const OPTIONAL_ROWS = ROWS.filter(({ folder }) => folder !== undefined);
const WATCHED = ROWS.filter((row) => !OPTIONAL_ROWS.includes(row)).map(objectOf);

function reading(objects: readonly string[]): string[] {
  return [...watching(objects), ...getting(objects)];
}

function watching(objects: readonly string[]): string[] {
  return objects.flatMap((object) => ['list', 'watch'].map((verb) => `${verb} ${object}`));
}

/** What is never written need not be read again. */
function getting(objects: readonly string[]): string[] {
  return objects.map((object) => `get ${object}`);
}

const READ = [...watching(WATCHED), ...getting([...WORKLOADS, CONFIG, ASSIGNMENT])];
const READ_PODS = watching(['/pods (any)']);
const REVIEW = [
  'create authentication.k8s.io/tokenreviews (any)',
  'create authorization.k8s.io/subjectaccessreviews (any)',
];
const WRITE = [
  ...[...WORKLOADS, CONFIG, STATUS].map((object) => `patch ${object}`),
  `create ${EVENTS}`,
  `patch ${EVENTS}`,
];

/** By its name alone, so that it is the one that `--leader-elect` uses. */
const LEASE = ['get', 'create', 'patch'].map((verb) => `${verb} coordination.k8s.io/leases csi-port-operator`);
const OF_PEOPLE = `${API_GROUP}/${ASSIGNMENT_PLURAL} (any)`;
const STATUS_OF_PEOPLE = `get ${API_GROUP}/${ASSIGNMENT_PLURAL}/status (any)`;
const EDIT = ['create', 'update', 'patch', 'delete'].map((verb) => `${verb} ${OF_PEOPLE}`);

describe('config/rbac', () => {
  test.each([
    ['config/rbac/leader-election/role.yaml', 'Role', LEASE],
    ['config/rbac/aggregated/editor_role.yaml', 'ClusterRole', [...reading([OF_PEOPLE]), ...EDIT, STATUS_OF_PEOPLE]],
    ['config/rbac/aggregated/viewer_role.yaml', 'ClusterRole', [...reading([OF_PEOPLE]), STATUS_OF_PEOPLE]],
    ['config/rbac/cluster-reader/cluster_role.yaml', 'ClusterRole', READ],
    ['config/rbac/host-network-pods/cluster_role.yaml', 'ClusterRole', READ_PODS],
    ['config/rbac/rook-namespace/role.yaml', 'Role', WRITE],
    ['config/rbac/single-namespace/role.yaml', 'Role', [...READ, ...READ_PODS, ...WRITE]],
    ['config/rbac/metrics-auth/auth_role.yaml', 'ClusterRole', REVIEW],
    ['config/rbac/metrics-auth/reader_role.yaml', 'ClusterRole', ['get /metrics']],
  ])('%s grants what is asked for, and nothing more', (path, kind, wanted) => {
    expect(readManifest(path)).toMatchObject({ kind });
    expect(rights(path)).toEqual([...wanted].sort());
  });

  test('what is watched beyond the common rights is what the folders grant that the watches name', () => {
    expect(OPTIONAL_ROWS.map((row) => [row.folder, ...watching([objectOf(row)])])).toEqual([
      ['config/rbac/host-network-pods', ...READ_PODS],
    ]);
  });

  test('has no other roles', () => {
    const roles = yamlFiles('config').filter((path) => 'rules' in (readManifest(path) as object));
    expect(roles.map((path) => path.replace('config/rbac/', ''))).toEqual([
      'aggregated/editor_role.yaml',
      'aggregated/viewer_role.yaml',
      'cluster-reader/cluster_role.yaml',
      'host-network-pods/cluster_role.yaml',
      'leader-election/role.yaml',
      'metrics-auth/auth_role.yaml',
      'metrics-auth/reader_role.yaml',
      'rook-namespace/role.yaml',
      'single-namespace/role.yaml',
    ]);
  });

  test('what people get comes with the roles of Kubernetes that they have already', () => {
    const AGGREGATE = 'rbac.authorization.k8s.io/aggregate-to-';
    const aggregated = (name: string): string[] => {
      const { metadata } = readManifest(`config/rbac/aggregated/${name}_role.yaml`) as Role;
      return Object.keys(metadata.labels!).flatMap((label) => label.split(AGGREGATE)[1] ?? []);
    };
    expect(aggregated('editor')).toEqual(['admin', 'edit']);
    expect(aggregated('viewer')).toEqual(['view']);
  });

  test('has no wildcard', () => {
    for (const path of yamlFiles('config/rbac')) expect(JSON.stringify(readManifest(path)), path).not.toContain('*');
  });

  test.each([
    'cluster-reader/cluster_role',
    'host-network-pods/cluster_role',
    'leader-election/role',
    'metrics-auth/auth_role',
    'rook-namespace/role',
    'single-namespace/role',
  ])('%s is bound to the account of the operator', (path) => {
    const role = readManifest(`config/rbac/${path}.yaml`) as { kind: string; metadata: { name: string } };
    expect(readManifest(`config/rbac/${path}_binding.yaml`)).toMatchObject({
      kind: `${role.kind}Binding`,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role.kind, name: role.metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: 'csi-port-operator', namespace: 'csi-port-operator-system' }],
    });
  });
});
