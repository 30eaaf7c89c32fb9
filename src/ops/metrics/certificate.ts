/** The serving certificate: two files of one folder, which cert-manager, say, renews while the operator runs. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { messageOf, type Log } from '../../log.js';

export interface Certificate {
  /** From which it is read again. */
  readonly folder: string;
  /** PEM, as is the key. */
  readonly cert: string;
  readonly key: string;
}

export const TLS_OPTIONS = { minVersion: 'TLSv1.2' } as const;

/** A mounted Secret lags behind its renewal by up to a minute. */
const RELOAD_AFTER_MS = 10_000;

/** @throws Error that names the file and the fault, and nothing of its content */
export function readCertificate(folder: string): Certificate {
  const certificate = readFiles(folder);
  assertPair(certificate);
  return certificate;
}

function readFiles(folder: string): Certificate {
  try {
    const [cert, key] = ['tls.crt', 'tls.key'].map((name) => readFileSync(join(folder, name), 'utf8'));
    return { folder, cert: cert ?? '', key: key ?? '' };
  } catch (error) {
    throw new Error(`the certificate of the metrics cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function assertPair({ folder, cert, key }: Certificate): void {
  try {
    // createSecureContext takes an empty file for an absent one.
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new Error('the key does not belong to the certificate');
    createSecureContext({ cert, key });
  } catch (error) {
    const reason = messageOf(error);
    throw new Error(`tls.crt and tls.key in ${folder} are not a certificate and its key: ${reason}`, { cause: error });
  }
}

/**
 * Reloads the certificate for new connections when it changes. If the files are no pair (only one of them is written
 * yet, or they are gone), the last good one stays.
 *
 * @returns the timer, which does not keep the process alive
 */
export function followCertificate(
  server: Pick<Server, 'setSecureContext'>,
  certificate: Certificate,
  logger: Pick<Log, 'info' | 'warn'>,
  everyMs = RELOAD_AFTER_MS,
): NodeJS.Timeout {
  const { folder } = certificate;
  let current = certificate;
  let lastError = '';
  const reload = (): void => {
    const found = readFiles(folder);
    if (found.cert === current.cert && found.key === current.key) return;
    assertPair(found);
    server.setSecureContext({ cert: found.cert, key: found.key, ...TLS_OPTIONS });
    current = found;
    logger.info({ folder }, 'Reloaded the certificate of the metrics');
  };
  const check = (): void => {
    try {
      reload();
      lastError = '';
    } catch (error) {
      const message = messageOf(error);
      if (message !== lastError) logger.warn({ error: message }, 'Cannot reload the certificate of the metrics');
      lastError = message;
    }
  };
  return setInterval(check, everyMs).unref();
}
