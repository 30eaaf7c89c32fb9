/** What the page of outputs shows of what kubectl prints: the same in each run. */
import { expect, it } from 'vitest';
import { checkText, describeText, normalised, normalisedTable, planText } from '../../support/outputs/normalise.js';

it('times and the random parts of pod names have one form', () => {
  const message = (pods: readonly string[], time: string): string => `${pods.join(', ')} since ${time}`;
  const one = message(['csi-rbdplugin-provisioner-7c6bf9d84-x7k2p', 'csi-rbdplugin-q8z4n'], '2026-11-22T10:04:00Z');
  const other = message(
    ['csi-rbdplugin-provisioner-5d9f8b77c6-abcde', 'csi-rbdplugin-fghij'],
    '2027-01-02T03:04:05.6Z',
  );
  expect(normalised(one)).toBe(normalised(other));
  expect(normalised(one)).toBe(
    'csi-rbdplugin-provisioner-xxxxxxxxxx-xxxxx, csi-rbdplugin-xxxxx since YYYY-MM-DDTHH:MM:SSZ',
  );
});

it('the names of workloads stay as they are', () => {
  const names = 'csi-rbdplugin csi-rbdplugin-provisioner csi-cephfsplugin-provisioner';
  expect(normalised(names)).toBe(names);
});

it('an age moves no column, an empty cell stays empty, and rows are sorted', () => {
  const table = [
    'NAMESPACE   NAME   AGE     MODE     MESSAGE',
    'rook-b      two    2m13s            moved  by hand',
    'rook-a      one    5s      Paused   not moved',
  ];
  expect(normalisedTable(`${table.join('\n')}\n`)).toBe(
    [
      'NAMESPACE   NAME   AGE   MODE     MESSAGE',
      'rook-a      one    1m    Paused   not moved',
      'rook-b      two    1m             moved  by hand',
    ].join('\n'),
  );
});

it('of describe Ready is left, and what is True and says something else', () => {
  const condition = (type: string, status: string, message = `about ${type}`): string[] => [
    '    Last Transition Time:  2026-11-22T10:04:00Z',
    `    Message:               ${message}`,
    '    Observed Generation:   1',
    '    Reason:                Because',
    `    Status:                ${status}`,
    `    Type:                  ${type}`,
  ];
  const shown = (...conditions: string[][]): string[] =>
    describeText(['Name:  default', 'Status:', '  Conditions:', ...conditions.flat(), '  Provider:  Rook'].join('\n'))
      .split('\n')
      .filter((line) => line.includes('Type:'))
      .map((line) => line.split(/: +/)[1]!);
  expect(shown(condition('Ready', 'False'), condition('Progressing', 'False'), condition('Degraded', 'True'))).toEqual([
    'Ready',
    'Degraded',
  ]);
  expect(shown(condition('Ready', 'False', 'stuck'), condition('Degraded', 'True', 'stuck'))).toEqual(['Ready']);
});

it('of check the last line is left out', () => {
  expect(checkText('no conflict\n\nread from: context admin\n')).toBe('no conflict');
});

it('of plan the patches are left out, and all that follows a plan with nothing to write and nothing to note', () => {
  const byHand = 'Without the operator, in this order\n  1. Move it:\n       kubectl patch\n  Rook may undo it.\n';
  expect(planText(`to write\n\nrook-ceph\n\n${byHand}\nread from: context admin\n`)).toBe('to write\n\nrook-ceph');
  expect(planText('nothing to write\n\nrook-ceph\n\nread from: context admin\n')).toBe('nothing to write');
  expect(planText('nothing to write\n\nNotes\n  held\n\nread from: context admin\n')).toBe(
    'nothing to write\n\nNotes\n  held',
  );
});
