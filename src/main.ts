/** The composition root: command line -> logger -> credentials -> controller, and the signals that end it. */
import { hostname } from 'node:os';
import { HELP, parseInvocation, type Config } from './config.js';
import { Controller } from './controller/controller.js';
import { remedyFor } from './controller/informer-log.js';
import { messageOf } from './controller/log.js';
import { InClusterCredentials, type Credentials } from './kube/credentials.js';
import { Transport } from './kube/transport.js';
import { createLogger, type Logger } from './logger.js';
import { liveness, readiness } from './ops/probes.js';
import { serveProbes } from './ops/probe-server.js';

/** Set by the bundler from package.json; absent where the sources run as they are. */
declare const __VERSION__: string | undefined;
const VERSION = typeof __VERSION__ === 'undefined' ? 'dev' : __VERSION__;

async function main(): Promise<void> {
  const invocation = parseInvocation(process.argv.slice(2), process.env, hostname());
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
  const stop = stopOnSignal(logger);
  try {
    const transport = new Transport(await credentialsOf(config), { userAgent: `csi-port-operator/${VERSION}` });
    const controller = new Controller({
      transport,
      logger,
      namespaces: config.watchNamespaces,
      maxConcurrentReconciles: config.maxConcurrentReconciles,
      contestedAfter: config.contestedAfter,
      instance: config.instance,
      now: () => new Date(),
      monotonicMs: () => performance.now(),
    });
    logger.info({ version: VERSION, node: process.version, watchNamespaces: config.watchNamespaces }, 'Starting');
    const running = controller.run(stop);
    const probes =
      config.healthProbe === undefined ? undefined : await serveProbes(config.healthProbe, probesOf(controller));
    await running;
    probes?.close();
    transport.close();
    logger.info({}, 'Stopped');
    // A call of a reconcile that outlived its grace may still be waiting for its time-out.
    process.exit(0);
  } catch (error) {
    logger.fatal({ error: messageOf(error) }, 'Cannot run');
    // Not by itself: the informers may be running already.
    process.exit(1);
  }
}

function probesOf(controller: Controller): Parameters<typeof serveProbes>[1] {
  const explain = (informer: Controller['informers'][number]): string => {
    if (informer.problem === undefined) return '';
    const remedy = remedyFor(informer, informer.problem);
    return `: ${messageOf(informer.problem)}${remedy === undefined ? '' : `; ${remedy}`}`;
  };
  return {
    '/healthz': () => liveness(controller.informers, performance.now()),
    '/readyz': () => readiness(controller.informers, explain, performance.now()),
  };
}

async function credentialsOf({ kubeconfigs }: Config): Promise<Credentials> {
  if (kubeconfigs.length === 0) return new InClusterCredentials(process.env);
  const { kubeconfigCredentials } = await import('./kube/kubeconfig.js');
  return kubeconfigCredentials(kubeconfigs);
}

/** The first signal ends the process in order, the second at once. */
function stopOnSignal(logger: Logger): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(1);
      logger.info({ signal }, 'Stopping');
      stopping.abort();
    });
  }
  return stopping.signal;
}

/** An error that nobody expected leaves an unknown state behind: say it and start anew. */
function endOnUnexpected(logger: Logger): void {
  const end = (error: unknown): void => {
    logger.fatal({ error: error instanceof Error ? error.stack : String(error) }, 'Unexpected error');
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

void main();
