import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { DumpSplitter } from '../../../../src/cli/sources/dump-splitter.js';
import { parsePiece } from '../../../../src/cli/sources/parse-piece.js';
import type { Piece } from '../../../../src/cli/sources/piece.js';

interface Split {
  readonly pieces: readonly Piece[];
  readonly openLine: number | undefined;
}

function split(text: string, sizes: readonly number[] = [text.length]): Split {
  const pieces: Piece[] = [];
  const splitter = new DumpSplitter((piece) => pieces.push(piece));
  let at = 0;
  for (let turn = 0; at < text.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    splitter.push(text.slice(at, at + size));
    at += size;
  }
  return { openLine: splitter.end(), pieces };
}

function valuesIn(text: string, sizes?: readonly number[]): unknown[] {
  return split(text, sizes).pieces.map((piece) => {
    const parsed = parsePiece(piece);
    return 'value' in parsed ? parsed.value : parsed.passed;
  });
}

const CHUNKS = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
/** What breaks naive splitting: brackets, quotes, separators and dashes within strings. */
const NASTY = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '---',
    '- apiVersion: v1',
    'items:',
    '{"items": [',
    ']}',
    '"',
    "'",
    '\\',
    '# no comment',
    'a: b\n- c\n---\n',
  ),
);
const VALUE = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    NASTY,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('items', 'kind', 'data', 'metadata', 'x'), tie('value'), { maxKeys: 3 }),
  ),
})).value;
/** Of interest, so that it is parsed. */
const OBJECTS = fc.array(
  fc.record({ apiVersion: fc.constant('csiports.io/v1alpha1'), kind: fc.constant('X'), spec: VALUE }),
  { minLength: 1, maxLength: 4 },
);
const list = (items: readonly unknown[]): object => ({
  apiVersion: 'v1',
  items,
  kind: 'List',
  metadata: { resourceVersion: '' },
});

test('a JSON list is cut into its items, however it is laid out and whatever the chunks', () => {
  fc.assert(
    fc.property(OBJECTS, CHUNKS, fc.constantFrom(0, 2, 4), (objects, sizes, indent) => {
      expect(valuesIn(JSON.stringify(list(objects), null, indent), sizes)).toEqual(objects);
      expect(valuesIn(JSON.stringify(objects, null, indent), sizes)).toEqual(objects);
    }),
  );
});

test('a YAML list is cut into its items, with and without indented dashes', () => {
  fc.assert(
    fc.property(OBJECTS, CHUNKS, fc.boolean(), (objects, sizes, indentSeq) => {
      const options = { indentSeq, version: '1.1' as const };
      expect(valuesIn(stringify(list(objects), options), sizes)).toEqual(objects);
      expect(valuesIn(stringify(objects, options), sizes)).toEqual(objects);
    }),
  );
});

test('documents of both forms follow each other in any order', () => {
  const form = fc.constantFrom('json', 'yaml');
  fc.assert(
    fc.property(fc.array(fc.tuple(OBJECTS, form), { minLength: 1, maxLength: 4 }), CHUNKS, (parts, sizes) => {
      const texts = parts.map(([objects, as]) =>
        as === 'json'
          ? `${JSON.stringify(list(objects), null, 2)}\n`
          : `---\n${stringify(list(objects), { version: '1.1' })}---\n`,
      );
      expect(valuesIn(texts.join(''), sizes)).toEqual(parts.flatMap(([objects]) => objects));
    }),
  );
});

test('any text ends, and no piece begins behind its end', () => {
  fc.assert(
    fc.property(
      fc.array(NASTY).map((parts) => parts.join('\n')),
      CHUNKS,
      (text, sizes) => {
        const { pieces } = split(text, sizes);
        for (const { line } of pieces) expect(line).toBeLessThanOrEqual(text.split('\n').length);
        expect(pieces).toEqual(split(text).pieces);
      },
    ),
  );
});

test('each piece has the line at which it begins', () => {
  const yaml =
    '# a comment\n---\n\nkind: A\nx: 1\n---\napiVersion: v1\nitems:\n- kind: B\n  y: 2\n- kind: C\nkind: List\n';
  const json = '{\n  "items": [\n    {\n      "kind": "D"\n    },\n    {"kind": "E"}\n  ]\n}\n';
  expect(split(`${yaml}---\n${json}`).pieces.map(({ line }) => line)).toEqual([4, 9, 11, 16, 19]);
});

test('a value may follow its separator on the same line', () => {
  expect(valuesIn('--- {"kind": "A"}\n---\n{"kind": "B"}{"kind": "C"}\n...\n')).toEqual([
    { kind: 'A' },
    { kind: 'B' },
    { kind: 'C' },
  ]);
});

test('the kind of a typed list is known to the items behind it', () => {
  const json = '{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}}]}';
  const yaml = 'kind: PodList\nitems:\n- metadata:\n    name: a\n';
  const behind = 'items:\n- metadata:\n    name: a\nkind: PodList\n';
  expect([json, yaml, behind].map((text) => split(text).pieces[0]?.listKind)).toEqual(['Pod', 'Pod', undefined]);
});

test.each([
  ['{\n "items": [\n  {"a": 1},\n  {"b": ', 4],
  ['\n{"a": "', 2],
  ['{"a": [1, 2]', 1],
])('a text that ends within an object is open since its line: %j', (text, line) => {
  expect(split(text).openLine).toBe(line);
});

test('an empty list and an empty text have no items', () => {
  expect(split('').pieces).toEqual([]);
  expect(split('# nothing\n---\n\n').pieces).toEqual([]);
  expect(valuesIn('{"kind": "PodList", "items": []}')).toEqual([{ kind: 'PodList', items: [] }]);
});

test('JSON behind other text is found, as in kubectl cluster-info dump', () => {
  const text = `{\n "kind": "A"\n}\n==== START logs of x ====\nI1122: started {\n==== END ====\n{\n "kind": "B"\n}\n`;
  expect(valuesIn(text)).toEqual([{ kind: 'A' }, undefined, { kind: 'B' }]);
  expect(split(text).pieces.map(({ line }) => line)).toEqual([1, 4, 7]);
});
