/** How much of everything one run does. */

export interface Plan {
  readonly rounds: number;
  /** Starts of each kind in a round. */
  readonly starts: number;
  /** Reverts in a round. */
  readonly reverts: number;
  /** Events are told when all has been quiet for two seconds, at the latest after ten. */
  readonly eventsMs: number;
  /** After reverts: their events are recorded up to ten seconds late, so that many cost one request. */
  readonly countersMs: number;
  readonly idleMs: number;
  readonly churnMs: number;
  /** Numbers of Rook namespaces, ascending, from 1. */
  readonly sizes: readonly number[];
  /** One of the sizes: that of the table's mass reset. */
  readonly massSize: number;
  /** Deployments of others in a Rook namespace; 0: not measured. */
  readonly foreignDeployments: number;
  /** Whether the phase of the 10,000 pods on the host network is a part of it. */
  readonly pods: boolean;
  /** Whether starts, reverts and rest in one namespace are a part of it. */
  readonly alone: boolean;
}

export const QUICK: Plan = {
  rounds: 2,
  starts: 2,
  reverts: 60,
  eventsMs: 3_500,
  countersMs: 11_000,
  idleMs: 5_000,
  churnMs: 5_000,
  sizes: [1, 20],
  massSize: 20,
  foreignDeployments: 0,
  pods: false,
  alone: true,
};

/** The same time for two candidates. */
export const QUICK_WITH_PEER: Plan = { ...QUICK, rounds: 1 };

/** Over its three rounds it makes a thousand reverts. With a peer it takes about 25 minutes. */
export const FULL: Plan = {
  rounds: 3,
  starts: 3,
  reverts: 334,
  eventsMs: 12_000,
  countersMs: 12_000,
  idleMs: 30_000,
  churnMs: 20_000,
  sizes: [1, 50, 500],
  massSize: 50,
  foreignDeployments: 10_000,
  pods: true,
  alone: true,
};

/** For variants of Node's flags: what they may change, often enough to tell it from noise. */
export const VARIANTS: Plan = {
  ...FULL,
  rounds: 2,
  reverts: 200,
  idleMs: 1_000,
  churnMs: 1_000,
  eventsMs: 4_000,
  sizes: [1, 50],
  foreignDeployments: 0,
};

const PHASES = ['alone', 'foreign', 'pods', 'scale'] as const;

/** @param phases those that are kept; @throws Error for one that there is not */
export function limited(plan: Plan, phases: readonly string[]): Plan {
  const unknown = phases.find((phase) => !(PHASES as readonly string[]).includes(phase));
  if (unknown !== undefined) throw new Error(`--only: "${unknown}" is not one of ${PHASES.join(', ')}`);
  return {
    ...plan,
    alone: phases.includes('alone'),
    foreignDeployments: phases.includes('foreign') ? plan.foreignDeployments : 0,
    pods: phases.includes('pods'),
    sizes: phases.includes('scale') ? plan.sizes : [],
  };
}
