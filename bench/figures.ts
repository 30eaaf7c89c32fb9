/** The rows of the table, and what each is to be: the one place of the goals. */
import type { Plan } from './plan.js';

export interface Goal {
  /** What is compared: the operator's median or largest value, or the ratio of the medians, operator to peer. */
  readonly of: 'median' | 'max' | 'ratio';
  readonly atMost: number;
}

export interface Figure {
  readonly key: string;
  readonly label: string;
  /** Behind the decimal point. */
  readonly digits: number;
  readonly goal?: Goal;
}

function ratio(atMost: number): Goal {
  return { of: 'ratio', atMost };
}

const START: readonly Figure[] = [
  { key: 'startInCluster', label: 'start to distinct ports, in-cluster credentials, ms', digits: 0, goal: ratio(0.55) },
  { key: 'startKubeconfig', label: 'start to distinct ports, kubeconfig, ms', digits: 0, goal: ratio(0.8) },
  { key: 'startRequests', label: 'requests from the start until the status is there', digits: 0 },
  { key: 'startRequestsLater', label: 'requests after that, until idle (events)', digits: 0 },
];

const REVERT: readonly Figure[] = [
  { key: 'floorP50', label: 'floor: one PATCH by the harness, p50, ms', digits: 1 },
  { key: 'floorP99', label: 'floor: one PATCH by the harness, p99, ms', digits: 1 },
  { key: 'revertP50', label: 'revert to fix, p50, ms', digits: 1, goal: ratio(1) },
  { key: 'revertP99', label: 'revert to fix, p99, ms', digits: 1, goal: ratio(1.1) },
  { key: 'revertMax', label: 'revert to fix, slowest, ms', digits: 1, goal: { of: 'max', atMost: 250 } },
  { key: 'revertCpu', label: 'CPU per revert, ms', digits: 2, goal: ratio(1.1) },
  {
    key: 'revertRequests',
    label: 'requests per revert, until the last fix',
    digits: 1,
    goal: { of: 'median', atMost: 1 },
  },
  { key: 'revertRequestsLater', label: 'requests after all reverts, until idle (events)', digits: 0 },
];

const IDLE: readonly Figure[] = [
  { key: 'idleRequests', label: 'requests per idle minute', digits: 0, goal: { of: 'median', atMost: 0 } },
  { key: 'idleCpu', label: 'CPU per idle minute, ms', digits: 1 },
  { key: 'churnCpu', label: 'CPU per 30 s of 100 foreign writes/s, ms', digits: 1, goal: ratio(0.2) },
  { key: 'churnRequests', label: 'requests per 30 s of 100 foreign writes/s', digits: 0 },
  { key: 'stop', label: 'SIGTERM to exit, idle, ms', digits: 0, goal: { of: 'median', atMost: 50 } },
];

const FOREIGN: readonly Figure[] = [
  { key: 'foreignMemory', label: 'foreign Deployments created: resident memory, change, MiB', digits: 1 },
  { key: 'foreignCpu', label: 'foreign Deployments created: CPU meanwhile, ms', digits: 1 },
];

/** What is measured at each number of namespaces. */
export const SCALE_COSTS = [
  { key: 'memory', label: 'idle memory (VmRSS), MiB', digits: 1 },
  { key: 'proportional', label: 'idle memory (Pss), MiB', digits: 1 },
  { key: 'anonymous', label: 'idle memory (anonymous), MiB', digits: 1 },
  { key: 'connections', label: 'connections to the API server', digits: 0 },
  { key: 'start', label: 'start to distinct ports everywhere, ms', digits: 0 },
  { key: 'startRequests', label: 'requests, start to idle', digits: 0 },
  { key: 'reset', label: 'first reset to last fix, ms', digits: 0 },
  { key: 'resetLag', label: 'last reset to last fix, ms', digits: 0 },
  { key: 'resetCpu', label: 'CPU per reset, ms', digits: 2 },
  { key: 'resetRequests', label: 'requests per reset, until the last fix', digits: 2 },
  { key: 'peak', label: 'peak memory of the reset (VmHWM), MiB', digits: 1 },
] as const;

export type ScaleCost = (typeof SCALE_COSTS)[number]['key'];

export function scaleKey(cost: ScaleCost, size: number): string {
  return `${cost}@${size}`;
}

/** A row of the main table about one size. */
function scaleFigure(cost: ScaleCost, size: number, goal?: Goal): Figure {
  const { label, digits } = SCALE_COSTS.find(({ key }) => key === cost)!;
  const namespaces = size === 1 ? 'one namespace' : `${size} namespaces`;
  return { key: scaleKey(cost, size), label: `${namespaces}: ${label}`, digits, ...(goal && { goal }) };
}

const PODS: readonly Figure[] = [
  { key: 'podsStart', label: 'start to distinct ports, ms', digits: 0 },
  { key: 'podsStartCpu', label: 'CPU of the start, ms', digits: 0 },
  { key: 'podsMemory', label: 'idle memory (VmRSS), MiB', digits: 1 },
  { key: 'podsPeak', label: 'peak memory of the start (VmHWM), MiB', digits: 1 },
  {
    key: 'podsMemoryMore',
    label: 'idle memory more than without the right, MiB',
    digits: 1,
    goal: { of: 'median', atMost: 12 },
  },
  { key: 'podsChurnCpu', label: 'CPU at 100 updates/s, % of a core', digits: 1 },
];

function labelled(what: string, figures: readonly Figure[]): Figure[] {
  return figures.map((figure) => ({ ...figure, label: `${what} ${figure.label}` }));
}

export function figuresOf({ sizes, massSize, foreignDeployments, pods }: Plan): Figure[] {
  const largest = sizes.at(-1)!;
  return [
    ...START,
    ...REVERT,
    ...IDLE,
    scaleFigure('memory', 1, ratio(1.75)),
    scaleFigure('proportional', 1),
    scaleFigure('anonymous', 1),
    scaleFigure('reset', massSize, ratio(0.85)),
    scaleFigure('resetRequests', massSize),
    scaleFigure('peak', massSize, ratio(1.7)),
    ...(largest < 500
      ? []
      : [
          scaleFigure('memory', largest, ratio(0.9)),
          scaleFigure('connections', largest),
          scaleFigure('start', largest, ratio(1)),
          scaleFigure('startRequests', largest),
          scaleFigure('reset', largest),
        ]),
    ...(foreignDeployments === 0 ? [] : labelled(`${foreignDeployments}`, FOREIGN)),
    ...(pods ? labelled('10,000 pods on the host network:', PODS) : []),
  ];
}
