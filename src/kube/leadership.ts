/** Whether this process may write. */
export interface Leadership {
  /** Also false if the lease should have been renewed by now, whichever process holds it. */
  readonly isLeading: boolean;
  /** Aborted when `isLeading` becomes false, which cuts the requests under way. */
  readonly lost: AbortSignal;
}

/** For the only replica, which runs without leader election. */
export const ALWAYS_LEADING: Leadership = { isLeading: true, lost: new AbortController().signal };

/** Another process may be writing. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';
  constructor() {
    super('the lease was not renewed in time: writes have stopped');
  }
}

/** @returns the signal that cuts the write. @throws NotLeadingError */
export function permitToWrite({ isLeading, lost }: Leadership): AbortSignal {
  if (!isLeading) throw new NotLeadingError();
  return lost;
}
