/** The composition root: command line -> logger -> credentials -> controller, and the signals that end it. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { parseInvocation, type Config } from './config.js';
import { Controller } from './controller/controller.js';
import { leaseLog, runWithLeaderElection } from './controller/leader.js';
import { remedyFor } from './controller/informer-log.js';
import { messageOf } from './log.js';
import { HELP } from './flags.js';
import { InClusterCredentials, podNamespace, type Credentials } from './kube/credentials.js';
import type { InformerState } from './kube/informer-state.js';
import { LeaderElection } from './kube/leader-election.js';
import { ALWAYS_LEADING } from './kube/leadership.js';
import { LEASE_NAME, LeaseClient } from './kube/lease.js';
import { Transport } from './kube/transport.js';
import { createLogger, type Logger } from './logger.js';
import { MetricsEndpoint } from './ops/metrics/endpoint.js';
import { liveness, readiness, serveProbes } from './ops/probes.js';

/** Set by the bundler from package.json; absent if the sources run directly. */
declare const __VERSION__: string | undefined;
const VERSION = typeof __VERSION__ === 'undefined' ? 'dev' : __VERSION__;

async function main(): Promise<void> {
  const environment = { variables: process.env, hostname: hostname(), podNamespace: podNamespace() };
  const invocation = parseInvocation(process.argv.slice(2), environment);
  switch (invocation.kind) {
    case 'Help':
      process.stdout.write(HELP);
      return;
    case 'Version':
      process.stdout.write(`${VERSION}\n`);
      return;
    case 'Invalid':
      process.stderr.write(invocation.errors.map((error) => `csi-port-operator: ${error}\n`).join(''));
      process.exitCode = 2;
      return;
    case 'Run':
      await run(invocation.config);
  }
}

async function run(config: Config): Promise<void> {
  const logger = await createLogger({ level: config.logLevel, format: config.logFormat });
  endOnUnexpected(logger);
  // By default node would open its debugger.
  process.on('SIGUSR1', () => logger.toggleDebug());
  const stop = stopOnSignal(logger);
  try {
    const { transport, controller, election, endpoint } = await assemble(config, logger);
    logger.info({ version: VERSION, node: process.version, watchNamespaces: config.watchNamespaces }, 'Starting');
    const running = runWithLeaderElection(controller, election, stop, logger);
    const probes = config.healthProbe && serveProbes(config.healthProbe, probesOf(controller, election));
    const servers = await Promise.all([probes, endpoint?.listen(transport)]);
    const outcome = await running;
    for (const server of servers) server?.close();
    transport.close();
    logger.info({}, 'Stopped');
    // A reconcile that outlived its grace may still wait for a time-out. A replica that lost the lease restarts.
    process.exit(outcome === 'Lost' ? 1 : 0);
  } catch (error) {
    logger.fatal({ error: messageOf(error) }, 'Cannot run');
    // Explicitly: the informers may be running already.
    process.exit(1);
  }
}

async function assemble(config: Config, logger: Logger) {
  const endpoint = metricsEndpointOf(config, logger);
  const credentials = await credentialsOf(config);
  const transport = new Transport(credentials, {
    userAgent: `csi-port-operator/${VERSION}`,
    observer: endpoint?.metrics.requestsTo(credentials.server.host),
  });
  const election = electionOf(config, transport, logger);
  const controller = new Controller({
    transport,
    leadership: election ?? ALWAYS_LEADING,
    logger,
    namespaces: config.watchNamespaces,
    maxConcurrentReconciles: config.maxConcurrentReconciles,
    contestedAfter: config.contestedAfter,
    instance: config.instance,
    now,
    monotonicMs,
    observer: endpoint?.metrics.controller,
  });
  endpoint?.metrics.readFrom(controller, election);
  return { transport, controller, election, endpoint };
}

const now = (): Date => new Date();
const monotonicMs = (): number => performance.now();

/** @returns undefined for the only replica */
function electionOf(config: Config, transport: Transport, logger: Logger): LeaderElection | undefined {
  const { leaderElection, instance } = config;
  if (leaderElection === undefined) return undefined;
  const { namespace } = leaderElection;
  return new LeaderElection({
    lease: new LeaseClient(transport, { namespace, name: LEASE_NAME }),
    identity: `${instance}_${randomUUID()}`,
    observer: leaseLog(logger, namespace),
    now,
    monotonicMs,
  });
}

/** @returns undefined if no metrics are served: nothing is counted */
function metricsEndpointOf({ metrics, maxConcurrentReconciles }: Config, logger: Logger): MetricsEndpoint | undefined {
  if (metrics === undefined) return undefined;
  return new MetricsEndpoint({ version: VERSION, maxConcurrentReconciles, monotonicMs, address: metrics, logger });
}

function probesOf(controller: Controller, leaderElection: LeaderElection | undefined) {
  const explain = (lastError: unknown, informer?: InformerState): string => {
    if (lastError === undefined) return '';
    const remedy = informer && remedyFor(informer, lastError);
    return `: ${messageOf(lastError)}${remedy === undefined ? '' : `; ${remedy}`}`;
  };
  return {
    '/healthz': () => liveness(controller.informers, monotonicMs()),
    '/readyz': () => readiness({ informers: controller.informers, leaderElection }, explain, monotonicMs()),
  };
}

async function credentialsOf({ kubeconfigs }: Config): Promise<Credentials> {
  if (kubeconfigs.length === 0) return new InClusterCredentials(process.env);
  const { kubeconfigCredentials } = await import('./kube/kubeconfig.js');
  return kubeconfigCredentials(kubeconfigs);
}

/** The first signal ends the process in order, the second at once. */
function stopOnSignal(logger: Logger): AbortController {
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(1);
      logger.info({ signal }, 'Stopping');
      stopping.abort();
    });
  }
  return stopping;
}

/** An unexpected error leaves an unknown state: log it and end. */
function endOnUnexpected(logger: Logger): void {
  const end = (error: unknown): void => {
    logger.fatal(
      { error: messageOf(error), stack: error instanceof Error ? error.stack?.split('\n').slice(1) : undefined },
      'Unexpected error',
    );
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

void main();
