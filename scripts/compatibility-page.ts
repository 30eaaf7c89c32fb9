/** The table of docs/admin/compatibility.md, made from src/domain/report/compatibility.ts and from what is for the page alone. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { COMPATIBILITY, type CompatibilityRow } from '../src/domain/report/compatibility.js';

export const COMPATIBILITY_PAGE = 'docs/admin/compatibility.md';

const BEGIN = '<!-- the table: made by npm run docs -->\n';
const END = '<!-- end of the table -->\n';
const HEAD = ['Rook', 'rendered by', 'conflict by default', 'what this operator does', 'lasting remedy', 'evidence'];
const RENDERERS = { Rook: 'Rook (legacy mode)', CephCSIOperator: 'ceph-csi-operator' } as const;
const REPORTS_ONLY =
  'reports what is wrong with the workloads (UpstreamConflict, DriverWithoutWorkloads, HostNetworkLost), and never writes: ceph-csi-operator reverts foreign changes within seconds';

/** How a row is known. */
export type Evidence =
  /** This release of Rook was run, with the ceph-csi-operator that it ships where that renders, on a Kubernetes 1.36 control plane. */
  | { readonly kind: 'ran'; readonly rook: string; readonly upstream?: string }
  /** This test shows what the operator does. */
  | { readonly kind: 'tested'; readonly file: string }
  /** Read in the sources of Rook and ceph-csi-operator at the tags in question. */
  | { readonly kind: 'not run, from source' };

const NOT_RUN: Evidence = { kind: 'not run, from source' };
const tested = (name: string): Evidence => ({ kind: 'tested', file: `test/${name}.test.ts` });
const ran = (rook: string, upstream?: string): Evidence => ({ kind: 'ran', rook, ...(upstream && { upstream }) });

export interface RowText {
  /** Read as: with ROOK_ENFORCE_HOST_NETWORK and csi-addons on, and nothing else set. */
  readonly conflictByDefault: string;
  readonly whatThisOperatorDoes: string;
  readonly evidence: readonly Evidence[];
}

export const TEXTS: Readonly<Record<string, RowText>> = {
  'legacy-pod-network': {
    conflictByDefault:
      'no: there is no ROOK_ENFORCE_HOST_NETWORK yet, and the provisioners are always on the pod network (several Rooks on the same nodes meet on 9070 with their DaemonSets)',
    whatThisOperatorDoes:
      'leaves the provisioners alone (PodNetwork); moves csi-rbdplugin to its port and pins CSIADDONS_PORT',
    evidence: [NOT_RUN, tested('cluster/workload-forms')],
  },
  'legacy-one-key': {
    conflictByDefault:
      'yes: all three sidecars on 9070, and the one key CSIADDONS_PORT moves all three (1.15.9 reads it in the later way: a deleted key counts until Rook restarts)',
    whatThisOperatorDoes:
      'patches each sidecar to its port, again after every pass of Rook, and pins the three keys for the upgrade',
    evidence: [ran('1.16.4'), tested('cluster/conflict'), tested('rook/living-with-rook')],
  },
  'legacy-three-keys': {
    conflictByDefault:
      'yes: each sidecar has a key, and the default of all three is 9070; provisioners that CSIADDONS_PORT had moved are on 9070 again after the upgrade',
    whatThisOperatorDoes:
      'pins the three keys, from which Rook renders the ports; patches what still differs after 3 s',
    evidence: [ran('1.17.9'), tested('rook/living-with-rook')],
  },
  'legacy-opted-out': {
    conflictByDefault: 'yes: as before (legacy mode is ROOK_USE_CSI_OPERATOR "false" here)',
    whatThisOperatorDoes: 'as before',
    evidence: [ran('1.18.11'), ran('1.19.10'), tested('rook/living-with-rook-changes')],
  },
  'legacy-left-behind': {
    conflictByDefault:
      'as it was left: Rook renders no CSI workloads any more, so these are from an earlier version, and nobody reads the keys',
    whatThisOperatorDoes: 'patches each sidecar to its port; nobody reverts it, and the pinned keys have no effect',
    evidence: [ran('1.20.6')],
  },
  'legacy-liveness': {
    conflictByDefault:
      'yes, whatever the csi-addons ports are: the DaemonSet and the provisioner of a driver have the same liveness port (RBD 9080, CephFS 9081), which is not declared, so pods crash instead of staying Pending',
    whatThisOperatorDoes:
      'reports it (LivenessConflict), and keeps the sidecars off 9080 and 9081 and off the liveness ports of the settings',
    evidence: [NOT_RUN, tested('cluster/conflict'), tested('cluster/upstream')],
  },
  'csi-operator-by-choice': {
    conflictByDefault:
      'no: the ctrlplugins are always on the pod network (ceph-csi-operator is experimental here, chosen by ROOK_USE_CSI_OPERATOR "true")',
    whatThisOperatorDoes: REPORTS_ONLY,
    evidence: [NOT_RUN, tested('cluster/migration')],
  },
  'csi-operator-pod-network': {
    conflictByDefault: 'no: the ctrlplugins are always on the pod network',
    whatThisOperatorDoes: REPORTS_ONLY,
    evidence: [NOT_RUN, tested('cluster/migration')],
  },
  'csi-operator-liveness': {
    conflictByDefault:
      'yes: Rook always sets the liveness port (RBD 9080, CephFS 9081), for ctrlplugin and nodeplugin alike, and the csi-addons of the CephFS ctrlplugin is on 9080 as well (Rook issue 16473)',
    whatThisOperatorDoes: REPORTS_ONLY,
    evidence: [ran('1.18.2', '0.4.0'), tested('cluster/migration')],
  },
  'csi-operator-host-network': {
    conflictByDefault:
      'no: csi-addons has 9070 (RBD ctrlplugin), 9080 (CephFS ctrlplugin) and 9071 (nodeplugin, pod network), and there is no liveness port',
    whatThisOperatorDoes: REPORTS_ONLY,
    evidence: [ran('1.18.11', '0.4.1'), tested('cluster/migration')],
  },
  'csi-operator-lost-host-network': {
    conflictByDefault:
      'no, but for a bad reason (up to 1.19.10, the last one run): Rook sets the host network in the OperatorConfig, from where ceph-csi-operator does not take it, so the ctrlplugins are on the pod network',
    whatThisOperatorDoes: REPORTS_ONLY,
    evidence: [ran('1.19.10', '0.6.0'), tested('cluster/migration')],
  },
  'csi-operator-by-admin': {
    conflictByDefault:
      'as the Driver objects say, which are yours now (ROOK_ENFORCE_HOST_NETWORK does not reach them): none between RBD and CephFS; RBD and NVMe-oF ctrlplugins both take 9070 on the host network; with spec.liveness ctrlplugin and nodeplugin of a Driver take the same port, and 9080 is csi-addons of the CephFS ctrlplugin, too',
    whatThisOperatorDoes: REPORTS_ONLY,
    evidence: [ran('1.20.6', '1.0.4'), tested('cluster/migration')],
  },
};

/** The page with the table anew. */
export function compatibilityPage(): string {
  const [before = '', rest = ''] = readFileSync(COMPATIBILITY_PAGE, 'utf8').split(BEGIN);
  const after = rest.slice(rest.indexOf(END));
  return `${before}${BEGIN}\n${table()}\n${after}`;
}

function table(): string {
  return line(HEAD) + `|${'---|'.repeat(HEAD.length)}\n` + COMPATIBILITY.map(tableRow).join('');
}

function tableRow(row: CompatibilityRow): string {
  const text = TEXTS[row.id];
  if (text === undefined) throw new Error(`there is no text for ${row.id}`);
  const evidence = text.evidence.map(describeEvidence).join('; ');
  const { conflictByDefault, whatThisOperatorDoes } = text;
  return line([
    versionsOf(row),
    RENDERERS[row.provider],
    conflictByDefault,
    whatThisOperatorDoes,
    row.lastingRemedy,
    evidence,
  ]);
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

function versionsOf({ versions: { from, below }, onlyWith }: CompatibilityRow): string {
  const bounds = [from === undefined ? '' : `from ${from}`, below === undefined ? '' : `below ${below}`];
  const range = bounds.filter((bound) => bound !== '').join(', ');
  return onlyWith === undefined ? range : `${range}; with ${onlyWith}`;
}

function describeEvidence(evidence: Evidence): string {
  if (evidence.kind === 'ran') {
    const upstream = evidence.upstream === undefined ? '' : ` and ceph-csi-operator ${evidence.upstream}`;
    return `ran with ${evidence.rook}${upstream}`;
  }
  if (evidence.kind === 'tested') return `tested: [${basename(evidence.file)}](../../${evidence.file})`;
  return evidence.kind;
}
