import { describe, expect, it } from 'vitest';
import type { Condition, StoredStatus } from '../../../../src/domain/rules/api.js';
import { exitCode } from '../../../../src/cli/commands/exit-code.js';
import { statusReport } from '../../../../src/cli/commands/status.js';
import { renderStatus } from '../../../../src/cli/output/status-screen.js';
import { HELD } from '../../domain/report/report-worlds.js';
import { EARLIER } from '../../domain/worlds.js';
import { CLASSIC, HEALTHY, PODS_GAP, rookSurvey, survey, written } from '../surveys.js';

function condition(type: Condition['type'], reason: string, message = 'as it was'): Condition {
  return { type, status: 'True', reason, message, observedGeneration: 3, lastTransitionTime: EARLIER };
}

function diagnosis(stored: StoredStatus, rook = HEALTHY) {
  return statusReport(survey([{ ...rook, stored }])).assignments[0]!;
}

describe('what the operator last wrote', () => {
  it.each<[string, StoredStatus]>([
    ['UpToDate', rookSurvey(HEALTHY).status],
    ['Silent', {}],
    ['Behind', { ...rookSurvey(HEALTHY).status, observedGeneration: 2 }],
    ['Behind', { conditions: rookSurvey(HEALTHY).status.conditions }],
    ['Differs', { ...rookSurvey(HEALTHY).status, conditions: [condition('Ready', 'PortInUse')] }],
    // Of its own writes the objects say nothing.
    ['UpToDate', { ...rookSurvey(HEALTHY).status, conditions: [condition('Ready', 'PatchRejected')] }],
  ])('%s', (state, stored) => {
    const { operator, operatorNote } = diagnosis(stored);
    expect(operator).toBe(state);
    expect(operatorNote === undefined).toBe(state === 'UpToDate');
  });

  it('is shown with its time, its meaning and what to do', () => {
    const { conditions } = diagnosis({ observedGeneration: 3, conditions: [condition('Ready', 'PortInUse')] });
    expect(conditions[0]).toMatchObject({ type: 'Ready', since: EARLIER, message: 'as it was' });
    expect(conditions[0]!.whatToDo).toContain('kubectl patch line');
    expect(conditions[1]).toMatchObject({ type: 'Progressing', reason: 'Settled' });
    expect(conditions[1]).not.toHaveProperty('since');
  });

  it('of a reason that is not known here has no meaning', () => {
    const { conditions } = diagnosis({ observedGeneration: 3, conditions: [condition('Ready', 'Later')] });
    expect(conditions[0]).not.toHaveProperty('meaning');
  });

  it('adds the remedy of what only its own writes meet', () => {
    const message = 'Deployment x is changed back again and again by argocd';
    const { nextSteps } = diagnosis({
      observedGeneration: 3,
      conditions: [condition('Degraded', 'Contested', message)],
    });
    expect(nextSteps).toEqual([
      { text: message },
      { text: 'To see whether the operator runs:', command: 'kubectl csiports doctor -n rook-ceph' },
    ]);
  });
});

describe('the exit code', () => {
  it.each([
    ['well', survey([written(HEALTHY)]), 0],
    ['held', survey([written(HELD)]), 1],
    ['in conflict', survey([{ ...CLASSIC, isAssigned: true }]), 1],
    ['nothing assigned', survey([CLASSIC]), 0],
    ['nothing at all', survey([]), 0],
    ['pods not read', survey([{ ...HEALTHY, pods: 'unknown' }], [PODS_GAP]), 3],
    [
      'assignments not read',
      survey([CLASSIC], [{ what: 'CSIPortAssignment default', reason: 'Forbidden', message: '' }]),
      3,
    ],
    ['no CRD', survey([CLASSIC], [{ what: 'CSIPortAssignment default', reason: 'NotServed', message: '' }]), 0],
  ])('%s', (_name, found, code) => expect(exitCode(statusReport(found))).toBe(code));

  it('names a Rook without an assignment', () => {
    expect(statusReport(survey([CLASSIC]))).toMatchObject({ assignments: [], unassigned: ['rook-ceph'] });
  });
});

describe('renderStatus', () => {
  const report = statusReport(survey([written(HEALTHY)]));

  it('fits the terminal, and counts what does not', () => {
    const lines = renderStatus(report, { colour: false, columns: 80, rows: 5 }).trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines.at(-1)).toMatch(/^\.\.\. \d+ more lines$/);
  });

  it('is the text where that fits', () => {
    expect(renderStatus(report, { colour: false, columns: 80, rows: 100 })).not.toContain('more lines');
  });
});
