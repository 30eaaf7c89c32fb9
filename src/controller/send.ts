/** One write: sent unless it is held back, its response taken into the store, and what became of it. */
import type { WriteResult } from '../domain/report/write-result.js';
import { ApiError } from '../kube/errors.js';
import type { Store, StoredObject } from '../kube/store.js';
import type { Writer } from '../kube/writer.js';
import { messageOf } from '../log.js';
import type { Watches } from './watches.js';
import type { ContestState, Hold, Rejection, WriteBackoff, WriteTarget } from './write-backoff.js';

const CHANGED_ON_ITS_WAY = 'an admission policy or webhook changed what was sent to something else';

export interface WriteDependencies {
  readonly writer: Writer;
  readonly watches: Watches;
  readonly backoff: WriteBackoff;
}

export interface Write<T extends StoredObject> {
  readonly namespace: string;
  /** The workload, or each key of Rook's settings that is written. */
  readonly targets: readonly WriteTarget[];
  /** What the write is made onto. Not the resourceVersion, which moves all the time and seldom ends a rejection. */
  readonly input: string;
  /** As RBAC names the object. */
  readonly resource: string;
  readonly store: Store<T>;
  /** Then nothing is stored, and the store keeps nothing of the response. */
  readonly dryRun: boolean;
  readonly send: () => Promise<T>;
  readonly read: () => Promise<T>;
  /** Whether the response says what was sent: an admission policy or webhook may have changed it. */
  readonly isAsSent: (response: T) => boolean;
  /** Whether nobody else's change lies between what was planned from and the response. */
  readonly isNextVersion: (response: T) => boolean;
}

/** What became of a write, without what it was about. */
export type Attempt = Pick<WriteResult, 'outcome' | 'isSent' | 'cause' | 'missingRight' | 'error' | 'requeueAfterMs'>;

/** The row of an object. */
export function resultOf(
  about: Omit<WriteResult, keyof Attempt | 'contest'>,
  attempt: Attempt,
  contest: ContestState | undefined,
): WriteResult {
  if (contest === undefined) return { ...about, ...attempt };
  const { quietAfterMs, ...reported } = contest;
  const requeueAfterMs = Math.min(attempt.requeueAfterMs ?? Infinity, quietAfterMs);
  return { ...about, ...attempt, requeueAfterMs, contest: reported };
}

export const NOTHING_TO_SEND: Attempt = { outcome: 'Unchanged', isSent: false };

export function heldBack({ reason, ...hold }: Hold): Attempt {
  return { outcome: reason === 'Contested' ? 'BackingOff' : reason, isSent: false, ...hold };
}

/** Never rejects. */
export async function send<T extends StoredObject>(write: Write<T>, backoff: WriteBackoff): Promise<Attempt> {
  try {
    return await exchange(write, backoff);
  } catch (error) {
    if (error instanceof ApiError && error.isOutdated) {
      await readAgain(write);
      return { outcome: 'Outdated', isSent: true, error };
    }
    if (!(error instanceof ApiError) || !error.isRejection) {
      return { outcome: 'Failed', isSent: true, cause: messageOf(error), error };
    }
    const right = `patch ${write.resource}`;
    const advice = error.isForbidden ? ` (if this is RBAC, allow: ${right} in namespace ${write.namespace})` : '';
    const rejection = { cause: `${error.message}${advice}`, input: write.input };
    return rejected(write.targets, backoff, error.isMissingRight ? { ...rejection, missingRight: right } : rejection);
  }
}

async function exchange<T extends StoredObject>(write: Write<T>, backoff: WriteBackoff): Promise<Attempt> {
  const { namespace, targets, store, dryRun, isAsSent, isNextVersion, resource } = write;
  const { response, asSent } = await store.whileWriting(namespace, async () => {
    const response = await write.send();
    const asSent = isAsSent(response);
    // Also what a policy has made something else of: the next try may restart pods again.
    if (!dryRun) for (const target of targets) backoff.wrote(target);
    if (!dryRun && asSent) store.putExpectedResponse(response);
    if (!dryRun && !asSent) store.putResponse(response);
    return { response, asSent };
  });
  if (asSent) {
    if (!dryRun) for (const target of targets) backoff.reached(target, response.uid);
    return { outcome: dryRun ? 'Accepted' : 'Applied', isSent: true };
  }
  // Somebody else's edit got in between, and no policy is to blame.
  if (!isNextVersion(response))
    return { outcome: 'Outdated', isSent: true, error: new ChangedMeanwhileError(resource) };
  return rejected(targets, backoff, { cause: CHANGED_ON_ITS_WAY });
}

function rejected(targets: readonly WriteTarget[], backoff: WriteBackoff, rejection: Rejection): Attempt {
  const { cause, missingRight } = rejection;
  const holds = targets.map((target) => backoff.rejected(target, rejection));
  const requeueAfterMs = Math.min(...holds.map((hold) => hold.requeueAfterMs));
  const right = missingRight === undefined ? {} : { missingRight };
  return { outcome: 'Rejected', isSent: true, cause, ...right, requeueAfterMs };
}

/** The object is not what the store says: the next plan must not be made from the same copy. */
async function readAgain<T extends StoredObject>({ read, store }: Write<T>): Promise<void> {
  const current = await read().catch(() => undefined);
  if (current !== undefined) store.putResponse(current);
}

/** The guards of the write held, as they are about what it replaces, but something was added to the object meanwhile. */
class ChangedMeanwhileError extends Error {
  constructor(resource: string) {
    super(`${resource} was changed by others while it was being written`);
  }
}
