/** The control plane of a run, what stands between it and the operator (toxiproxy, then the gateway), and what an operator needs to run there. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ControlPlane } from '../test/support/control-plane/control-plane.js';
import { writeKubeconfig, type Access } from '../test/support/control-plane/credentials.js';
import { freePorts } from '../test/support/control-plane/ports.js';
import { FaultGateway } from '../test/support/faults/gateway.js';
import { Toxiproxy, type Proxy } from '../test/support/faults/toxiproxy.js';
import { operatorCommand } from '../test/support/image/operator-command.js';
import { inClusterProblem, Program, type Credentials } from '../test/support/measure/program.js';
import { Meter } from '../test/support/meter/meter.js';
import { OPERATOR_NAMESPACE } from '../test/support/operator-account.js';

interface Kubeconfig {
  readonly clusters: readonly [{ cluster: { server: string; 'certificate-authority-data': string } }];
  readonly users: readonly [{ user: { token: string } }];
}

/** What stands between the operator and the API server, seen from the latter. */
interface Between {
  readonly gateway: FaultGateway;
  readonly toxiproxy: Toxiproxy;
  readonly network: Proxy;
}

interface OperatorAccess {
  /** Where the operator believes the API server to be. */
  readonly server: string;
  readonly credentials: Credentials;
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
  readonly network: Proxy;
  readonly #toxiproxy: Toxiproxy;
  readonly #access: OperatorAccess;

  private constructor(controlPlane: ControlPlane, between: Between, access: OperatorAccess) {
    this.controlPlane = controlPlane;
    this.gateway = between.gateway;
    this.network = between.network;
    this.#toxiproxy = between.toxiproxy;
    this.#access = access;
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
      const { server, ca, token } = await accessThrough(gateway);
      const toxiproxy = await Toxiproxy.start();
      const network = await toxiproxy.proxyTo(new URL(server).host);
      const access = { server: `https://127.0.0.1:${network.port}`, ca, token };
      const credentials = await credentialsOf(controlPlane.directory, access);
      return new Site(controlPlane, { gateway, toxiproxy, network }, { server: access.server, credentials });
    } catch (error) {
      await controlPlane.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#toxiproxy.stop();
    await this.gateway.stop();
    await this.controlPlane.stop();
  }

  /** @param log the file for its output */
  async startOperator(log: string): Promise<Started> {
    const { server, credentials } = this.#access;
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
      server,
      namespace: OPERATOR_NAMESPACE,
      folder,
      args,
      nodeArgs,
    });
    const program = await Program.launch({ ...command, env: { ...command.env, ...env } }, credentials, log);
    program.start();
    return { program, meter, probePort, metricsPort };
  }
}

async function accessThrough(gateway: FaultGateway): Promise<Access> {
  const { clusters, users } = parse(await readFile(await gateway.kubeconfig(), 'utf8')) as Kubeconfig;
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
  return { server, ca: Buffer.from(ca, 'base64').toString(), token: users[0].user.token };
}

/** As a pod's, by which the bundle runs without client-node, where this machine lets a process have files of its own. */
async function credentialsOf(folder: string, access: Access): Promise<Credentials> {
  if ((await inClusterProblem()) !== undefined) {
    return { kubeconfig: await writeKubeconfig(join(folder, 'operator.kubeconfig'), access) };
  }
  const account = join(folder, 'account');
  const files = { token: access.token, 'ca.crt': access.ca, namespace: OPERATOR_NAMESPACE };
  await mkdir(account);
  for (const [file, content] of Object.entries(files)) await writeFile(join(account, file), content);
  return { account };
}
