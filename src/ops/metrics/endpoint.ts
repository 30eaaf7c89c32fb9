/** The metrics of this process and the server for them. */
import type { Server } from 'node:net';
import type { Log } from '../../log.js';
import { AccessReviews } from '../../kube/access-reviews.js';
import type { Transport } from '../../kube/transport.js';
import type { BindAddress } from '../http-server.js';
import { ScrapeAccess } from './access.js';
import { readCertificate, type Certificate } from './certificate.js';
import { Metrics, type MetricsOptions } from './metrics.js';
import { serveMetrics, type SecureOptions } from './server.js';

export interface EndpointOptions extends MetricsOptions {
  readonly address: BindAddress;
  /** Folder of tls.crt and tls.key; undefined: plain HTTP for any client. */
  readonly certFolder: string | undefined;
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
    this.#options = options;
    this.#certificate = options.certFolder === undefined ? undefined : readCertificate(options.certFolder);
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
    return serveMetrics(this.#options.address, {
      scrape: () => this.metrics.scrape(),
      secure: this.#secure(transport),
    });
  }

  #secure(transport: Transport): SecureOptions | undefined {
    const { certFolder: folder, logger, monotonicMs } = this.#options;
    if (folder === undefined || this.#certificate === undefined) return undefined;
    const access = new ScrapeAccess({ reviews: new AccessReviews(transport), logger, monotonicMs });
    return { folder, certificate: this.#certificate, access, logger };
  }
}
