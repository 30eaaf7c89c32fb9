/** Rook changes while the operator is at work, or while it is not: upgrades, passes that overlap, and its absence. */
import { describe, expect, test } from 'vitest';
import type { AssignmentSpec } from '../../src/domain/api.js';
import { useCluster } from '../support/cluster.js';
import { replaceFromGit } from '../support/rook/config-writers.js';
import { programKind, rookKinds } from '../support/rook/living-rook.js';
import { CONFLICT_CONFIG } from '../support/rook/operator.js';
import { RookWrites } from '../support/rook/rook-writes.js';
import { beyond, CEPHFS_PATCH, cost, costOf, NODE_PATCH, PIN, RBD_PATCH, Scenario } from '../support/rook/scenario.js';

const cluster = useCluster();

test('Rook is upgraded from one key to three and on: each upgrade is one rollout of what it renders anew', async () => {
  const scenario = await Scenario.solved(cluster(), programKind('1.16.4'));
  for (const version of ['1.17.9', '1.19.10'] as const) {
    const measured = await scenario.cost(`upgrade to ${version}`, () => scenario.living.upgrade!(version));
    expect(measured).toEqual(cost([1, 1, 1]));
  }
  const settled = await scenario.cost('unrelated key, after the upgrades', () =>
    scenario.setKeys({ ROOK_LOG_LEVEL: 'DEBUG' }),
  );
  expect(settled).toEqual(cost([0, 0, 0]));
});

/** A pass whose last write comes late. */
const LATE_TAIL = { pacing: { writes: [50, 190, 300, 2_000] as const } };

describe.each([programKind('1.16.4', LATE_TAIL), programKind('1.17.9', LATE_TAIL)])('$name', (kind) => {
  /** Rook is told of something else, and has written the first three of the four workloads, when the operator acts. */
  async function amidPass(
    spec: AssignmentSpec,
    act: (scenario: Scenario) => Promise<unknown>,
  ): Promise<{ scenario: Scenario; begin: () => Promise<void> }> {
    const scenario = await Scenario.begin(cluster(), kind, { spec });
    if (spec.mode === 'Paused') {
      await scenario.startOperator();
      await scenario.assignment.waitForReason('Ready', 'Paused');
    }
    const writes = new RookWrites(cluster().controlPlane.audit, scenario.rook.namespace);
    const begin = async (): Promise<void> => {
      const mark = await writes.mark();
      await scenario.setKeys({ ROOK_LOG_LEVEL: 'DEBUG' });
      await writes.waitForPuts(mark, 3);
      await act(scenario);
    };
    return { scenario, begin };
  }

  const enforce = (scenario: Scenario): Promise<unknown> => scenario.assignment.edit({ mode: 'Enforce' });

  test('what is left of a pass that the operator saw begin is waited for', async () => {
    const { scenario, begin } = await amidPass({ mode: 'Paused', rookConfig: 'Leave' }, enforce);
    const end = { layout: [9070, 9071, 9072] as const, keys: {} };
    const measured = await scenario.cost('in the middle of a pass', begin, end);
    expect(measured).toEqual(cost([0, 1, 1], CEPHFS_PATCH, NODE_PATCH));
  });

  test('the tail of a pass comes after the patches: what it undoes is patched again', async () => {
    const { scenario, begin } = await amidPass({ rookConfig: 'Leave' }, (started) => started.startOperator());
    const end = { layout: [9070, 9071, 9072] as const, keys: {} };
    const measured = await scenario.cost('tail of a pass after the patches', begin, end);
    expect(measured).toEqual(cost([0, 3, 1], CEPHFS_PATCH, CEPHFS_PATCH, NODE_PATCH));
  });

  test('the pin comes in the middle of a pass', async () => {
    const { scenario, begin } = await amidPass({ mode: 'Paused' }, enforce);
    const measured = await scenario.cost('pin in the middle of a pass', begin);
    // The rest of that pass knows nothing of the pin, and may pass for the one that does.
    const one = cost([2, 3, 1], PIN, CEPHFS_PATCH, CEPHFS_PATCH, RBD_PATCH, NODE_PATCH);
    const three = cost([0, 1, 1], PIN, CEPHFS_PATCH, NODE_PATCH);
    expect(beyond(costOf(kind, { one, three }), measured)).toEqual([]);
    expect(measured.writes).toContain(PIN);
  });
});

describe.each(rookKinds('1.16.4', '1.17.9'))('$name', (kind) => {
  test('the operator was away while settings changed, keys went and Rook restarted', async () => {
    const scenario = await Scenario.solved(cluster(), kind);
    await scenario.stopOperator();
    const { living, rook } = scenario;
    const measured = await scenario.cost('operator away', async () => {
      await scenario.setKeys({ ROOK_LOG_LEVEL: 'DEBUG' });
      await living.settled();
      await replaceFromGit(cluster().controlPlane.api, rook, CONFLICT_CONFIG);
      await living.settled();
      await living.restart();
      await living.settled();
      expect(await rook.layout()).toEqual([9070, 9070, 9070]);
      await scenario.startOperator();
    });
    const one = cost([4, 4, 2], PIN, CEPHFS_PATCH, RBD_PATCH);
    expect(measured).toEqual(costOf(kind, { one, three: cost([0, 2, 2], PIN) }));
  });
});
