/** What is measured: the operator as its image starts it and, where one is given, another program for the same work. */
import { resolve } from 'node:path';
import { freePorts } from '../test/support/control-plane/ports.js';
import type { Meter } from '../test/support/meter/meter.js';
import { operatorCommand, type Command } from '../test/support/image/operator-command.js';
import { OPERATOR_NAME, OPERATOR_NAMESPACE } from '../test/support/operator-account.js';

export interface Environment {
  /** The API server's address. */
  readonly server: string;
  /** A folder for what the candidate needs. */
  readonly folder: string;
  readonly leaderElection: boolean;
}

export interface Candidate {
  readonly name: string;
  /** The file of its CustomResourceDefinition. */
  readonly crd: string;
  /** Its ServiceAccount in OPERATOR_NAMESPACE. */
  readonly account: string;
  /** Metrics and probes are always on. */
  command(environment: Environment): Promise<Command>;
}

export const OPERATOR: Candidate = operator('operator');

/** The operator, started by other flags of Node than the image's. */
export function variant(flags: string): Candidate {
  const words = flags.split(' ').filter((word) => word !== '');
  return operator(words.length === 0 ? 'no flags' : words.join(' '), words);
}

function operator(name: string, imageFlags?: readonly string[]): Candidate {
  return {
    name,
    crd: 'crds/csiportassignments.yaml',
    account: OPERATOR_NAME,
    async command({ server, folder, leaderElection }) {
      const [probes, metrics] = await freePorts(2);
      const args = [
        `--health-probe-bind-address=127.0.0.1:${probes!}`,
        `--metrics-bind-address=127.0.0.1:${metrics!}`,
        // Hundreds of reverts in a row are repaired at once, each.
        '--contested-after=0',
        ...(leaderElection ? ['--leader-elect'] : []),
      ];
      const flags = imageFlags === undefined ? {} : { imageFlags };
      return operatorCommand({ server, namespace: OPERATOR_NAMESPACE, folder, args, ...flags });
    },
  };
}

/** The operator, whose process is looked into. */
export function metered({ preload }: Meter): Candidate {
  return {
    ...OPERATOR,
    async command(environment) {
      const { program, env } = await OPERATOR.command(environment);
      const [node, ...rest] = program;
      return { program: [node!, ...preload.nodeArgs, ...rest], env: { ...env, ...preload.env } };
    },
  };
}

/** The operator, into whose process a script is loaded that writes what it finds to the file in BENCH_PROFILE. */
export function preloaded(script: string, file: string): Candidate {
  return {
    ...OPERATOR,
    async command(environment) {
      const { program, env } = await OPERATOR.command(environment);
      const options = `${env.NODE_OPTIONS ?? ''} --require=${script}`.trim();
      return { program, env: { ...env, NODE_OPTIONS: options, BENCH_PROFILE: file } };
    },
  };
}

/** A program with the flags that operators have in common. */
export function peer(program: string, crd: string): Candidate {
  return {
    name: 'peer',
    crd,
    account: 'bench-peer',
    async command({ server, leaderElection }) {
      const [metrics] = await freePorts(1);
      const { hostname, port } = new URL(server);
      return {
        program: [
          resolve(program),
          `--metrics-bind-address=127.0.0.1:${metrics!}`,
          ...(leaderElection ? ['--leader-elect'] : []),
        ],
        env: { POD_NAMESPACE: OPERATOR_NAMESPACE, KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
      };
    },
  };
}
