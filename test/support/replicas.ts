/** Several replicas of the operator, told apart in the audit log by their tokens. */
import { readFile } from 'node:fs/promises';
import type { AuditEntry, Mark } from './control-plane/audit-log.js';
import { writesOf } from './control-plane/audit-log.js';
import type { Cluster } from './cluster.js';
import type { Operator, OperatorOptions } from './operator.js';
import { OPERATOR_NAMESPACE, OPERATOR_USER } from './operator-account.js';

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

/**
 * Who wrote what since the mark, in order, as "NAME lease" and "NAME verb resource". What was rejected is left out, and so is
 * the creation of the Lease: nobody holds it by that, and another replica may take it before the audit log has the creation.
 */
export async function writesByReplica(cluster: Cluster, mark: Mark, replicas: readonly Replica[]): Promise<string[]> {
  const entries = await cluster.controlPlane.audit.since(mark, { user: OPERATOR_USER });
  const nameOf = ({ credential }: AuditEntry): string =>
    replicas.find((replica) => replica.credential === credential)?.name ?? 'a stranger';
  return writesOf(entries)
    .filter(
      ({ code, resource, verb }) => code < 300 && resource !== 'events' && `${verb} ${resource}` !== 'create leases',
    )
    .map((entry) => `${nameOf(entry)} ${entry.resource === 'leases' ? 'lease' : `${entry.verb} ${entry.resource}`}`);
}

/** Those writes that are not by whoever had written the Lease last, and who that was. */
export function writesWithoutTheLease(writes: readonly string[]): string[] {
  let holder = 'nobody';
  return writes.flatMap((write) => {
    const [name = '', what] = write.split(' ');
    if (what === 'lease') holder = name;
    return what === 'lease' || name === holder ? [] : [`${write}, as ${holder} had written the Lease`];
  });
}
