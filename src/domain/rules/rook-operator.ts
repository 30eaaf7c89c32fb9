/** What the operator keeps of the Deployment rook-ceph-operator: which Rook it is and whether it runs. */
import type { ObjectMeta } from './api.js';
import type { RookSetting } from './rook-settings.js';

export const ROOK_OPERATOR_NAME = 'rook-ceph-operator';

export interface RookOperator extends ObjectMeta {
  /** Image of the container rook-ceph-operator. */
  readonly image?: string;
  /** Label helm.sh/chart, e.g. rook-ceph-v1.17.9. */
  readonly chart?: string;
  /** The settings that the container rook-ceph-operator has as literal environment variables. */
  readonly env: Readonly<Partial<Record<RookSetting, string>>>;
  readonly readyReplicas: number;
}

/** Major, minor and patch. */
export type RookVersion = readonly [number, number, number];

/**
 * A version of Rook's own line: 1.8 (1.8.3 was the first with csi-addons, Rook pull request 9534) to 1.99, and behind a
 * separator what the release or a vendor adds. A mirror may number its images in its own way (2024.11.3, 1.0.0) or carry
 * Ceph's number (17.2.6): these are no versions of Rook.
 */
const ROOK_VERSION = /^v?(1)\.([89]|[1-9]\d)\.(0|[1-9]\d{0,2})([-+._][\w.+-]{0,100})?$/;

/**
 * The version, as `v1.16.4`, from the image's tag, else from the chart's label; undefined if neither is a version of
 * Rook: a digest, a mirror's own tag, a chart of another name.
 */
export function rookVersion(rook: RookOperator | undefined): string | undefined {
  const tag = tagOf(rook?.image ?? '');
  const chart = /^rook-ceph-(.+)$/.exec(rook?.chart ?? '')?.[1];
  const version = [tag, chart].find((candidate) => candidate !== undefined && ROOK_VERSION.test(candidate));
  // Neither a tag nor a label takes the `+` of build metadata: `_` is written for it.
  return version?.replace(/^v?/, 'v').replace('_', '+');
}

/** Without a pattern: Kubernetes takes any text for an image, also one of a megabyte. */
function tagOf(image: string): string | undefined {
  const [name = ''] = image.slice(image.lastIndexOf('/') + 1).split('@', 1);
  const colon = name.lastIndexOf(':');
  return colon === -1 ? undefined : name.slice(colon + 1);
}

/**
 * The numbers of a version, undefined for any other text. A suffix does not count: a vendor's rebuild
 * (v1.16.4-3) is the release that it rebuilds, and a pre-release (v1.17.0-alpha.0, v1.17.0-rc.1) already has what its
 * release has, as far as the operator's rules go.
 */
export function parseRookVersion(text: string | undefined): RookVersion | undefined {
  const found = ROOK_VERSION.exec(text ?? '');
  return found === null ? undefined : [Number(found[1]), Number(found[2]), Number(found[3])];
}

/** Negative if `a` is the earlier one, 0 if they are the same release. */
export function compareRookVersions([aMajor, aMinor, aPatch]: RookVersion, [major, minor, patch]: RookVersion): number {
  return aMajor - major || aMinor - minor || aPatch - patch;
}

/** Whether Rook would react to its settings now. */
export function isRookAlive(rook: RookOperator | undefined): boolean {
  return rook !== undefined && rook.readyReplicas > 0;
}
