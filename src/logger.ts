/** The log: one JSON object a line for collectors, or one readable line for people. */
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import type { Log } from './log.js';
import { sanitize } from './domain/report/sanitize.js';

export interface Logger extends Readonly<Record<LogLevel | 'fatal', Log['info']>> {
  /** Switches to debug and back to the configured level; if that is debug, to info and back. */
  toggleDebug(): void;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

const MAX_TEXT = 8_000;

/** Writes synchronously to stdout, so that no line before a crash is lost. */
export async function createLogger({ level, format }: { level: LogLevel; format: LogFormat }): Promise<Logger> {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }), log: sanitizeFields },
  };
  const destination = format === 'json' ? pino.destination({ dest: 1, sync: true }) : await prettyDestination();
  const logger: PinoLogger = pino(options, destination);
  return Object.assign(logger, { toggleDebug: () => toggle(logger, level) });
}

/** Sanitizes every text in the fields: it cannot forge a line, colour a terminal, nor fill the log. */
function sanitizeFields(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, sanitizeValue(value)]));
}

function sanitizeValue(value: unknown): unknown {
  if (typeof value === 'string') return sanitize(value, MAX_TEXT);
  return Array.isArray(value) ? value.map(sanitizeValue) : value;
}

function toggle(logger: PinoLogger, configured: LogLevel): void {
  const to = logger.level !== configured ? configured : configured === 'debug' ? 'info' : 'debug';
  // Logged while the level is debug: the other level may leave it out.
  if (to === 'debug') logger.level = to;
  logger.info({ to }, 'Log level changed');
  logger.level = to;
}

/** Loads pino-pretty on demand: it is for people at a terminal. */
async function prettyDestination(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ sync: true, colorize: process.stdout.isTTY });
}
