/** docs/admin/rights.md, made from the roles in config/rbac and a reason for each of their rules. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Rule } from '../test/support/rights.js';

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules: readonly Rule[];
}

/** A role's file in config/rbac, and a reason per rule: by its resource and first name. */
interface DescribedRole {
  readonly file: string;
  readonly reasons: Readonly<Record<string, string>>;
}

interface Section {
  readonly title: string;
  readonly roles: readonly DescribedRole[];
  readonly text: string;
}

const READ = 'port, host network, rollout';
const MOVE = 'move the port';

const READER = 'cluster-reader/cluster_role.yaml';
const PODS = 'host-network-pods/cluster_role.yaml';
const WRITER = 'rook-namespace/role.yaml';
/** Has what these three have, and no row of its own. */
const SINGLE_NAMESPACE = 'single-namespace/role.yaml';

const SECTIONS: readonly Section[] = [
  {
    title: 'Reading in all namespaces',
    roles: [
      {
        file: READER,
        reasons: {
          'deployments csi-rbdplugin-provisioner': READ,
          'deployments rook-ceph-operator': "Rook's version, and whether it runs",
          'daemonsets csi-rbdplugin': READ,
          'configmaps rook-ceph-operator-config': 'the port keys, and who wrote them',
          'csiportassignments default': 'the spec',
          'drivers ': 'whether ceph-csi-operator renders workloads; optional',
        },
      },
    ],
    text: `RBAC allows \`list\` and \`watch\` by name only with \`fieldSelector=metadata.name=NAME\`. So other objects of these kinds
cannot be read, and no Secret.`,
  },
  {
    title: 'Listing pods',
    roles: [{ file: PODS, reasons: { 'pods ': 'who takes which host port; why a CSI pod does not run' } }],
    text: `The operator requests only pods on the host network. RBAC cannot limit the rule to them. You may
[leave this right out](install.md#kustomize-options). Then:

- a sidecar may be moved onto a port that another pod holds;
- two Rooks count as sharing their nodes, so the younger may be moved without need;
- \`conflicts\` names no pods and no nodes, and the message about a stuck rollout no cause.

\`/readyz\` and one log line mention it, and \`csiports_watch_up{resource="pods"}\` is 0.`,
  },
  {
    title: 'Writing in each Rook namespace',
    roles: [
      {
        file: WRITER,
        reasons: {
          'deployments csi-rbdplugin-provisioner': MOVE,
          'daemonsets csi-rbdplugin': MOVE,
          'configmaps rook-ceph-operator-config': 'pin the port keys',
          'csiportassignments/status default': 'report; the spec cannot be written',
          'events ': 'report; event names are not known before',
        },
      },
    ],
    text: `One for each namespace in which the operator may write. Without it not even the status is written there. A patch cannot
create, replace or delete a workload.`,
  },
  {
    title: 'Single namespace',
    roles: [{ file: SINGLE_NAMESPACE, reasons: {} }],
    text: `The [same rights](install.md#single-namespace), in Rook's namespace only.`,
  },
  {
    title: 'Leader election',
    roles: [
      {
        file: 'leader-election/role.yaml',
        reasons: { 'leases csi-port-operator': 'one replica writes' },
      },
    ],
    text: `In the operator's namespace.`,
  },
  {
    title: 'Metrics over TLS',
    roles: [
      {
        file: 'metrics-auth/auth_role.yaml',
        reasons: {
          'tokenreviews ': 'whose token a scrape has',
          'subjectaccessreviews ': 'whether that account may read /metrics',
        },
      },
      { file: 'metrics-auth/reader_role.yaml', reasons: { '/metrics': 'for Prometheus, not for the operator' } },
    ],
    text: 'Only with `--metrics-cert-path`.',
  },
  {
    title: 'People',
    roles: [
      {
        file: 'aggregated/editor_role.yaml',
        reasons: {
          'csiportassignments ': 'part of the roles `admin` and `edit`',
          'csiportassignments/status ': 'the operator writes it',
        },
      },
      {
        file: 'aggregated/viewer_role.yaml',
        reasons: {
          'csiportassignments ': 'part of the role `view`',
          'csiportassignments/status ': 'the same',
        },
      },
    ],
    text: 'Not for the operator.',
  },
];

/** The files of roles that the page describes. */
export const DESCRIBED_ROLES = SECTIONS.flatMap(({ roles }) => roles.map(({ file }) => `config/rbac/${file}`));

const INTRODUCTION = `# Rights

Each rule of \`config/rbac\` and its reason. The Helm chart grants the same. See also
[what a stolen token can do](../../SECURITY.md#what-a-stolen-token-could-do).

If a right is missing, the log names it; see [Forbidden](troubleshoot.md#forbidden).
`;

/** @throws Error if a rule has no reason, or a reason no rule, or a layout has other rights than the page says */
export function rbacPage(): string {
  checkSingleNamespace();
  return INTRODUCTION + SECTIONS.map(section).join('');
}

function section({ title, roles, text }: Section): string {
  const names = roles.map(({ file }) => `${read(file).kind} \`${read(file).metadata.name}\``);
  const folder = `config/rbac/${roles[0]?.file.split('/')[0]}`;
  const rows = roles.filter(({ file }) => file !== SINGLE_NAMESPACE).flatMap(rowsOf);
  const table = rows.length === 0 ? '' : `\n| resource | verbs | reason |\n|---|---|---|\n${rows.join('')}`;
  return `\n## ${title}\n\n${names.join(', ')} of \`${folder}\`.\n${text}\n${table}`;
}

function rowsOf({ file, reasons }: DescribedRole): string[] {
  const { rules } = read(file);
  const known = rules.map(keyOf);
  const stray = Object.keys(reasons).filter((key) => !known.includes(key));
  if (stray.length > 0) throw new Error(`no rule of ${file} is about ${stray.join(', ')}`);
  return rules.map((rule) => {
    const reason = reasons[keyOf(rule)];
    if (reason === undefined) throw new Error(`the rule of ${file} about ${keyOf(rule)} has no reason`);
    return `| ${[thingsOf(rule), rule.verbs.join(', '), reason].join(' | ')} |\n`;
  });
}

function read(file: string): Role {
  return parse(readFileSync(`config/rbac/${file}`, 'utf8')) as Role;
}

/** That the Role of the single-namespace layout grants what the three roles of the cluster-wide layout grant. */
function checkSingleNamespace(): void {
  const grants = (...files: string[]): string =>
    [...new Set(files.flatMap((file) => read(file).rules.flatMap(grantsOf)))].sort().join('\n');
  if (grants(SINGLE_NAMESPACE) !== grants(READER, PODS, WRITER)) {
    throw new Error(`${SINGLE_NAMESPACE} does not grant the same as ${READER}, ${PODS} and ${WRITER}`);
  }
}

function grantsOf({ apiGroups = [], resources = [], resourceNames = ['*'], verbs }: Rule): string[] {
  const objects = apiGroups.flatMap((group) =>
    resources.flatMap((resource) => resourceNames.map((name) => `${resource}.${group} ${name}`)),
  );
  return objects.flatMap((object) => verbs.map((verb) => `${verb} ${object}`));
}

function keyOf({ resources = [], nonResourceURLs, resourceNames }: Rule): string {
  return nonResourceURLs?.join(',') ?? `${resources.join(',')} ${resourceNames?.[0] ?? ''}`;
}

/** Resources as `kubectl` takes them, such as `deployments.apps`, with their names; or paths. */
function thingsOf({
  apiGroups: [group = ''] = [],
  resources = [],
  nonResourceURLs = [],
  resourceNames = [],
}: Rule): string {
  const withGroup = resources.map((resource) => {
    const [name = '', ...subresource] = resource.split('/');
    return [group === '' ? name : `${name}.${group}`, ...subresource].join('/');
  });
  const kinds = [...withGroup, ...nonResourceURLs].map((thing) => `\`${thing}\``).join(', ');
  return [kinds, resourceNames.join(', ')].filter((part) => part !== '').join(' ');
}
