/** One write and what becomes of it: done, refused for a while, or failed for now. */
import { ApiError } from '../kube/errors.js';
import type { Attempt, Refusal, Refusals } from './refusals.js';

const CHANGED_ON_ITS_WAY = 'an admission policy or webhook changed what was sent to something else';

/** What is written, and how RBAC names it. */
export interface Target extends Attempt {
  readonly resource: string;
}

/** The answer to a write that the API server accepted. */
export interface Answered<T> {
  /** Whether it says what was sent: an admission policy or webhook may have changed it. */
  readonly isAsSent: boolean;
  /** Absent for a dry run. */
  readonly answer?: T;
}

/** What became of one write; no answer where it was a dry run, or where there was nothing to write. */
export type Written<T> =
  | { readonly kind: 'Done'; readonly answer?: T }
  /** `isNews`: the API server was asked just now. */
  | { readonly kind: 'Refused'; readonly refusal: Refusal; readonly isNews: boolean; readonly answer?: T }
  | { readonly kind: 'Failed'; readonly error: unknown };

/** Sends a write, unless this very one was refused a moment ago. Never rejects. */
export async function sendUnlessRefused<T>(
  refusals: Refusals,
  target: Target,
  send: () => Promise<Answered<T>>,
): Promise<Written<T>> {
  const known = refusals.recall(target);
  if (known !== undefined) return { kind: 'Refused', refusal: known, isNews: false };
  try {
    const { isAsSent, ...answer } = await send();
    if (isAsSent) return { kind: 'Done', ...answer };
    // Whatever the object has become by that: each further try may leave another trace in it, and restart its pods.
    const { namespace, name, goal } = target;
    return {
      kind: 'Refused',
      refusal: refusals.remember({ namespace, name, goal }, CHANGED_ON_ITS_WAY),
      isNews: true,
      ...answer,
    };
  } catch (error) {
    if (!(error instanceof ApiError) || !error.isRefusal) return { kind: 'Failed', error };
    const right = `patch ${target.resource}/${target.name} in namespace ${target.namespace}`;
    const advice = error.isForbidden ? ` (if this is RBAC, allow: ${right})` : '';
    return { kind: 'Refused', refusal: refusals.remember(target, `${error.message}${advice}`), isNews: true };
  }
}
