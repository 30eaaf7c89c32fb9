/** Others write rook-ceph-operator-config while Rook and the operator run: people, and what installed Rook. */
import { describe, expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { applyFromGit, HelmRelease, replaceFromGit } from '../support/rook/config-writers.js';
import { rookKinds } from '../support/rook/living-rook.js';
import { CONFLICT_CONFIG } from '../support/rook/operator.js';
import {
  beyond,
  CEPHFS_KEY,
  CEPHFS_PATCH,
  cost,
  costOf,
  FIXED,
  keys,
  NODE_KEY,
  PASS,
  PIN,
  pinned,
  RBD_PATCH,
  Scenario,
} from '../support/rook/scenario.js';

const cluster = useCluster();

describe.each(rookKinds('1.16.4', '1.17.9'))('$name', (kind) => {
  test("a user's own distinct keys that Rook has followed already", async () => {
    const scenario = await Scenario.begin(cluster(), kind, { config: keys('9170', '9171', '9172') });
    const start = (): Promise<void> => scenario.startOperator();
    const measured = await scenario.cost("user's keys from before", start, pinned(9170, 9171, 9172));
    expect(measured).toEqual(costOf(kind, { one: cost([1, 1, 0], CEPHFS_PATCH, RBD_PATCH), three: cost([0, 0, 0]) }));
  });

  test("a user's own distinct keys, set while all is well", async () => {
    const scenario = await Scenario.solved(cluster(), kind);
    const set = (): Promise<unknown> => scenario.setKeys(keys('9170', '9171', '9172'));
    const measured = await scenario.cost("user's keys set", set, pinned(9170, 9171, 9172));
    const one = cost([2, 2, 1], CEPHFS_PATCH, RBD_PATCH);
    expect(measured).toEqual(costOf(kind, { one, three: cost([1, 1, 1]) }));
  });

  test('keys that clash', async () => {
    const scenario = await Scenario.begin(cluster(), kind, { config: keys('9171', '9171', '9171') });
    const start = (): Promise<void> => scenario.startOperator();
    const measured = await scenario.cost('clashing keys', start, pinned(9171, 9071, 9072));
    const one = cost([2, 2, 1], PIN, CEPHFS_PATCH, RBD_PATCH);
    expect(measured).toEqual(costOf(kind, { one, three: cost([0, 1, 1], PIN) }));
  });

  test.each(['abc', '70000', '0'])(
    'the bad value %s is replaced by a valid one, and Rook is at work again',
    async (bad) => {
      const scenario = await Scenario.solved(cluster(), kind);
      const key = kind.hasThreeKeys ? CEPHFS_KEY : NODE_KEY;
      const measured = await scenario.cost(`bad value ${bad}`, () => scenario.setKeys({ [key]: bad }));
      // The pin's pass, and that of the retry which was pending.
      const patches = [CEPHFS_PATCH, RBD_PATCH, CEPHFS_PATCH, RBD_PATCH];
      const bound = { one: cost([4, 4, 0], PIN, ...patches), three: cost([0, 0, 0], PIN) };
      expect(beyond(costOf(kind, bound), measured)).toEqual([]);
      expect(measured.writes).toContain(PIN);
    },
  );

  test('GitOps replaces the ConfigMap by a copy without the keys', async () => {
    const scenario = await Scenario.solved(cluster(), kind);
    const { api } = cluster().controlPlane;
    const sync = (): Promise<void> => replaceFromGit(api, scenario.rook, CONFLICT_CONFIG);
    const measured = await scenario.cost('GitOps removes the keys', sync);
    // Two passes, that of the removal and that of the pin; three keys keep their last values meanwhile.
    const patches = [CEPHFS_PATCH, RBD_PATCH, CEPHFS_PATCH, RBD_PATCH];
    const bound = { one: cost([4, 4, 2], PIN, ...patches), three: cost([0, 0, 0], PIN) };
    expect(beyond(costOf(kind, bound), measured)).toEqual([]);
    expect(measured.writes).toContain(PIN);
  });

  test('GitOps applies its keys on the server, and Helm merges its own: the pinned keys stay', async () => {
    const scenario = await Scenario.solved(cluster(), kind);
    const { api } = cluster().controlPlane;
    const debug = { ...CONFLICT_CONFIG, ROOK_LOG_LEVEL: 'DEBUG' };
    const applied = await scenario.cost('GitOps applies on the server', () => applyFromGit(api, scenario.rook, debug));
    expect(applied).toEqual(costOf(kind, PASS));

    const release = new HelmRelease(api, scenario.rook, debug);
    const { ROOK_ENABLE_DISCOVERY_DAEMON: dropped, ...rest } = CONFLICT_CONFIG;
    expect(dropped).toBeDefined();
    const merged = await scenario.cost('Helm merges', () => release.upgrade(rest));
    expect(merged).toEqual(costOf(kind, PASS));
    const config = await scenario.rook.config();
    expect(config).toEqual({ ...rest, ...FIXED.keys });
  });
});
