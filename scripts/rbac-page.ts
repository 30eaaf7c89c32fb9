/** docs/admin/rights.md, made from the roles in config/rbac and a reason for each of their rules. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Rule } from '../test/support/rights.js';

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules: readonly Rule[];
}

/** A role's file in config/rbac, what it is for, and a reason per rule: by its resource and first name. */
interface Section {
  readonly file: string;
  readonly title: string;
  readonly text: string;
  readonly reasons: Readonly<Record<string, string>>;
}

const READ_WORKLOADS = 'their ports, host network and rollout';
const READ_DAEMON_SET = 'its ports, host network and rollout';
const READ_ROOK = "Rook's version, and whether it is running; never written";
const READ_CONFIG = 'the port keys, and whose they are';
const READ_ASSIGNMENT = 'what is asked for';
const READ_DRIVERS =
  'whether ceph-csi-operator renders workloads here; a Driver has no fixed name. Without it all else goes on';
const READ_PODS = 'which host ports are taken, by whom and on which node, and why a CSI pod does not run';
const PATCH_PORTS = 'to move the port; patch alone, so nothing can be created, replaced or deleted';
const PIN = 'to pin the port keys';
const STATUS = 'to say what is so; the spec cannot be written';
const EVENTS =
  "to tell of what is done and met; an event's name is made up when it is created, a repeated one is patched";

const SECTIONS: readonly Section[] = [
  {
    file: 'cluster-reader/cluster_role.yaml',
    title: 'Reading, in all namespaces',
    text: `In the cluster-wide layout alone. \`list\` and \`watch\` limited by name pass only with
\`fieldSelector=metadata.name=NAME\`, so no other object of these kinds can be read, and no Secret
at all. \`get\` is for what is written as well: where somebody was faster, it is read again.`,
    reasons: {
      'deployments csi-rbdplugin-provisioner': READ_WORKLOADS,
      'deployments rook-ceph-operator': READ_ROOK,
      'daemonsets csi-rbdplugin': READ_DAEMON_SET,
      'configmaps rook-ceph-operator-config': READ_CONFIG,
      'csiportassignments default': READ_ASSIGNMENT,
      'drivers ': READ_DRIVERS,
    },
  },
  {
    file: 'host-network-pods/cluster_role.yaml',
    title: 'Reading the pods on the host network',
    text: `In the cluster-wide layout, a ClusterRole of its own, so that it can be left out: take \`host-network-pods\` out of the
resources, or set \`hostNetworkPods.enabled=false\` in the chart. The operator requests
\`fieldSelector=spec.hostNetwork=true\` alone, and of a pod it keeps name, owner, node, ports and, of a CSI pod, why it
does not run. RBAC cannot limit a rule by that field: a holder of the account's token can list all pods, with what stands
in their environment. Without this right the operator goes on from the CSI workloads, Rook's settings and the assignments
of other namespaces, and these are lost:

- a port that a stranger's pods hold is not known, so a sidecar may be moved onto it;
- two Rooks count as sharing their nodes, so the younger one is moved also where they do not; of more than nine Rooks, for which
  the ports would not suffice, each counts as alone;
- \`conflicts\` names no pods and no nodes, and a rollout that cannot go on is known by its counters alone.

The log says so once, with this folder as the remedy; \`/readyz\` has a line that does not fail it, and
\`csiports_watch_up{resource="pods"}\` is 0.`,
    reasons: { 'pods ': READ_PODS },
  },
  {
    file: 'rook-namespace/role.yaml',
    title: 'Writing, in each Rook namespace',
    text: `Instantiated for each namespace that the operator may write in. Without it nothing is written there, not even the
status. The log of the leader says \`Reconcile failed\`, with these rights as the remedy, and
\`csiports_reconcile_forbidden{namespace}\` is 1. If \`events\` alone may be written, the event \`Forbidden\` on the
assignment names the missing rights; if the status may be written, its conditions do. \`/readyz\` is no place to look: it
knows only of rights to read.`,
    reasons: {
      'deployments csi-rbdplugin-provisioner': PATCH_PORTS,
      'daemonsets csi-rbdplugin': 'the same',
      'configmaps rook-ceph-operator-config': PIN,
      'csiportassignments/status default': STATUS,
      'events ': EVENTS,
    },
  },
  {
    file: 'single-namespace/role.yaml',
    title: 'Both, inside one Rook namespace',
    text: `In the single-namespace layout, instead of the three above: no right outside the one namespace. Of the pods on the
host network only those of this namespace are seen, so a port that a stranger holds is not known.`,
    reasons: {
      'deployments csi-rbdplugin-provisioner': `${READ_WORKLOADS}; ${PATCH_PORTS}`,
      'deployments rook-ceph-operator': READ_ROOK,
      'daemonsets csi-rbdplugin': `${READ_DAEMON_SET}; patch as above`,
      'configmaps rook-ceph-operator-config': `${READ_CONFIG}; ${PIN}`,
      'csiportassignments default': READ_ASSIGNMENT,
      'csiportassignments/status default': STATUS,
      'drivers ': READ_DRIVERS,
      'pods ': READ_PODS,
      'events ': EVENTS,
    },
  },
  {
    file: 'leader-election/role.yaml',
    title: 'The Lease, in the namespace of the operator',
    text: 'In both layouts.',
    reasons: {
      'leases csi-port-operator':
        'so that one replica writes. The Lease is made by a server-side apply, a patch, so that even `create` is limited by name',
    },
  },
  {
    file: 'metrics-auth/auth_role.yaml',
    title: 'Asking who may read /metrics',
    text: 'With `--metrics-cert-path` alone, by `config/components/metrics-tls`.',
    reasons: {
      'tokenreviews ': 'whose bearer token it is that was shown',
      'subjectaccessreviews ': 'whether that account may `get` /metrics',
    },
  },
  {
    file: 'metrics-auth/reader_role.yaml',
    title: 'Reading /metrics',
    text: 'Not for the operator: bind it to the account of Prometheus.',
    reasons: { '/metrics': 'what the operator asks the API server about' },
  },
  {
    file: 'aggregated/editor_role.yaml',
    title: 'People who edit',
    text: `Not for the operator: added to the roles \`admin\` and \`edit\` of Kubernetes, in the cluster-wide layout, and where a
cluster admin applies \`config/rbac/aggregated\`.`,
    reasons: {
      'csiportassignments ': 'to ask for an assignment, to change it and to take it back',
      'csiportassignments/status ': 'to read the status by its own path; it is the operator that writes it',
    },
  },
  {
    file: 'aggregated/viewer_role.yaml',
    title: 'People who view',
    text: 'Added to the role `view`.',
    reasons: {
      'csiportassignments ': 'to see what is so, and why',
      'csiportassignments/status ': 'the same, by its own path',
    },
  },
];

/** The files of roles that the page tells of. */
export const DESCRIBED_ROLES = SECTIONS.map(({ file }) => `config/rbac/${file}`);

const INTRODUCTION = `# Rights

Every rule of \`config/rbac\`, with its reason. The chart grants the same; a test compares them. This page is made by
\`npm run docs\`, which fails where a rule has no reason. A right that is missing is named, with verb, resource, name and
namespace: by the log and \`/readyz\` (to read), by the assignment's conditions (to patch), by the event
\`Forbidden\` and by the log (the rest). \`csiports_reconcile_forbidden\` is 1 for a namespace in which a right to write is missing.
`;

/** @throws Error where a rule has no reason, or a reason no rule */
export function rbacPage(): string {
  return INTRODUCTION + SECTIONS.map(section).join('');
}

function section({ file, title, text, reasons }: Section): string {
  const { kind, metadata, rules } = parse(readFileSync(`config/rbac/${file}`, 'utf8')) as Role;
  const known = rules.map(keyOf);
  const stray = Object.keys(reasons).filter((key) => !known.includes(key));
  if (stray.length > 0) throw new Error(`no rule of ${file} is about ${stray.join(', ')}`);
  const rows = rules.map((rule) => {
    const reason = reasons[keyOf(rule)];
    if (reason === undefined) throw new Error(`the rule of ${file} about ${keyOf(rule)} has no reason`);
    const cells = [
      thingsOf(rule)
        .map((thing) => `\`${thing}\``)
        .join(', '),
      rule.resourceNames?.map((name) => `\`${name}\``).join(', ') ?? 'any',
      rule.verbs.join(', '),
      reason,
    ];
    return `| ${cells.join(' | ')} |\n`;
  });
  const head = `\n## ${title}\n\n${kind} \`${metadata.name}\`, \`config/rbac/${file}\`.\n${text}\n`;
  return `${head}\n| resource | names | verbs | why |\n|---|---|---|---|\n${rows.join('')}`;
}

function keyOf({ resources = [], nonResourceURLs, resourceNames }: Rule): string {
  return nonResourceURLs?.join(',') ?? `${resources.join(',')} ${resourceNames?.[0] ?? ''}`;
}

/** Resources as `kubectl` takes them, such as `deployments.apps`; or paths. */
function thingsOf({ apiGroups: [group = ''] = [], resources = [], nonResourceURLs = [] }: Rule): readonly string[] {
  const withGroup = resources.map((resource) => {
    const [name = '', ...subresource] = resource.split('/');
    return [group === '' ? name : `${name}.${group}`, ...subresource].join('/');
  });
  return [...withGroup, ...nonResourceURLs];
}
