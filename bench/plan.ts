/** How much of everything one run does. */

export interface Plan {
  readonly rounds: number;
  /** Starts of each kind in a round. */
  readonly starts: number;
  /** Reverts in a round. */
  readonly reverts: number;
  /** Events and mere counters of the status are told up to ten seconds late, so that many cost one request. */
  readonly settleMs: number;
  readonly idleMs: number;
  readonly churnMs: number;
  /** Numbers of Rook namespaces, ascending, from 1. */
  readonly sizes: readonly number[];
  /** One of the sizes: that of the table's mass reset. */
  readonly massSize: number;
  /** Deployments of others in a Rook namespace; 0: not measured. */
  readonly foreignDeployments: number;
}

export const QUICK: Plan = {
  rounds: 2,
  starts: 2,
  reverts: 60,
  settleMs: 11_000,
  idleMs: 6_000,
  churnMs: 5_000,
  sizes: [1, 20],
  massSize: 20,
  foreignDeployments: 0,
};

/** Over its three rounds it makes a thousand reverts. */
export const FULL: Plan = {
  rounds: 3,
  starts: 3,
  reverts: 334,
  settleMs: 15_000,
  idleMs: 60_000,
  churnMs: 30_000,
  sizes: [1, 50, 500],
  massSize: 50,
  foreignDeployments: 10_000,
};
