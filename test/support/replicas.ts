/** Several replicas of the operator, told apart in the audit log by their tokens. */
import { readFile } from 'node:fs/promises';
import type { AuditEntry, Mark } from './control-plane/audit-log.js';
import { writesOf } from './control-plane/audit-log.js';
import { OPERATOR_NAMESPACE, OPERATOR_USER, type Cluster } from './cluster.js';
import type { Operator, OperatorOptions } from './operator.js';

export interface Replica {
  readonly name: string;
  readonly operator: Operator;
  /** As AuditEntry.credential has it. */
  readonly credential: string;
}

export async function startReplica(
  cluster: Cluster,
  name: string,
  options: Partial<Pick<OperatorOptions, 'nodeArgs' | 'env' | 'kubeconfig'>> = {},
): Promise<Replica> {
  const args = ['--leader-elect', `--leader-elect-namespace=${OPERATOR_NAMESPACE}`];
  const kubeconfig = options.kubeconfig ?? (await cluster.operatorKubeconfig());
  const operator = await cluster.startOperator({ ...options, kubeconfig, args, podName: name });
  return { name, operator, credential: await credentialOf(kubeconfig) };
}

async function credentialOf(kubeconfig: string): Promise<string> {
  const [, payload = ''] = /ey[\w-]+\.(ey[\w-]+)\./.exec(await readFile(kubeconfig, 'utf8')) ?? [];
  const { jti } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { jti: string };
  return `JTI=${jti}`;
}

/** Who wrote what since the mark, in order, as "NAME lease" and "NAME verb resource"; what was rejected is left out. */
export async function writesByReplica(cluster: Cluster, mark: Mark, replicas: readonly Replica[]): Promise<string[]> {
  const entries = await cluster.controlPlane.audit.since(mark, { user: OPERATOR_USER });
  const nameOf = ({ credential }: AuditEntry): string =>
    replicas.find((replica) => replica.credential === credential)?.name ?? 'a stranger';
  return writesOf(entries)
    .filter(({ code, resource }) => code < 300 && resource !== 'events')
    .map((entry) => `${nameOf(entry)} ${entry.resource === 'leases' ? 'lease' : `${entry.verb} ${entry.resource}`}`);
}

/** Those writes that are not by whoever had written the Lease last. */
export function writesWithoutTheLease(writes: readonly string[]): string[] {
  let holder: string | undefined;
  return writes.filter((write) => {
    const [name = '', what] = write.split(' ');
    if (what === 'lease') holder = name;
    return what !== 'lease' && name !== holder;
  });
}
