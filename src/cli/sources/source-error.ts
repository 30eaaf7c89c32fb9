/** Nothing can be said of a cluster or a dump: it could not be read at all. */
export class SourceError extends Error {
  override readonly name = 'SourceError';

  /** @param remedy what to do, as a sentence without a full stop */
  constructor(
    message: string,
    readonly remedy?: string,
  ) {
    super(message);
  }
}
