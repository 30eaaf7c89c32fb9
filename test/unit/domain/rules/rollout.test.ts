import { describe, expect, it } from 'vitest';
import { isAdmitted, isHeld, isRolledOut, type RolloutFacts } from '../../../../src/domain/rules/rollout.js';
import { DONE } from './rollouts.js';

describe('isRolledOut, as kubectl rollout status has it', () => {
  const rows: [string, Partial<RolloutFacts>, boolean][] = [
    ['all pods of the current template, available', {}, true],
    ['a controller that has not seen the template yet', { observedGeneration: 4 }, false],
    ['a controller ahead of our copy', { observedGeneration: 6 }, true],
    ['pods of the old template', { updated: 1 }, false],
    ['an old pod left beside the new ones', { total: 3 }, false],
    ['no old pod but too few new ones', { updated: 1, total: 1, available: 1 }, false],
    ['a new pod that is not available', { available: 1 }, false],
    ['scaled to zero', { desired: 0, updated: 0, available: 0, total: 0 }, true],
    ['scaled to zero with an old pod left', { desired: 0, updated: 0, available: 0, total: 1 }, false],
    ['more pods than wanted, all new', { updated: 3, total: 3, available: 3 }, true],
    ['paused, with nothing to do', { paused: true }, true],
    ['OnDelete, with every pod replaced', { onDelete: true }, true],
    ['OnDelete, with old pods', { onDelete: true, updated: 0 }, false],
  ];
  it.each(rows)('%s', (_name, facts, done) => expect(isRolledOut({ ...DONE, ...facts })).toBe(done));
});

describe('isAdmitted', () => {
  const rows: [string, Partial<RolloutFacts>, boolean][] = [
    ['pods that run', {}, true],
    ['pods that exist and do not run', { available: 0 }, true],
    ['old pods beside the new ones', { total: 4 }, true],
    ['a pod that is still to be made', { updated: 1 }, false],
    ['pods that cannot be created', { replicaFailure: 'forbidden' }, false],
    ['a template that the controller has not seen', { observedGeneration: 4 }, false],
    ['a workload that no controller has looked at', { observedGeneration: 0, updated: 0, total: 0 }, false],
    ['scaled to zero', { desired: 0, updated: 0, available: 0, total: 0 }, true],
  ];
  it.each(rows)('%s', (_name, facts, admitted) => expect(isAdmitted({ ...DONE, ...facts })).toBe(admitted));
});

describe('isHeld', () => {
  const rows: [string, Partial<RolloutFacts>, boolean][] = [
    ['as many unavailable as there may be', { unavailable: 1, maxUnavailable: '1' }, true],
    ['fewer', { unavailable: 1, maxUnavailable: '2' }, false],
    ['a percentage, rounded up', { desired: 11, unavailable: 1, maxUnavailable: '10%' }, false],
    ['a percentage that is reached', { desired: 11, unavailable: 2, maxUnavailable: '10%' }, true],
    ['no node unavailable', { unavailable: 0, maxUnavailable: '1' }, false],
    ['nothing left to replace', { updated: 11, unavailable: 1, maxUnavailable: '1' }, false],
    ['a Deployment', {}, false],
  ];
  it.each(rows)('%s', (_name, facts, held) => {
    expect(isHeld({ ...DONE, desired: 3, updated: 0, ...facts })).toBe(held);
  });
});
