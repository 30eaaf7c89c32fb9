/** Rook changes while the operator is at work, or while it is not: upgrades, passes that overlap, and its absence. */
import { describe, expect, test } from 'vitest';
import type { AssignmentSpec } from '../../src/domain/rules/api.js';
import { useCluster } from '../support/cluster.js';
import { waitFor } from '../support/control-plane/wait-for.js';
import { SteppedClock } from '../support/in-process-operator.js';
import { replaceFromGit } from '../support/rook/config-writers.js';
import { CSI_WORKLOAD_NAMES } from '../support/rook/names.js';
import { programKind, rookKinds } from '../support/rook/living-rook.js';
import { CONFLICT_CONFIG } from '../support/rook/operator.js';
import { RookWrites } from '../support/rook/rook-writes.js';
import { cost, costOf, Scenario, SOLVED, solvedAfter, times } from '../support/rook/scenario.js';
import { CONFLICT_LAYOUT, keysOf, layoutOf, MOVED, patchOf, portsOf, PROVISIONERS, SLOTS } from '../support/slots.js';
import { CSI_WORKLOADS } from '../support/rook/render.js';

const cluster = useCluster();

test('Rook is upgraded from one key to three and on: each upgrade is one rollout of what it renders anew', async () => {
  const scenario = await Scenario.solved(cluster(), programKind('1.16.4'));
  for (const version of ['1.17.9', '1.19.10'] as const) {
    const measured = await scenario.cost(`upgrade to ${version}`, () => scenario.living.upgrade!(version));
    expect(measured).toEqual(cost(times(1, SLOTS)));
  }
  const settled = await scenario.cost('unrelated key, after the upgrades', () =>
    scenario.setKeys({ ROOK_LOG_LEVEL: 'DEBUG' }),
  );
  expect(settled).toEqual(cost({}));
});

/** The write of the CephFS provisioner, the last of a pass of Rook's, which waits for the test's word. */
class Tail {
  #held: Promise<void> | undefined;
  #release = (): void => undefined;

  readonly beforeWrite = async (workload: string): Promise<void> => {
    if (workload === CSI_WORKLOAD_NAMES.cephfsProvisioner) await this.#held;
  };

  hold(): void {
    this.#held = new Promise((resolve) => (this.#release = resolve));
  }

  release(): void {
    this.#held = undefined;
    this.#release();
  }
}

describe.each(['1.16.4', '1.17.9'] as const)('program %s, in the middle of a pass', (version) => {
  interface AmidPass {
    readonly scenario: Scenario;
    readonly tail: Tail;
    /** Rook is told of something else, and writes the workloads that come before the CephFS provisioner. */
    readonly begin: () => Promise<void>;
  }

  interface WatchedAmidPass extends AmidPass {
    /** Rook writes the rest of what it has to write, and then the operator's clock goes on. */
    readonly end: () => Promise<void>;
  }

  async function amidPass(spec: AssignmentSpec): Promise<AmidPass> {
    const tail = new Tail();
    const kind = programKind(version, { beforeWrite: tail.beforeWrite });
    const scenario = await Scenario.begin(cluster(), kind, { spec });
    const writes = new RookWrites(cluster().controlPlane.audit, scenario.rook.namespace);
    const begin = async (): Promise<void> => {
      const mark = await writes.mark();
      tail.hold();
      await scenario.setKeys({ ROOK_LOG_LEVEL: 'DEBUG' });
      await writes.waitForPuts(mark, CSI_WORKLOADS.indexOf('cephfsProvisioner'));
    };
    return { scenario, tail, begin };
  }

  /** The operator has seen the settings as they were, and does nothing until it is told to. */
  async function amidWatchedPass(spec: AssignmentSpec): Promise<WatchedAmidPass> {
    const amid = await amidPass({ ...spec, mode: 'Paused' });
    const clock = new SteppedClock();
    await amid.scenario.startOperatorWith(clock);
    await amid.scenario.assignment.waitForReason('Ready', 'Paused');
    const end = async (): Promise<void> => {
      amid.tail.release();
      await amid.scenario.living.settled();
      clock.run();
    };
    return { ...amid, end };
  }

  test('what is left of a pass that the operator saw begin is waited for', async () => {
    const { scenario, begin, end } = await amidWatchedPass({ rookConfig: 'Leave' });
    const act = async (): Promise<void> => {
      await begin();
      await scenario.assignment.edit({ mode: 'Enforce' });
      await scenario.assignment.waitForReason('Ready', 'WaitingForRook');
      await end();
    };
    const measured = await scenario.cost('in the middle of a pass', act, { layout: layoutOf(), keys: {} });
    expect(measured).toEqual(cost(times(1, MOVED), ...MOVED.map(patchOf)));
  });

  test('the tail of a pass comes after the patches: what it reverts is patched again', async () => {
    const { scenario, tail, begin } = await amidPass({ rookConfig: 'Leave' });
    const end = { layout: layoutOf(), keys: {} };
    const act = async (): Promise<void> => {
      await begin();
      await scenario.startOperator();
      await waitFor('the patches', async () => String(await scenario.rook.layout()) === String(layoutOf()));
      tail.release();
      await scenario.operator!.waitForReverts(1);
    };
    const measured = await scenario.cost('tail of a pass after the patches', act, end);
    expect(measured).toEqual(
      cost({ ...times(1, MOVED), cephfsProvisioner: 3 }, patchOf('cephfsProvisioner'), ...MOVED.map(patchOf)),
    );
  });

  test('the pin comes in the middle of a pass: its rest knows nothing of the pin, and is no answer to it', async () => {
    const { scenario, begin, end } = await amidWatchedPass({});
    const act = async (): Promise<void> => {
      await begin();
      await scenario.assignment.edit({ mode: 'Enforce' });
      await scenario.assignment.waitForReason('Ready', 'WaitingForRook');
      expect(await scenario.rook.config()).toMatchObject(keysOf(portsOf(PROVISIONERS)));
      await end();
    };
    const measured = await scenario.cost('pin in the middle of a pass', act);
    expect(measured).toEqual(costOf(scenario.kind, SOLVED));
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
      expect(await rook.layout()).toEqual(CONFLICT_LAYOUT);
      await scenario.startOperator();
    });
    const putBack = { one: cost({ ...times(2, PROVISIONERS), rbdNodePlugin: 1 }), three: cost(times(1, MOVED)) };
    expect(measured).toEqual(costOf(kind, solvedAfter(putBack)));
  });
});
