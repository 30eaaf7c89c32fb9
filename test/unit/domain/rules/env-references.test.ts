import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { portVariables, referredNames, resolveReferences } from '../../../../src/domain/rules/env-references.js';

const ENV = new Map([
  ['VAR_A', 'A'],
  ['VAR_B', 'B'],
  ['VAR_C', 'C'],
  ['VAR_REF', '$(VAR_A)'],
  ['VAR_EMPTY', ''],
]);

/** Cases of the kubelet's own test of these rules (third_party/forked/golang/expansion). */
describe('a reference', () => {
  const rows: [string, string][] = [
    ['$(VAR_A)', 'A'],
    ['___$(VAR_B)___', '___B___'],
    ['___$(VAR_C)', '___C'],
    ['$(VAR_A)-$(VAR_A)', 'A-A'],
    ['$(VAR_REF)', '$(VAR_A)'],
    ['%%$(VAR_REF)--$(VAR_REF)%%', '%%$(VAR_A)--$(VAR_A)%%'],
    ['foo$(VAR_EMPTY)bar', 'foobar'],
    ['foo$(VAR_DNE)bar', 'foo$(VAR_DNE)bar'],
    ['$$(VAR_A)_$(VAR_B)', '$(VAR_A)_B'],
    ['$$$(VAR_A)', '$A'],
    ['$$$$(VAR_A)', '$$(VAR_A)'],
    ['$$$$$(VAR_A)', '$$A'],
    ['$VAR_A', '$VAR_A'],
    ['$(VAR_A', '$(VAR_A'],
    ['$(VAR_A$(VAR_B)', '$(VAR_A$(VAR_B)'],
    ['$', '$'],
    ['f$$', 'f$'],
    ['$()', '$()'],
    ['$(VAR_A))', 'A)'],
    ['\n$(VAR_A)\n', '\nA\n'],
  ];
  it.each(rows)('%j becomes %j', (text, resolved) => expect(resolveReferences(text, ENV)).toBe(resolved));

  it('stays as it is in a text that is too long for a port', () => {
    const text = `${'$('.repeat(500_000)}$(VAR_A)`;
    expect(resolveReferences(text, ENV)).toBe(text);
    expect(referredNames(text)).toEqual([]);
  });

  it('changes no text without a $', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const plain = text.replaceAll('$', '');
        expect(resolveReferences(plain, ENV)).toBe(plain);
      }),
    );
  });

  it('is resolved to the same whatever stands around it', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (before, after) => {
        const escaped = (text: string): string => text.replaceAll('$', '$$$$');
        expect(resolveReferences(`${escaped(before)}$(VAR_A)${escaped(after)}`, ENV)).toBe(`${before}A${after}`);
      }),
    );
  });
});

it('names are those referred to, not those escaped', () => {
  expect(referredNames('--port=$(A)$(B)$$(C)$$$(D)$(E')).toEqual(['A', 'B', 'D']);
});

describe('the variables of a port', () => {
  const known = (...variables: [string, string?][]): Record<string, string> =>
    Object.fromEntries(
      portVariables(variables.map(([name, value]) => ({ name, ...(value !== undefined && { value }) }))),
    );

  it('are the ones that are digits', () => {
    expect(known(['A', '9070'], ['B', 'x'], ['C', ''], ['D'], ['E', '123456'])).toEqual({ A: '9070', C: '' });
  });

  it('refer to those before them alone', () => {
    expect(known(['A', '$(B)70'], ['B', '90'], ['C', '$(B)71'])).toEqual({ B: '90', C: '9071' });
  });

  it('take the last value of a name, also one that is not known', () => {
    expect(known(['A', '1'], ['A', '2'], ['B', '1'], ['B'], ['C'], ['C', '3'])).toEqual({ A: '2', C: '3' });
    expect(known(['A', '1'], ['A', '$(A)2'])).toEqual({ A: '12' });
  });

  it('do not grow, though each doubles the one before', () => {
    const doubling = Array.from({ length: 1000 }, (_, at): [string, string] => [
      `V${at}`,
      `$(V${at - 1})$(V${at - 1})`,
    ]);
    expect(known(['V-1', '1'], ...doubling)).toEqual({ 'V-1': '1', V0: '11', V1: '1111' });
  });
});
