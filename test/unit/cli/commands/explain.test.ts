import { describe, expect, it } from 'vitest';
import { explain } from '../../../../src/cli/commands/explain.js';
import { exitCode } from '../../../../src/cli/commands/exit-code.js';
import { nearNames } from '../../../../src/cli/commands/near-names.js';
import { UsageError } from '../../../../src/cli/exit-codes.js';
import { CONDITION_EXPLANATIONS, explanationOf } from '../../../../src/domain/report/explanations.js';
import {
  DEGRADED_REASONS,
  EVENT_REASONS,
  PROGRESSING_REASONS,
  READY_REASONS,
} from '../../../../src/domain/report/reasons.js';

const ALL = new Set<string>([...READY_REASONS, ...PROGRESSING_REASONS, ...DEGRADED_REASONS, ...EVENT_REASONS]);

describe('explain', () => {
  it('lists every reason once', () => {
    const reasons = explain().reasons.map(({ reason }) => reason);
    expect(reasons).toHaveLength(ALL.size);
    expect(new Set(reasons)).toEqual(ALL);
  });

  it('says of a reason where it is seen, in any case of letters', () => {
    const document = explain('portinuse');
    expect(document.reasons[0]!.sightings).toMatchObject([
      { on: 'Ready', status: 'False' },
      { on: 'Degraded', status: 'True' },
    ]);
    expect(document.reasons[0]!.reason).toBe('PortInUse');
    expect(exitCode(document)).toBe(0);
  });

  it('has no marks of the docs page', () => expect(JSON.stringify(explain())).not.toMatch(/`|\]\(#/));

  it.each(['PortInUs', 'portconflit', 'Stuck'])('names what is near %s', (reason) => {
    expect(() => explain(reason)).toThrow(UsageError);
    expect(() => explain(reason)).toThrow(/did you mean (PortInUse|PortConflict|RolloutStuck)/);
  });

  it.each(['', 'zzz', '__proto__', 'constructor', `a${'b'.repeat(10_000)}`, 'a\nb\u001b[31m'])(
    'knows no reason %j, in one line',
    (reason) => {
      expect(() => explain(reason)).toThrow(/^there is no reason .*explain lists all$/);
    },
  );
});

describe('nearNames', () => {
  it('has the nearest first, three at most', () => {
    expect(nearNames('Paued', ['Settled', 'Paused'])).toEqual(['Paused']);
    expect(nearNames('rejected', ['PinRejected', 'PatchRejected', 'x', 'ARejected', 'BRejected'])).toHaveLength(3);
  });
});

it('each reference leads to a row', () => {
  for (const [type, rows] of Object.entries(CONDITION_EXPLANATIONS)) {
    for (const reason of Object.keys(rows)) expect(explanationOf(type as 'Ready', reason)?.meaning).toBeTruthy();
  }
  expect(explanationOf('Ready', 'toString')).toBeUndefined();
});
