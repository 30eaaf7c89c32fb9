/** Whether this process may write. */
export interface Leadership {
  /** False also where the lease should have been renewed by now, whoever holds it. */
  readonly isLeading: boolean;
  /** Aborted at the moment when `isLeading` becomes false: what is on its way then is cut. */
  readonly lost: AbortSignal;
}

/** Without leader election there is one process, which leads. */
export const ALWAYS_LEADING: Leadership = { isLeading: true, lost: new AbortController().signal };

/** Another process may be writing. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';
  constructor() {
    super('the lease was not renewed in time: nothing is written any more');
  }
}

/** The signal to write with. @throws NotLeadingError */
export function permitToWrite({ isLeading, lost }: Leadership): AbortSignal {
  if (!isLeading) throw new NotLeadingError();
  return lost;
}
