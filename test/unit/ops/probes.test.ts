import { expect, test } from 'vitest';
import { MAX_RETRY_AFTER_MS } from '../../../src/kube/errors.js';
import { FORBIDDEN_PATIENCE, INFORMER_TIMING } from '../../../src/kube/informer.js';
import type { InformerState } from '../../../src/kube/informer-state.js';
import { liveness, readiness, STUCK_AFTER_MS, type Probed } from '../../../src/ops/probes.js';
import { informerState as state } from '../kube/informer-state.js';

const explain = (lastError: unknown): string => (typeof lastError === 'string' ? `: ${lastError}` : '');
const alone = (...informers: InformerState[]): Probed => ({ informers, leaderElection: undefined });

test('ready once every informer is synced', () => {
  expect(readiness(alone(state(), state({ namespace: 'rook' })), explain, 0)).toEqual({
    ok: true,
    body: '[+] DaemonSet plugin ok\n[+] DaemonSet plugin in rook ok\nok\n',
  });
});

test('not ready: the body names the informer that is not synced, and the reason', () => {
  const informers = [
    state(),
    state({ synced: false, namespace: 'rook', lastError: '403 Forbidden' }),
    state({ synced: false }),
  ];
  expect(readiness(alone(...informers), explain, 0)).toEqual({
    ok: false,
    body:
      '[+] DaemonSet plugin ok\n[-] DaemonSet plugin in rook not synced: 403 Forbidden\n' +
      '[-] DaemonSet plugin not synced\nfailed\n',
  });
});

test('a synced informer whose server is unreachable is still ready and healthy', () => {
  const away = state({ lastError: 'connect ECONNREFUSED', failingSince: 100_000, lastActivity: 100_000 });
  expect(readiness(alone(away), explain, 110_000)).toEqual({
    ok: true,
    body: '[+] DaemonSet plugin ok: connect ECONNREFUSED\nok\n',
  });
  expect(liveness([away], 110_000).ok).toBe(true);
});

test('a watch that has been failing for over a minute is not ready, but healthy', () => {
  const blind = state({ lastError: '403 Forbidden', failingSince: 100_000, lastActivity: 160_001 });
  expect(readiness(alone(blind), explain, 160_000).ok).toBe(true);
  expect(readiness(alone(state(), blind), explain, 160_001)).toEqual({
    ok: false,
    body: '[+] DaemonSet plugin ok\n[-] DaemonSet plugin failing since it was synced: 403 Forbidden\nfailed\n',
  });
  expect(liveness([blind], 160_001).ok).toBe(true);
});

test('an optional informer is reported, but not required', () => {
  const informers = [
    state(),
    state({ optional: true, synced: false, lastError: '403 Forbidden' }),
    state({ optional: true, lastError: '403 Forbidden', failingSince: 0 }),
    state({ optional: true }),
  ];
  expect(readiness(alone(...informers), explain, 100_000)).toEqual({
    ok: true,
    body:
      '[+] DaemonSet plugin ok\n[~] DaemonSet plugin not synced: 403 Forbidden\n' +
      '[~] DaemonSet plugin failing since it was synced: 403 Forbidden\n[+] DaemonSet plugin ok\nok\n',
  });
});

test('a healthy informer never waits for as long as a stuck one, even if the API server asks for it', () => {
  const { idleMs, listIdleMs, backoff, absentMs } = INFORMER_TIMING;
  const waits = [idleMs, listIdleMs, backoff.maxMs * FORBIDDEN_PATIENCE, absentMs * 1.1, MAX_RETRY_AFTER_MS];
  expect(Math.max(...waits)).toBeLessThan(STUCK_AFTER_MS);
});

test('an informer that did nothing for over five minutes is stuck', () => {
  const informers = [state({ lastActivity: 1_000 }), state({ namespace: 'rook', lastActivity: 2_000 })];
  expect(liveness(informers, 301_000).ok).toBe(true);
  expect(liveness(informers, 301_001)).toEqual({
    ok: false,
    body: '[-] DaemonSet plugin silent for too long\n[+] DaemonSet plugin in rook ok\nfailed\n',
  });
});

test('a lease that is unreachable for over a minute makes the replica unready, not unhealthy', () => {
  const leaderElection = { lastError: '403 Forbidden', failingSince: 100_000 };
  const probed = { informers: [state()], leaderElection };
  expect(readiness(probed, explain, 160_000)).toEqual({
    ok: true,
    body: '[+] DaemonSet plugin ok\n[+] leader election ok: 403 Forbidden\nok\n',
  });
  expect(readiness(probed, explain, 160_001)).toEqual({
    ok: false,
    body: '[+] DaemonSet plugin ok\n[-] leader election failing: 403 Forbidden\nfailed\n',
  });
});
