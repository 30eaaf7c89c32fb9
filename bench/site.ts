/** The control plane of a run, the candidates' accounts in it, and their processes. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mark } from '../test/support/control-plane/audit-log.js';
import { ControlPlane } from '../test/support/control-plane/control-plane.js';
import type { Candidate } from './candidates.js';
import { inClusterProblem, Program, type Credentials } from '../test/support/measure/program.js';
import { Requests } from './requests.js';
import { OPERATOR_NAME, OPERATOR_NAMESPACE } from '../test/support/operator-account.js';

const CRD = 'crd/csiportassignments.csiports.io';
/** Until the API server serves a changed definition: it says nothing of that. */
const CRD_SETTLE_MS = 1_500;

export type CredentialsKind = 'account' | 'kubeconfig';

export interface Launch {
  readonly credentials?: CredentialsKind;
  readonly leaderElection?: boolean;
}

export class Site {
  readonly controlPlane: ControlPlane;
  /** Why there are no in-cluster credentials here, or undefined where there are. */
  readonly inClusterProblem: string | undefined;
  /** By the candidate's name. */
  readonly #kubeconfigs = new Map<string, string>();
  readonly #accounts = new Map<string, string>();
  /** The file of the definition in force. */
  #served: string | undefined;

  private constructor(controlPlane: ControlPlane, lastError: string | undefined) {
    this.controlPlane = controlPlane;
    this.inClusterProblem = lastError;
  }

  /** Without controllers and nodes, whose work would be noise. */
  static async start(candidates: readonly Candidate[]): Promise<Site> {
    const controlPlane = await ControlPlane.start({ nodes: 0, audit: true });
    try {
      const site = new Site(controlPlane, await inClusterProblem());
      await controlPlane.kubectl(['create', 'namespace', 'rook-ceph']);
      await controlPlane.kubectl(['apply', '-f', 'config/default/namespace.yaml']);
      await controlPlane.kubectl(['apply', '-k', 'config/rbac']);
      for (const candidate of candidates) await site.#admit(candidate);
      return site;
    } catch (error) {
      await controlPlane.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.controlPlane.stop();
  }

  /** The API server's port. */
  get port(): number {
    return Number(new URL(this.controlPlane.server).port);
  }

  /** What the candidate has asked of the API server since the mark. */
  async requestsSince(mark: Mark, { account }: Candidate): Promise<Requests> {
    const user = `system:serviceaccount:${OPERATOR_NAMESPACE}:${account}`;
    return new Requests(await this.controlPlane.audit.since(mark, { user }));
  }

  /** Makes the API server serve the candidate's definition of a CSIPortAssignment. */
  async serve(candidate: Candidate): Promise<void> {
    if (this.#served === candidate.crd) return;
    await this.controlPlane.kubectl(['apply', '--server-side', '--force-conflicts', '-f', candidate.crd]);
    await this.controlPlane.kubectl(['wait', '--for=condition=Established', '--timeout=30s', CRD]);
    await sleep(CRD_SETTLE_MS);
    this.#served = candidate.crd;
  }

  /** A process that waits for its start. In-cluster where that is possible and nothing else is asked for. */
  async launch(candidate: Candidate, { credentials = 'account', leaderElection = false }: Launch): Promise<Program> {
    const inCluster = credentials === 'account' && this.inClusterProblem === undefined;
    // A Lease that was not given back would be waited for; and outside of a pod nothing says where it is.
    if (leaderElection) await this.#deleteLeases();
    const command = await candidate.command({
      server: this.controlPlane.server,
      folder: this.controlPlane.directory,
      leaderElection: leaderElection && inCluster,
    });
    const found: Credentials = inCluster
      ? { account: this.#accounts.get(candidate.name)! }
      : { kubeconfig: this.#kubeconfigs.get(candidate.name)! };
    return Program.launch(command, found, join(this.controlPlane.directory, `${candidate.account}.log`));
  }

  /** Gives it an account; all rights to any but the operator, which has those of config/rbac. */
  async #admit(candidate: Candidate): Promise<void> {
    const { controlPlane } = this;
    const { account, name } = candidate;
    // Variants of the operator share its account.
    if (account !== OPERATOR_NAME) {
      const subject = `--serviceaccount=${OPERATOR_NAMESPACE}:${account}`;
      await controlPlane.kubectl(['-n', OPERATOR_NAMESPACE, 'create', 'serviceaccount', account]);
      await controlPlane.kubectl(['create', 'clusterrolebinding', account, '--clusterrole=cluster-admin', subject]);
    }
    this.#kubeconfigs.set(name, await controlPlane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, account));
    const folder = await mkdtemp(join(controlPlane.directory, 'account-'));
    const token = await controlPlane.serviceAccountToken(OPERATOR_NAMESPACE, account);
    const files = { token, 'ca.crt': controlPlane.ca, namespace: OPERATOR_NAMESPACE };
    for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content);
    this.#accounts.set(name, folder);
  }

  async #deleteLeases(): Promise<void> {
    await this.controlPlane.api.delete(`/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases`);
  }
}
