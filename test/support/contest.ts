/** A fight over a port, by a clock of the test's own: nobody waits ten minutes. Rook has no nodes here. */
import type { AssignmentSpec, Condition } from '../../src/domain/rules/api.js';
import type { Assignment } from './assignment.js';
import type { Cluster } from './cluster.js';
import { waitFor } from './control-plane/wait-for.js';
import { InProcessOperator, SteppedClock } from './in-process-operator.js';
import type { RookInstallation } from './rook/installation.js';
import type { CsiAddonsWorkload } from './rook/names.js';
import { OTHER_PORTS } from './slots.js';

/** None of them Rook's own 9070, so that a rewrite moves each workload. */
export const CONTEST_PORTS = OTHER_PORTS;

/** The operator's writes to one goal after which it backs off. */
export const CONTESTED_AFTER = 5;

export class Contest {
  readonly rook: RookInstallation;
  readonly assignment: Assignment;
  readonly clock = new SteppedClock();
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster, installed: Pick<Contest, 'rook' | 'assignment'>) {
    this.#cluster = cluster;
    this.rook = installed.rook;
    this.assignment = installed.assignment;
  }

  /** All ports are right, and no write counts: the last edit of the spec is a new goal. */
  static async begin(cluster: Cluster, spec: AssignmentSpec = { ports: CONTEST_PORTS }): Promise<Contest> {
    const contest = new Contest(cluster, await cluster.installRookWithAssignment({}, spec));
    await contest.startOperator();
    await contest.assignment.waitForReason('Ready', 'RollingOut');
    await contest.assignment.waitUntilSettled();
    return contest;
  }

  /** The CephFS provisioner was written five times within four minutes, and is reverted once more: that is left for now. */
  static async cephfs(cluster: Cluster, manager?: string): Promise<Contest> {
    const contest = await Contest.begin(cluster);
    for (const seconds of [0, 60, 60, 60, 60]) {
      contest.clock.step(seconds);
      await contest.revertAndWait('cephfsProvisioner', manager);
    }
    await contest.revert('cephfsProvisioner', manager);
    await contest.assignment.waitForReason('Progressing', 'BackingOff');
    return contest;
  }

  async startOperator(): Promise<InProcessOperator> {
    return InProcessOperator.start(this.#cluster, this.clock, [this.rook.namespace]);
  }

  /** A full PUT, as Rook writes, under any field manager's name. */
  async revert(name: CsiAddonsWorkload, manager = 'rook'): Promise<void> {
    await this.rook.rewriteAs(manager, name);
  }

  async revertAndWait(name: CsiAddonsWorkload, manager?: string): Promise<void> {
    await this.revert(name, manager);
    await this.waitForPort(name, CONTEST_PORTS[name]);
  }

  async port(name: CsiAddonsWorkload): Promise<number> {
    return (await this.rook.ports(name)).argument;
  }

  async waitForPort(name: CsiAddonsWorkload, port: number): Promise<void> {
    await waitFor(`${name} on ${port}`, async () => (await this.port(name)) === port, {
      lastSeen: () => this.assignment.status(),
    });
  }

  /** The clock goes on, and the operator looks at it: its timers are of the real one. */
  async step(seconds: number): Promise<void> {
    this.clock.step(seconds);
    await this.assignment.waitUntilRestored();
  }

  degraded(): Promise<Condition> {
    return this.assignment.condition('Degraded');
  }
}
