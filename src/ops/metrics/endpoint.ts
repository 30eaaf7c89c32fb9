/** The metrics of this process and the server for them. */
import type { Server } from 'node:net';
import type { Log } from '../../log.js';
import { AccessReviews } from '../../kube/access-reviews.js';
import type { Transport } from '../../kube/transport.js';
import type { BindAddress } from '../http-server.js';
import { ScrapeAccess } from './access.js';
import { readCertificate, type Certificate } from './certificate.js';
import { Metrics, type MetricsOptions } from './metrics.js';
import type { MetricsText } from './registry.js';
import { serveMetrics } from './server.js';

export interface MetricsAddress extends BindAddress {
  /** Folder of tls.crt and tls.key; undefined: plain HTTP for any client. */
  readonly certPath: string | undefined;
}

export interface EndpointOptions extends MetricsOptions {
  readonly address: MetricsAddress;
  readonly logger: Log;
}

/** Loading the library must not delay the first repairs. */
const LOAD_AFTER_MS = 1_000;

export class MetricsEndpoint {
  readonly metrics: Metrics;
  readonly #options: EndpointOptions;
  readonly #certificate: Certificate | undefined;

  /** @throws Error if the certificate cannot be used */
  constructor(options: EndpointOptions) {
    const { certPath } = options.address;
    this.#options = options;
    this.#certificate = certPath === undefined ? undefined : readCertificate(certPath);
    this.metrics = new Metrics(options);
  }

  /**
   * Listens; to be called when the watches have been opened.
   *
   * @param transport for the reviews of bearer tokens
   * @throws Error of listen(), e.g. EADDRINUSE or EACCES
   */
  async listen(transport: Transport): Promise<Pick<Server, 'close'>> {
    setTimeout(() => void this.metrics.load(), LOAD_AFTER_MS).unref();
    const { address, logger, monotonicMs } = this.#options;
    const scrape = (): Promise<MetricsText> => this.metrics.scrape();
    const certificate = this.#certificate;
    if (certificate === undefined) return serveMetrics(address, { scrape });
    const access = new ScrapeAccess({ reviews: new AccessReviews(transport), logger, monotonicMs });
    return serveMetrics(address, { scrape, secure: { certificate, access, logger } });
  }
}
