/** The control plane of a run, the gateway before it, and what an operator needs to run there. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ControlPlane } from '../test/support/control-plane/control-plane.js';
import { freePorts } from '../test/support/control-plane/ports.js';
import { FaultGateway } from '../test/support/faults/gateway.js';
import { operatorCommand } from '../test/support/image/operator-command.js';
import { inClusterProblem, Program, type Credentials } from '../test/support/measure/program.js';
import { Meter } from '../test/support/meter/meter.js';

export const OPERATOR_NAMESPACE = 'csi-port-operator-system';
const ACCOUNT = 'csi-port-operator';
export const OPERATOR_USER = `system:serviceaccount:${OPERATOR_NAMESPACE}:${ACCOUNT}`;

interface Kubeconfig {
  readonly clusters: readonly [{ cluster: { server: string; 'certificate-authority-data': string } }];
  readonly users: readonly [{ user: { token: string } }];
}

export interface Started {
  readonly program: Program;
  readonly meter: Meter;
  readonly probePort: number;
  readonly metricsPort: number;
}

export class Site {
  readonly controlPlane: ControlPlane;
  readonly gateway: FaultGateway;
  /** Where the operator believes the API server to be. */
  readonly #server: string;
  readonly #credentials: Credentials;

  private constructor(controlPlane: ControlPlane, gateway: FaultGateway, operator: [string, Credentials]) {
    this.controlPlane = controlPlane;
    this.gateway = gateway;
    [this.#server, this.#credentials] = operator;
  }

  /** With nodes, so that pods run and namespaces go away, and with the whole of config/rbac. */
  static async start(): Promise<Site> {
    const controlPlane = await ControlPlane.start({ audit: true });
    try {
      await controlPlane.kubectl(['create', 'namespace', 'rook-ceph']);
      await controlPlane.kubectl(['apply', '-f', 'config/default/namespace.yaml']);
      await controlPlane.kubectl(['apply', '-k', 'config/crd']);
      await controlPlane.kubectl(['apply', '-k', 'config/rbac']);
      await controlPlane.kubectl(['wait', '--for=condition=Established', 'crd/csiportassignments.csiports.io']);
      const gateway = await FaultGateway.start(controlPlane);
      return new Site(controlPlane, gateway, await credentialsOf(controlPlane, await gateway.kubeconfig()));
    } catch (error) {
      await controlPlane.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.controlPlane.stop();
  }

  /** @param log the file for its output */
  async startOperator(log: string): Promise<Started> {
    const folder = this.controlPlane.directory;
    const [probePort, metricsPort] = (await freePorts(2)) as [number, number];
    const meter = new Meter(folder);
    const { nodeArgs, env } = meter.preload;
    const args = [
      '--leader-elect',
      `--health-probe-bind-address=127.0.0.1:${probePort}`,
      `--metrics-bind-address=127.0.0.1:${metricsPort}`,
    ];
    const command = await operatorCommand({
      server: this.#server,
      namespace: OPERATOR_NAMESPACE,
      folder,
      args,
      nodeArgs,
    });
    const program = await Program.launch({ ...command, env: { ...command.env, ...env } }, this.#credentials, log);
    program.start();
    return { program, meter, probePort, metricsPort };
  }
}

/** As a pod's, by which the bundle runs without client-node, where this machine lets a process have files of its own. */
async function credentialsOf(controlPlane: ControlPlane, kubeconfig: string): Promise<[string, Credentials]> {
  const { clusters, users } = parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
  if ((await inClusterProblem()) !== undefined) return [server, { kubeconfig }];
  const account = join(controlPlane.directory, 'account');
  const files = {
    token: users[0].user.token,
    'ca.crt': Buffer.from(ca, 'base64').toString(),
    namespace: OPERATOR_NAMESPACE,
  };
  await mkdir(account);
  for (const [file, content] of Object.entries(files)) await writeFile(join(account, file), content);
  return [server, { account }];
}
