/** A kubelet's probe of a container. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Probe {
  readonly httpGet: { readonly path: string };
  readonly periodSeconds: number;
  readonly timeoutSeconds?: number;
  readonly failureThreshold?: number;
}

/** Kubernetes' defaults. */
const TIMEOUT_SECONDS = 1;
const FAILURE_THRESHOLD = 3;

/**
 * Asks once in a period, from the begin of one probe to the begin of the next; one that takes longer is followed at once.
 *
 * @param origin of the address
 * @param until whether the first success is the end
 * @returns whether it came to that, and not to too many failures in a row
 */
export async function probeUntil(
  origin: string,
  probe: Probe,
  { until, over }: { until: boolean; over: AbortSignal },
): Promise<boolean> {
  const { timeoutSeconds = TIMEOUT_SECONDS, failureThreshold = FAILURE_THRESHOLD } = probe;
  let begun = performance.now();
  for (let failures = 0; failures < failureThreshold && !over.aborted;) {
    const wait = Math.max(0, begun + probe.periodSeconds * 1000 - performance.now());
    await sleep(wait, undefined, { signal: over }).catch(() => undefined);
    begun = performance.now();
    const isOk = await answersOk(`${origin}${probe.httpGet.path}`, timeoutSeconds);
    if (isOk && until) return true;
    failures = isOk ? 0 : failures + 1;
  }
  return false;
}

async function answersOk(url: string, timeoutSeconds: number): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(timeoutSeconds * 1000) })).ok;
  } catch {
    return false;
  }
}
