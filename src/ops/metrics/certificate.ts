/** The serving certificate: two files of one folder that somebody (cert-manager, say) renews while the operator runs. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { messageOf, type Log } from '../../log.js';

/** PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export const TLS_OPTIONS = { minVersion: 'TLSv1.2' } as const;

/** A mounted Secret lags behind its renewal by up to a minute anyway. */
const READ_AGAIN_AFTER_MS = 10_000;

/** @throws Error that says what is wrong with which file, and nothing of what is in it */
export function readCertificate(folder: string): Certificate {
  const certificate = readFiles(folder);
  assertPair(certificate, folder);
  return certificate;
}

function readFiles(folder: string): Certificate {
  try {
    const [cert, key] = ['tls.crt', 'tls.key'].map((name) => readFileSync(join(folder, name), 'utf8'));
    return { cert: cert ?? '', key: key ?? '' };
  } catch (error) {
    throw new Error(`the certificate of the metrics cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function assertPair(certificate: Certificate, folder: string): void {
  try {
    // By itself an empty file would pass for one that is not given.
    if (!new X509Certificate(certificate.cert).checkPrivateKey(createPrivateKey(certificate.key)))
      throw new Error('the key is not that of the certificate');
    createSecureContext(certificate);
  } catch (error) {
    const why = messageOf(error);
    throw new Error(`tls.crt and tls.key in ${folder} are no certificate and its key: ${why}`, { cause: error });
  }
}

/**
 * Takes up what the folder holds, again and again, for new connections. Where that is no pair (only one of the files is
 * written yet, or they are gone) the last good one stays.
 *
 * @returns the timer, which does not keep the process alive
 */
export function followCertificate(
  server: Pick<Server, 'setSecureContext'>,
  { folder, certificate }: { readonly folder: string; readonly certificate: Certificate },
  logger: Pick<Log, 'info' | 'warn'>,
  everyMs = READ_AGAIN_AFTER_MS,
): NodeJS.Timeout {
  let current = certificate;
  let lastFault = '';
  const takeUp = (): void => {
    const found = readFiles(folder);
    if (found.cert === current.cert && found.key === current.key) return;
    assertPair(found, folder);
    server.setSecureContext({ ...found, ...TLS_OPTIONS });
    current = found;
    logger.info({ folder }, 'Took up the new certificate of the metrics');
  };
  const look = (): void => {
    try {
      takeUp();
      lastFault = '';
    } catch (error) {
      const fault = messageOf(error);
      if (fault !== lastFault) logger.warn({ error: fault }, 'New certificate of the metrics not taken up');
      lastFault = fault;
    }
  };
  return setInterval(look, everyMs).unref();
}
