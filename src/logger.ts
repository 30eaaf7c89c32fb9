/** The log: one JSON object a line for collectors, or one readable line for people. */
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import type { Log } from './log.js';
import { sanitize } from './domain/report/sanitize.js';

export interface Logger extends Readonly<Record<LogLevel | 'fatal', Log['info']>> {
  /** Switches to debug, and back to the level that it began with (from debug: to info). */
  toggleDebug(): void;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

const MAX_TEXT = 8_000;

/** Writes synchronously to stdout: a line is out before a crash that it explains. */
export async function createLogger({ level, format }: { level: LogLevel; format: LogFormat }): Promise<Logger> {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }), log: printable },
  };
  const destination = format === 'json' ? pino.destination({ dest: 1, sync: true }) : await prettyDestination();
  const logger: PinoLogger = pino(options, destination);
  return Object.assign(logger, { toggleDebug: () => toggle(logger, level) });
}

/** Whatever a text of a field, or of a list in it, is: it cannot forge a line, colour a terminal, nor fill the log. */
function printable(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, printableValue(value)]));
}

function printableValue(value: unknown): unknown {
  if (typeof value === 'string') return sanitize(value, MAX_TEXT);
  return Array.isArray(value) ? value.map(printableValue) : value;
}

function toggle(logger: PinoLogger, begun: LogLevel): void {
  const to = logger.level !== begun ? begun : begun === 'debug' ? 'info' : 'debug';
  // Said while debug holds: the other level may leave it out.
  if (to === 'debug') logger.level = to;
  logger.info({ to }, 'Log level changed');
  logger.level = to;
}

/** pino-pretty is loaded only when asked for: it is for people at a terminal. */
async function prettyDestination(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ sync: true, colorize: process.stdout.isTTY });
}
