import { describe, expect, it } from 'vitest';
import { stepsOf } from '../../../../src/cli/commands/steps.js';
import { SURVEYS } from '../surveys.js';

describe('stepsOf', () => {
  it('takes a message apart', () => {
    const patch = `kubectl -n rook patch csiports default --type=merge -p '{"spec":{"ports":{"rbdNodePlugin":9070}}}'`;
    expect(stepsOf(`A is held; B, too; to take others: ${patch}; or move A`)).toEqual([
      { text: 'A is held; B, too; to take others:', command: patch },
      { text: 'move A' },
    ]);
    expect(stepsOf('nothing to run')).toEqual([{ text: 'nothing to run' }]);
    expect(stepsOf('')).toEqual([]);
  });

  it('has prose that ends before its command', () =>
    expect(stepsOf('a; if it stays, kubectl -n r logs deploy/c has the reason')).toEqual([
      { text: 'a; if it stays, this has the reason:', command: 'kubectl -n r logs deploy/c' },
    ]));

  it.each([
    [
      'Run: kubectl delete csidriver x (it is made anew), or: kubectl annotate csidriver x \'a={"Name":"x, y"}\', and so for each; if it is there, kubectl -n r logs deploy/c has the reason',
      [`kubectl delete csidriver x`, `kubectl annotate csidriver x 'a={"Name":"x, y"}'`, 'kubectl -n r logs deploy/c'],
    ],
    [
      'Run: kubectl -n r delete pod -l app=p,pod-template-generation!=7',
      ['kubectl -n r delete pod -l app=p,pod-template-generation!=7'],
    ],
    ['Run: kubectl describe node node-2; more', ['kubectl describe node node-2']],
  ])('finds each command of %s', (message, commands) => {
    expect(stepsOf(message).flatMap(({ command = [] }) => command)).toEqual(commands);
  });

  it.each(Object.entries(SURVEYS))('leaves no command in the prose of the messages of: %s', (_name, { rooks }) => {
    for (const { status } of rooks) {
      for (const { message } of status.conditions) {
        for (const { text, command = 'kubectl' } of stepsOf(message)) {
          expect(text).not.toContain('kubectl -n');
          expect(command).toMatch(/^kubectl/);
          expect(command).not.toMatch(/[;.\s]$/);
        }
      }
    }
  });
});
