/** What the operator keeps of the Deployment rook-ceph-operator: which Rook it is and whether it runs. */
export const ROOK_OPERATOR_NAME = 'rook-ceph-operator';

export interface RookOperator {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Image of the container rook-ceph-operator. */
  readonly image?: string;
  /** Label helm.sh/chart, e.g. rook-ceph-v1.17.9. */
  readonly chart?: string;
  readonly readyReplicas: number;
}

const VERSION = /^v?(\d+\.\d+\.\d+\S*)$/;

/** The version, as `v1.16.4`, from the image's tag, else from the chart's label; undefined for a digest or a mirror's own tag. */
export function rookVersion(rook: RookOperator | undefined): string | undefined {
  const tag = /:([^/:@]+)(@.*)?$/.exec(rook?.image ?? '')?.[1];
  // A label takes no `+`: the chart writes `_` for it.
  const chart = rook?.chart?.replace(/^rook-ceph-/, '').replace('_', '+');
  for (const candidate of [tag, chart]) {
    const version = VERSION.exec(candidate ?? '')?.[1];
    if (version !== undefined) return `v${version}`;
  }
  return undefined;
}

/** Whether Rook would react to its settings now. */
export function isRookAlive(rook: RookOperator | undefined): boolean {
  return rook !== undefined && rook.readyReplicas > 0;
}
