import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sanitize } from '../../../../src/domain/report/sanitize.js';

test.each([
  ['a\nb\r\nc', 'a b  c'],
  ['\u001b[31mred', ' [31mred'],
  ['\u009b31m', ' 31m'],
  ['a\u2028b\u2029c\u0085d', 'a b c d'],
  ['\u202egnp.exe\u200f', ' gnp.exe '],
  ['\ud800x\udc00', ' x '],
  ['ok: "é" 日本 😀', 'ok: "é" 日本 😀'],
])('%j is %j', (text, plain) => expect(sanitize(text, 100)).toBe(plain));

test('a cut is marked, and never inside of a character', () => {
  expect(sanitize('abcdef', 6)).toBe('abcdef');
  expect(sanitize('abcdefg', 6)).toBe('abcde…');
  expect(sanitize('abcd😀fg', 6)).toBe('abcd …');
});

test('any text: of one line, well-formed, and no longer than it may be', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (text, most) => {
      const plain = sanitize(text, most);
      expect(plain.length).toBeLessThanOrEqual(most);
      expect(plain.isWellFormed()).toBe(true);
      expect(plain).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});
