/** Others write rook-ceph-operator-config while Rook and the operator run: people, and what installed Rook. */
import { describe, expect, test } from 'vitest';
import { useCluster } from '../support/cluster.js';
import { applyFromGit, HelmRelease, replaceFromGit } from '../support/rook/config-writers.js';
import { rookKinds } from '../support/rook/living-rook.js';
import { CONFLICT_CONFIG } from '../support/rook/operator.js';
import {
  beyond,
  cost,
  costOf,
  DISTINCT,
  FIXED,
  PASS,
  PIN,
  pinned,
  PROVISIONER_PATCHES,
  Scenario,
  SOLVED,
  times,
} from '../support/rook/scenario.js';
import { each, keysOf, OTHER_PORTS, patchOf, PROVISIONERS, SLOTS, specOf } from '../support/slots.js';
import { CSI_ADDONS_PORT_KEY } from '../support/rook/names.js';

const cluster = useCluster();

describe.each(rookKinds('1.16.4', '1.17.9'))('$name', (kind) => {
  test("a user's own distinct keys that Rook has followed already", async () => {
    const scenario = await Scenario.begin(cluster(), kind, { config: keysOf(OTHER_PORTS) });
    const start = (): Promise<void> => scenario.startOperator();
    const measured = await scenario.cost("user's keys from before", start, pinned(OTHER_PORTS));
    expect(measured).toEqual(
      costOf(kind, { one: cost(times(1, PROVISIONERS), ...PROVISIONER_PATCHES), three: cost({}) }),
    );
  });

  test("a user's own distinct keys, set while all is well", async () => {
    const scenario = await Scenario.solved(cluster(), kind);
    const set = (): Promise<unknown> => scenario.setKeys(keysOf(OTHER_PORTS));
    const measured = await scenario.cost("user's keys set", set, pinned(OTHER_PORTS));
    const one = cost({ ...times(2, PROVISIONERS), rbdNodePlugin: 1 }, ...PROVISIONER_PATCHES);
    expect(measured).toEqual(costOf(kind, { one, three: cost(times(1, SLOTS)) }));
  });

  test('keys that clash', async () => {
    const scenario = await Scenario.begin(cluster(), kind, { config: keysOf(each(9171)) });
    const start = (): Promise<void> => scenario.startOperator();
    const measured = await scenario.cost('clashing keys', start, pinned({ rbdProvisioner: 9171 }));
    expect(measured).toEqual(costOf(kind, SOLVED));
  });

  test.each(['abc', '70000', '0'])(
    'the bad value %s is replaced by a valid one, and Rook is at work again',
    async (bad) => {
      const scenario = await Scenario.solved(cluster(), kind);
      const key = kind.hasThreeKeys ? specOf('cephfsProvisioner').configKey : CSI_ADDONS_PORT_KEY;
      const measured = await scenario.cost(`bad value ${bad}`, () => scenario.setKeys({ [key]: bad }));
      // The pin's pass, and that of the retry which was pending.
      const patches = [...PROVISIONER_PATCHES, ...PROVISIONER_PATCHES];
      const bound = { one: cost(times(4, PROVISIONERS), PIN, ...patches), three: cost({}, PIN) };
      expect(beyond(costOf(kind, bound), measured)).toEqual([]);
      expect(measured.writes).toContain(PIN);
    },
  );

  test('GitOps replaces the ConfigMap by a copy without the keys', async () => {
    const scenario = await Scenario.solved(cluster(), kind);
    const { api } = cluster().controlPlane;
    const sync = (): Promise<void> => replaceFromGit(api, scenario.rook, CONFLICT_CONFIG);
    const end = kind.hasThreeKeys ? FIXED : DISTINCT;
    const measured = await scenario.cost('GitOps removes the keys', sync, end);
    // Two passes, that of the removal and that of the pin; three keys keep their last values meanwhile.
    const patches = [...PROVISIONER_PATCHES, ...PROVISIONER_PATCHES, ...PROVISIONER_PATCHES];
    const one = cost({ ...times(5, PROVISIONERS), rbdNodePlugin: 2 }, PIN, PIN, patchOf('rbdNodePlugin'), ...patches);
    const bound = { one, three: cost({}, PIN) };
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
