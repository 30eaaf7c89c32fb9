/**
 * The pin of keys in Rook's settings, in one request. Each key is a target of its own: if one of them is contested, the
 * others are pinned all the same, as a bad value of any key stops Rook.
 */
import { isOther, keyWriter } from '../domain/rules/field-managers.js';
import type { Pin } from '../domain/rules/pin.js';
import { competing } from '../domain/rules/workload-plan.js';
import type { Observed } from '../domain/rules/observed.js';
import type { Plan } from '../domain/rules/plan.js';
import { ROOK_CONFIG_NAME, type RookConfig } from '../domain/rules/rook-config.js';
import type { ConfigKey } from '../domain/rules/slots.js';
import type { Reverted, WriteResult } from '../domain/report/write-result.js';
import { NOTHING_TO_SEND, heldBack, send, resultOf, type Attempt, type WriteDependencies } from './send.js';
import { targetOf, type ContestState, type Hold, type WriteBackoff, type WriteTarget } from './write-backoff.js';

const ABOUT = { kind: 'ConfigMap', name: ROOK_CONFIG_NAME } as const;

interface KeyTarget {
  readonly key: ConfigKey;
  readonly target: WriteTarget;
}

interface WantedKey extends KeyTarget {
  readonly reverted: Reverted | undefined;
  readonly hold: Hold | undefined;
}

export async function pinRookConfig(plan: Plan, observed: Observed, deps: WriteDependencies): Promise<WriteResult> {
  const { rookConfig } = observed;
  const { backoff } = deps;
  if (rookConfig === undefined || plan.mode === 'Paused') return { ...ABOUT, ...NOTHING_TO_SEND };
  const right = rightKeys(plan, observed, rookConfig);
  for (const { target } of right) backoff.reached(target, rookConfig.uid);
  const input = JSON.stringify(rookConfig.keys);
  const wanted = (Object.entries(plan.pin) as [ConfigKey, string][]).map(([key, value]): WantedKey => {
    const target = targetOf(observed.assignment, key, value);
    const reverted = backoff.differs(target, rookConfig.uid, keyWriter(rookConfig, key));
    return { key, target, reverted, hold: backoff.hold(target, input) ?? rookHold(key, rookConfig, plan, backoff) };
  });
  const contest = (): ContestState | undefined => contestOf(wanted, backoff) ?? contestOf(right, backoff);
  const due = wanted.filter(({ hold }) => hold === undefined);
  const tried = due.length === 0 ? wanted : due;
  const soonest = wanted.flatMap(({ hold }) => hold ?? []).sort((a, b) => a.requeueAfterMs - b.requeueAfterMs)[0];
  const reverted = revertedOf(tried);
  const about = { ...ABOUT, keys: pinOf(tried, plan), ...(reverted && { reverted }) };
  if (due.length > 0) return resultOf(about, withWait(await sendPin(due, plan, rookConfig, deps), soonest), contest());
  if (soonest !== undefined) return resultOf(about, heldBack(soonest), contest());
  return resultOf(ABOUT, NOTHING_TO_SEND, contest());
}

/**
 * While Rook renders what the operator has pinned, its workloads are known in part: the live ports then say nothing of where
 * they will be. A Rook that reads one key for all would be given one pin after the other, each made from the pass before.
 */
function rookHold(
  key: ConfigKey,
  { keys, namespace }: RookConfig,
  { mode }: Plan,
  backoff: WriteBackoff,
): Hold | undefined {
  const isOwnPin = keys[key]?.managers.some(isOther) === false;
  return isOwnPin && mode === 'Enforce' ? backoff.rookHold(namespace) : undefined;
}

/** The keys that are held back come back in their time, whatever became of the others. */
function withWait(attempt: Attempt, hold: Hold | undefined): Attempt {
  if (hold === undefined) return attempt;
  return { ...attempt, requeueAfterMs: Math.min(attempt.requeueAfterMs ?? Infinity, hold.requeueAfterMs) };
}

async function sendPin(
  due: readonly KeyTarget[],
  plan: Plan,
  config: RookConfig,
  { writer, watches, backoff }: WriteDependencies,
): Promise<Attempt> {
  const { namespace } = config;
  const dryRun = plan.mode === 'DryRun';
  const pin = pinOf(due, plan);
  const attempt = await send(
    {
      namespace,
      targets: due.map(({ target }) => target),
      input: JSON.stringify(config.keys),
      resource: `configmaps/${ROOK_CONFIG_NAME}`,
      store: watches.rookConfigs,
      dryRun,
      send: () => writer.pinRookConfig(config, pin, { dryRun }),
      read: () => writer.readRookConfig(namespace),
      isAsSent: ({ keys }) => due.every(({ key }) => keys[key]?.value === pin[key]),
      // It goes onto the version that it was planned from.
      isNextVersion: () => true,
    },
    backoff,
  );
  const now = watches.rookConfigs.get(namespace)?.fingerprint;
  backoff.sawSettings(namespace, now, plan.rookAlive, attempt.outcome === 'Applied');
  return attempt;
}

/** The keys that are right and that nobody else is known to own: whoever changes one reverts the operator. */
function rightKeys(plan: Plan, { assignment }: Observed, config: RookConfig): KeyTarget[] {
  if (plan.rookConfigPolicy === 'Leave' || config.deleting) return [];
  return competing(plan.workloads)
    .filter(({ slotSpec: { configKey: key }, assignedPort }) => {
      const { value, managers = [] } = config.keys[key] ?? {};
      // Its pin may have to wait for pods, so that none is due says nothing.
      return plan.pin[key] === undefined && value === String(assignedPort) && !managers.some(isOther);
    })
    .flatMap(({ slotSpec: { configKey: key }, assignedPort }) => {
      return assignedPort === undefined ? [] : [{ key, target: targetOf(assignment, key, assignedPort) }];
    });
}

function revertedOf(keys: readonly WantedKey[]): Reverted | undefined {
  const found = keys.flatMap(({ reverted }) => reverted ?? []);
  return found.find(({ manager }) => manager !== undefined) ?? found[0];
}

function contestOf(keys: readonly KeyTarget[], backoff: WriteBackoff): ContestState | undefined {
  const contests = keys.flatMap(({ key, target }) => {
    const contest = backoff.contest(target);
    return contest === undefined ? [] : [{ key, contest }];
  });
  const longest = contests.map(({ contest }) => contest).sort((a, b) => b.backoffSeconds - a.backoffSeconds)[0];
  if (longest === undefined) return undefined;
  const quietAfterMs = Math.min(...contests.map(({ contest }) => contest.quietAfterMs));
  // A key that is gone names nobody.
  const named = contests.find(({ contest }) => contest.manager !== undefined)?.contest;
  const manager = longest.manager ?? named?.manager;
  return {
    ...longest,
    ...(manager === undefined ? {} : { manager }),
    quietAfterMs,
    keys: contests.map(({ key }) => key).sort(),
  };
}

function pinOf(keys: readonly KeyTarget[], { pin }: Plan): Pin {
  return Object.fromEntries(keys.map(({ key }) => [key, pin[key]]));
}
