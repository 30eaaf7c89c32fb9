/** One write and what becomes of it: done, rejected for a while, or failed for now. */
import { ApiError } from '../kube/errors.js';
import type { Store, StoredObject } from '../kube/store.js';
import type { Attempt, Rejection, Rejections } from './rejections.js';

const CHANGED_ON_ITS_WAY = 'an admission policy or webhook changed what was sent to something else';

/** What is written, and how RBAC names it. */
export interface Target extends Attempt {
  readonly resource: string;
}

/** How it is written. */
export interface Exchange<T extends StoredObject> {
  readonly write: () => Promise<T>;
  /** Whether the answer says what was sent: an admission policy or webhook may have changed it. */
  readonly isAsSent: (answer: T) => boolean;
  /** Whether nobody else's change lies between what was planned from and the answer. */
  readonly isNextVersion: (answer: T) => boolean;
  readonly read: () => Promise<T>;
  readonly store: Store<T>;
  /** Then the store keeps nothing of the answer. */
  readonly dryRun: boolean;
}

/** What became of one write; no answer where it was a dry run, or where there was nothing to write. */
export type Written<T> =
  | { readonly kind: 'Done'; readonly answer?: T }
  /** `isNews`: the API server was asked just now. */
  | { readonly kind: 'Rejected'; readonly rejection: Rejection; readonly isNews: boolean; readonly answer?: T }
  | { readonly kind: 'Failed'; readonly error: unknown };

export type WriteResult = 'applied' | 'rejected' | 'outdated' | 'error';

/** What the API server made of a write that is no dry run; undefined where none was sent. */
export function writeResult(written: Written<unknown>): WriteResult | undefined {
  if (written.kind === 'Failed') return isOutdated(written.error) ? 'outdated' : 'error';
  if (written.kind === 'Rejected') return written.isNews ? 'rejected' : undefined;
  return written.answer === undefined ? undefined : 'applied';
}

/** Sends a write, unless this very one was rejected a moment ago. Never rejects. */
export async function sendUnlessRejected<T extends StoredObject>(
  rejections: Rejections,
  target: Target,
  exchange: Exchange<T>,
): Promise<Written<T>> {
  const known = rejections.recall(target);
  if (known !== undefined) return { kind: 'Rejected', rejection: known, isNews: false };
  try {
    return await send(rejections, target, exchange);
  } catch (error) {
    if (isOutdated(error)) await readAgain(exchange);
    if (!(error instanceof ApiError) || !error.isRejection) return { kind: 'Failed', error };
    const right = `patch ${target.resource}/${target.name} in namespace ${target.namespace}`;
    const advice = error.isForbidden ? ` (if this is RBAC, allow: ${right})` : '';
    return { kind: 'Rejected', rejection: rejections.remember(target, `${error.message}${advice}`), isNews: true };
  }
}

async function send<T extends StoredObject>(
  rejections: Rejections,
  { namespace, name, goal }: Target,
  { write, isAsSent, isNextVersion, store, dryRun }: Exchange<T>,
): Promise<Written<T>> {
  const { answer, asSent } = await store.whileWriting(namespace, async () => {
    const answer = await write();
    const asSent = isAsSent(answer);
    if (!dryRun && asSent) store.putExpectedAnswer(answer);
    if (!dryRun && !asSent) store.putAnswer(answer);
    return { answer, asSent };
  });
  const kept = dryRun ? {} : { answer };
  if (asSent) return { kind: 'Done', ...kept };
  // Somebody else's edit got in between, and nobody's rule is to blame.
  if (!isNextVersion(answer)) return { kind: 'Failed', error: new ChangedMeanwhileError(name) };
  // Whatever the object has become by that: each further try may leave another trace in it, and restart its pods.
  const rejection = rejections.remember({ namespace, name, goal }, CHANGED_ON_ITS_WAY);
  return { kind: 'Rejected', rejection, isNews: true, ...kept };
}

/** The object is not what the store says: the next plan must not be made from the same copy. */
async function readAgain<T extends StoredObject>({ read, store }: Exchange<T>): Promise<void> {
  const answer = await read().catch(() => undefined);
  if (answer !== undefined) store.putAnswer(answer);
}

/** The guards of the write held, as they are about what it replaces, but something was added to the object meanwhile. */
class ChangedMeanwhileError extends Error {
  constructor(name: string) {
    super(`${name} was changed by others while it was being written`);
  }
}

/** Whether a write failed because its object had changed meanwhile. */
export function isOutdated(error: unknown): boolean {
  return error instanceof ChangedMeanwhileError || (error instanceof ApiError && error.isOutdated);
}
