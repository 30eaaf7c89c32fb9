/** The sections of docs/admin/migrate.md, one per range of Rook versions, made from src/domain/report/compatibility.ts and the texts below. */
import { basename } from 'node:path';
import { COMPATIBILITY, NO_PORT_REMEDY_NEEDED, type CompatibilityRow } from '../src/domain/report/compatibility.js';
import { withPart } from './marked-part.js';

export const COMPATIBILITY_PAGE = 'docs/admin/migrate.md';

const MARKS = {
  begin: '<!-- sections: written by npm run docs -->\n',
  end: '<!-- /sections -->\n',
};
const PROVIDERS = ['Rook', 'CephCSIOperator'] as const;
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
  /** Absent if the page has it elsewhere: for earlier versions, or once for all Drivers of ceph-csi-operator. */
  readonly whatThisOperatorDoes?: string;
  /** If the page says it in fewer words than the advice. */
  readonly remedy?: string;
  readonly evidence: readonly Evidence[];
}

export const TEXTS: Readonly<Record<string, RowText>> = {
  'legacy-pod-network': {
    conflictByDefault: 'no. The provisioners are on the pod network. Only DaemonSets of several Rooks collide.',
    whatThisOperatorDoes: 'moves csi-rbdplugin if it collides, and pins CSIADDONS_PORT.',
    remedy: 'none; before you set ROOK_ENFORCE_HOST_NETWORK, upgrade Rook to v1.16.5 or later',
    evidence: [NOT_RUN, tested('cluster/workload-forms')],
  },
  'legacy-one-key': {
    conflictByDefault:
      'yes. One key, CSIADDONS_PORT (default 9070), moves all three sidecars. In 1.15.9 a deleted key counts until Rook restarts.',
    whatThisOperatorDoes: 'moves each sidecar, again after each pass of Rook, and pins the three keys for the upgrade.',
    remedy:
      'upgrade Rook to v1.16.5 or later: the keys that this operator pins (Helm: see the next section) are then enough',
    evidence: [ran('1.16.4'), tested('cluster/conflict'), tested('rook/living-with-rook')],
  },
  'legacy-three-keys': {
    conflictByDefault:
      'yes. Each sidecar has a key with default 9070. After the upgrade, provisioners that CSIADDONS_PORT had moved return to 9070.',
    whatThisOperatorDoes: 'pins the three keys; patches what still differs after 3 s.',
    evidence: [ran('1.17.9'), tested('rook/living-with-rook')],
  },
  'legacy-opted-out': {
    conflictByDefault: 'yes, if ROOK_USE_CSI_OPERATOR is "false". All is as in 1.17.',
    evidence: [ran('1.18.11'), ran('1.19.10'), tested('rook/living-with-rook-changes')],
  },
  'legacy-left-behind': {
    conflictByDefault: 'as the earlier Rook left the workloads.',
    whatThisOperatorDoes: 'moves each sidecar. Rook reverts nothing.',
    remedy:
      'this Rook renders no CSI workloads and reads no port keys: have ceph-csi-operator render them ([below](#workloads-left-on-rook-120))',
    evidence: [ran('1.20.6')],
  },
  'legacy-liveness': {
    conflictByDefault: 'yes. DaemonSet and provisioner of a driver share the key of their liveness port.',
    whatThisOperatorDoes: 'reports LivenessConflict, and gives no sidecar a liveness port.',
    evidence: [NOT_RUN, tested('cluster/conflict'), tested('cluster/upstream')],
  },
  'csi-operator-pod-network': {
    conflictByDefault: 'no.',
    evidence: [NOT_RUN],
  },
  'csi-operator-liveness': {
    conflictByDefault:
      'yes. Rook sets one liveness port for ctrlplugin and nodeplugin, and CephFS csi-addons takes 9080, too (Rook issue 16473).',
    evidence: [ran('1.18.2', '0.4.0')],
  },
  'csi-operator-host-network': {
    conflictByDefault: 'no. The csi-addons ports differ, and liveness has none.',
    evidence: [ran('1.18.11', '0.4.1'), tested('cluster/migration')],
  },
  'csi-operator-lost-host-network': {
    conflictByDefault:
      'no. The ctrlplugins are on the pod network: ceph-csi-operator ignores the OperatorConfig, where Rook sets the host network (up to 1.19.10).',
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
  const sections = PROVIDERS.map((provider) => {
    const rows = COMPATIBILITY.filter((row) => row.provider === provider);
    return [`### Provider ${provider}\n`, ...rows.map(section)].join('\n');
  });
  return withPart(COMPATIBILITY_PAGE, MARKS, sections.join('\n'));
}

function section(row: CompatibilityRow): string {
  const text = TEXTS[row.id];
  if (text === undefined) throw new Error(`there is no text for ${row.id}`);
  const { conflictByDefault, whatThisOperatorDoes, remedy = remedyOf(row), evidence } = text;
  const shown = evidence.map(describeEvidence).filter((described) => described !== undefined);
  return [
    `#### ${headingOf(row)}\n`,
    `* Conflict: ${conflictByDefault}`,
    ...(whatThisOperatorDoes === undefined ? [] : [`* This operator: ${whatThisOperatorDoes}`]),
    `* Remedy: ${remedy}.`,
    ...(shown.length === 0 ? [] : [`* Evidence: ${shown.join(', ')}.`]),
    '',
  ].join('\n');
}

/** The advice, with links of this page, and without what an earlier section has already. */
function remedyOf({ lastingRemedy }: CompatibilityRow): string {
  const earlier = COMPATIBILITY.find((row) => lastingRemedy.startsWith(`${row.lastingRemedy}; `));
  const remedy =
    earlier === undefined
      ? lastingRemedy
      : lastingRemedy.replace(earlier.lastingRemedy, `as for ${describeVersions(earlier.versions)}`);
  return remedy.replace(NO_PORT_REMEDY_NEEDED, 'none').replaceAll(LINK_TO_THIS_PAGE, '([below]($1))');
}

function headingOf({ versions, onlyWith }: CompatibilityRow): string {
  const heading = describeVersions(versions);
  return onlyWith === undefined ? heading : `${heading}, ${onlyWith}`;
}

/** As "1.15.2 to 1.16.4", or "1.16.5 to 1.17.x" if the range ends with a minor version. */
function describeVersions({ from, below }: CompatibilityRow['versions']): string {
  const last = below === undefined ? 'later' : releaseBefore(below);
  if (from === undefined) return `Up to ${last}`;
  return from.replace(/0$/, 'x') === last ? last : `${from} to ${last}`;
}

function releaseBefore(release: string): string {
  const [major, minor = 0, patch = 0] = release.split('.').map(Number);
  return patch === 0 ? `${major}.${minor - 1}.x` : `${major}.${minor}.${patch - 1}`;
}

/** Undefined for the sources: the page says once that the rest was read there. */
function describeEvidence(evidence: Evidence): string | undefined {
  if (evidence.kind === 'not run, from source') return undefined;
  if (evidence.kind === 'tested') return `[${basename(evidence.file, '.test.ts')}](../../${evidence.file})`;
  const { rook, upstream } = evidence;
  return upstream === undefined ? rook : `${rook} (ceph-csi-operator ${upstream})`;
}
