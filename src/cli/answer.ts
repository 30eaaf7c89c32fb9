/** Reads what a command is about, and makes its document. */
import type { CommandOptions } from './command-line.js';
import { checkReport } from './commands/check.js';
import { forChosenCluster } from './commands/chosen-cluster.js';
import { doctorReport, type DoctorFacts, type DoctorReport } from './commands/doctor.js';
import type { CliDocument } from './commands/document.js';
import { planReport } from './commands/plan.js';
import { statusReport } from './commands/status.js';
import { collectDoctorFacts } from './doctor-facts.js';
import { connect, kubeconfigFiles, type Connection } from './sources/connection.js';
import { readSurvey } from './sources/live.js';
import { SourceError } from './sources/source-error.js';
import type { Survey } from './survey.js';
import type { ProgressLine } from './terminal.js';

export interface Reading {
  readonly options: CommandOptions;
  readonly version: string;
  readonly progress: ProgressLine;
}

/** A long list has many pages, each of them a request. */
const REQUESTS_IN_A_ROW = 20;

/** @throws SourceError */
export async function answer(command: 'check' | 'plan' | 'status' | 'doctor', reading: Reading): Promise<CliDocument> {
  const { options } = reading;
  const document = await documentOf(command, reading);
  return options.files.length > 0 ? document : forChosenCluster(document, options);
}

async function documentOf(command: 'check' | 'plan' | 'status' | 'doctor', reading: Reading): Promise<CliDocument> {
  if (command === 'doctor') return doctor(reading);
  const survey = await surveyOf(reading);
  if (command === 'check') return checkReport(survey);
  return command === 'plan' ? planReport(survey) : statusReport(survey);
}

async function surveyOf(reading: Reading): Promise<Survey> {
  const { files, namespace } = reading.options;
  if (files.length > 0) {
    // The parser of YAML is loaded only for files.
    const { readDump } = await import('./sources/dump.js');
    return readDump({ paths: files, stdin: process.stdin, namespace });
  }
  const connection = await connectionOf(reading);
  try {
    return await surveyOver(connection, reading);
  } finally {
    connection.transport.close();
  }
}

export function connectionOf({ options, version }: Pick<Reading, 'options' | 'version'>): Promise<Connection> {
  const { kubeconfig, context, cluster, user, requestTimeoutMs } = options;
  const kubeconfigs = kubeconfigFiles(kubeconfig, process.env);
  return connect({ kubeconfigs, context, cluster, user, requestTimeoutMs, userAgent: `kubectl-csiports/${version}` });
}

export async function surveyOver(connection: Connection, { options, progress }: Reading): Promise<Survey> {
  const { namespace } = options;
  try {
    return await readSurvey(connection, {
      namespace,
      timeLimitMs: timeLimitMs(options),
      onProgress: progress.update,
    });
  } finally {
    progress.clear();
  }
}

function timeLimitMs({ requestTimeoutMs }: CommandOptions): number {
  return REQUESTS_IN_A_ROW * requestTimeoutMs;
}

async function doctor(reading: Reading): Promise<DoctorReport> {
  const connection = await connectionOf(reading);
  const { transport } = connection;
  const { options } = reading;
  try {
    const [facts, survey] = await Promise.all([
      collectDoctorFacts({ transport, namespace: options.namespace, timeLimitMs: timeLimitMs(options) }),
      surveyOver(connection, reading).catch((error: unknown) => error),
    ]);
    return doctorReport(facts, survey instanceof Error ? withoutSurvey(survey, facts, connection) : (survey as Survey));
  } finally {
    transport.close();
  }
}

/** An account without rights is what doctor is there to find: it is rejected by an API server that responds. */
function withoutSurvey(error: Error, { rights }: DoctorFacts, { source }: Connection): Survey {
  if ('unknown' in rights || !(error instanceof SourceError)) throw error;
  const gap = { what: 'Objects of Rook', reason: 'Forbidden' as const, message: error.message };
  return {
    source,
    rooks: [],
    gaps: [{ ...gap, ...(error.remedy === undefined ? {} : { remedy: error.remedy }) }],
    now: Date.now(),
  };
}
