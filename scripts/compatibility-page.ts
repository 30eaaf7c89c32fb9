/** The sections of docs/admin/migrate.md, one per range of Rook versions, made from src/domain/report/compatibility.ts and the texts below. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { COMPATIBILITY, type CompatibilityRow } from '../src/domain/report/compatibility.js';

export const COMPATIBILITY_PAGE = 'docs/admin/migrate.md';

const BEGIN = '<!-- one section per range of versions: made by npm run docs -->\n';
const END = '<!-- end of the sections -->\n';
const LINK_TO_THIS_PAGE = /\(docs\/admin\/migrate\.md(#[\w-]+)\)/g;

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
  /** Absent if ceph-csi-operator renders the workloads: the page has it once for all these versions. */
  readonly whatThisOperatorDoes?: string;
  readonly evidence: readonly Evidence[];
}

export const TEXTS: Readonly<Record<string, RowText>> = {
  'legacy-pod-network': {
    conflictByDefault: 'no. The provisioners are on the pod network. Only the DaemonSets of several Rooks collide.',
    whatThisOperatorDoes: 'moves csi-rbdplugin if it collides, and pins CSIADDONS_PORT.',
    evidence: [NOT_RUN, tested('cluster/workload-forms')],
  },
  'legacy-one-key': {
    conflictByDefault:
      'yes. All three sidecars take 9070, and one key, CSIADDONS_PORT, moves all three. In 1.15.9 a deleted key counts until Rook restarts.',
    whatThisOperatorDoes: 'moves each sidecar, again after each pass of Rook, and pins the three keys for the upgrade.',
    evidence: [ran('1.16.4'), tested('cluster/conflict'), tested('rook/living-with-rook')],
  },
  'legacy-three-keys': {
    conflictByDefault:
      'yes. Each sidecar has a key, and all three defaults are 9070. After the upgrade, provisioners that CSIADDONS_PORT had moved are on 9070 again.',
    whatThisOperatorDoes: 'pins the three keys; patches what still differs after 3 s.',
    evidence: [ran('1.17.9'), tested('rook/living-with-rook')],
  },
  'legacy-opted-out': {
    conflictByDefault: 'yes, as in 1.17, if ROOK_USE_CSI_OPERATOR is "false".',
    whatThisOperatorDoes: 'the same as in 1.17.',
    evidence: [ran('1.18.11'), ran('1.19.10'), tested('rook/living-with-rook-changes')],
  },
  'legacy-left-behind': {
    conflictByDefault: 'as the earlier Rook left the workloads.',
    whatThisOperatorDoes: 'moves each sidecar. Rook reverts nothing, and pinned keys have no effect.',
    evidence: [ran('1.20.6')],
  },
  'legacy-liveness': {
    conflictByDefault:
      'yes. The DaemonSet and the provisioner of a driver share one key for their liveness port (RBD 9080, CephFS 9081).',
    whatThisOperatorDoes: 'reports LivenessConflict, and gives no sidecar a liveness port.',
    evidence: [NOT_RUN, tested('cluster/conflict'), tested('cluster/upstream')],
  },
  'csi-operator-pod-network': {
    conflictByDefault: 'no. The ctrlplugins are always on the pod network.',
    evidence: [NOT_RUN],
  },
  'csi-operator-liveness': {
    conflictByDefault:
      'yes. Rook sets one liveness port (RBD 9080, CephFS 9081) for ctrlplugin and nodeplugin, and CephFS csi-addons takes 9080, too (Rook issue 16473).',
    evidence: [ran('1.18.2', '0.4.0')],
  },
  'csi-operator-host-network': {
    conflictByDefault: 'no. The csi-addons ports differ, and there is no liveness port.',
    evidence: [ran('1.18.11', '0.4.1')],
  },
  'csi-operator-lost-host-network': {
    conflictByDefault:
      'no. The ctrlplugins are on the pod network: ceph-csi-operator ignores the host network of the OperatorConfig, where Rook sets it (up to 1.19.10).',
    evidence: [ran('1.19.10', '0.6.0')],
  },
  'csi-operator-by-admin': {
    conflictByDefault:
      'as your Drivers say, which ROOK_ENFORCE_HOST_NETWORK does not reach. RBD and NVMe-oF ctrlplugins both take 9070. With spec.liveness, ctrlplugin and nodeplugin of a Driver share a port.',
    evidence: [ran('1.20.6', '1.0.4')],
  },
};

/** The page with its sections anew. */
export function compatibilityPage(): string {
  const [before = '', rest = ''] = readFileSync(COMPATIBILITY_PAGE, 'utf8').split(BEGIN);
  const after = rest.slice(rest.indexOf(END));
  return `${before}${BEGIN}\n${COMPATIBILITY.map(section).join('\n')}\n${after}`;
}

function section(row: CompatibilityRow): string {
  const text = TEXTS[row.id];
  if (text === undefined) throw new Error(`there is no text for ${row.id}`);
  const { conflictByDefault, whatThisOperatorDoes, evidence } = text;
  return [
    `### ${headingOf(row)}\n`,
    `* Conflict: ${conflictByDefault}`,
    ...(whatThisOperatorDoes === undefined ? [] : [`* This operator: ${whatThisOperatorDoes}`]),
    `* Remedy: ${remedyOf(row)}.`,
    `* Evidence: ${evidence.map(describeEvidence).join(', ')}.\n`,
  ].join('\n');
}

/** The advice, with links of this page, and without what an earlier section has already. */
function remedyOf({ lastingRemedy }: CompatibilityRow): string {
  const earlier = COMPATIBILITY.find((row) => lastingRemedy.startsWith(`${row.lastingRemedy}; `));
  const remedy =
    earlier === undefined
      ? lastingRemedy
      : lastingRemedy.replace(earlier.lastingRemedy, `as for ${describeVersions(earlier.versions)}`);
  return remedy.replaceAll(LINK_TO_THIS_PAGE, '([below]($1))');
}

function headingOf({ versions, provider, onlyWith }: CompatibilityRow): string {
  const heading = `Rook ${describeVersions(versions)}, provider ${provider}`;
  return onlyWith === undefined ? heading : `${heading}, ${onlyWith}`;
}

/** As "1.15.2 to 1.16.4", or "1.16.5 to 1.17.x" if the range ends with a minor version. */
function describeVersions({ from, below }: CompatibilityRow['versions']): string {
  const last = below === undefined ? 'later' : releaseBefore(below);
  if (from === undefined) return `up to ${last}`;
  return from.replace(/0$/, 'x') === last ? last : `${from} to ${last}`;
}

function releaseBefore(release: string): string {
  const [major, minor = 0, patch = 0] = release.split('.').map(Number);
  return patch === 0 ? `${major}.${minor - 1}.x` : `${major}.${minor}.${patch - 1}`;
}

function describeEvidence(evidence: Evidence): string {
  if (evidence.kind === 'ran') {
    const upstream = evidence.upstream === undefined ? '' : ` with ceph-csi-operator ${evidence.upstream}`;
    return `ran ${evidence.rook}${upstream}`;
  }
  if (evidence.kind === 'tested') return `[${basename(evidence.file, '.test.ts')}](../../${evidence.file})`;
  return 'source only';
}
