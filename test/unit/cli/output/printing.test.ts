/** The pieces that text is made of, and what holds for every text. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkReport } from '../../../../src/cli/commands/check.js';
import type { CliDocument } from '../../../../src/cli/commands/document.js';
import { CLI_API_VERSION } from '../../../../src/cli/commands/document-head.js';
import { explain } from '../../../../src/cli/commands/explain.js';
import { planReport } from '../../../../src/cli/commands/plan.js';
import { shellJson, shellWord } from '../../../../src/cli/commands/shell.js';
import { statusReport } from '../../../../src/cli/commands/status.js';
import { COLOURED, PLAIN } from '../../../../src/cli/output/colour.js';
import { commandLines } from '../../../../src/cli/output/command-lines.js';
import { nodeNames } from '../../../../src/cli/output/node-picture.js';
import { render, type RenderOptions } from '../../../../src/cli/output/render.js';
import { table } from '../../../../src/cli/output/table.js';
import { displayWidth, shorten, wrap, wrapHanging } from '../../../../src/cli/output/width.js';
import { podOn, podsOf } from '../../domain/pods.js';
import { callsIn } from '../run-in-shell.js';
import { CLASSIC, HEALTHY, SURVEYS, survey } from '../surveys.js';

const TEXT: RenderOptions = { format: 'text', colour: false, columns: 100 };

const DOCUMENTS: [string, CliDocument][] = [
  ...Object.entries(SURVEYS).flatMap(([name, found]): [string, CliDocument][] => [
    [`check ${name}`, checkReport(found)],
    [`plan ${name}`, planReport(found)],
    [`status ${name}`, statusReport(found)],
  ]),
  ['explain', explain()],
];

/** Without what a terminal does not show. */
function stripped(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/\u001B\[\d+m/g, '');
}

describe.each(DOCUMENTS)('%s', (_name, document) => {
  it.each([100, 80, 60, 0, 1000])('fits %i columns, but no fewer than 60 and no more than 100', (columns) => {
    const most = Math.max(60, Math.min(columns, 100));
    for (const line of render(document, { ...TEXT, columns }).split('\n')) {
      // A part of a command stays in one piece, as it has to be copied.
      if (columns < 80 && /^ +(-p )?\S+$/.test(line)) continue;
      expect(displayWidth(line), line).toBeLessThanOrEqual(most);
    }
  });

  it('has no control character but the end of a line, and no blank at the end of one', () => {
    for (const format of ['text', 'wide', 'json', 'yaml'] as const) {
      const text = render(document, { ...TEXT, format });
      expect(text.endsWith('\n')).toBe(true);
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      if (format === 'text') expect(text).not.toMatch(/ $/m);
    }
  });

  it('is the same in colour but for the colour', () => {
    expect(stripped(render(document, { ...TEXT, colour: true }))).toBe(render(document, TEXT));
  });

  it('is the same document in JSON and in YAML', () => {
    const json: unknown = JSON.parse(render(document, { ...TEXT, format: 'json' }));
    expect(parse(render(document, { ...TEXT, format: 'yaml' }))).toEqual(json);
    expect(json).toMatchObject({ apiVersion: CLI_API_VERSION, kind: document.kind });
    expect(json).toEqual(JSON.parse(JSON.stringify(document)));
  });
});

describe('names of a cluster', () => {
  const name = fc.string({ unit: 'binary', maxLength: 300 });

  it('end no line, steer no terminal, and take no more room than there is', () => {
    fc.assert(
      fc.property(name, name, name, fc.integer({ min: 1, max: 65535 }), (workload, node, message, port) => {
        const pods = [podOn([9070, port], { name: workload, node, container: message }), ...(CLASSIC.pods as [])];
        const rook = { ...CLASSIC, pods, rook: { image: `x:${message}` } };
        const found = survey([rook], [{ what: workload, reason: 'Forbidden', message, remedy: message }]);
        for (const document of [checkReport(found), planReport(found), statusReport(found)]) {
          for (const line of render(document, TEXT).split('\n')) {
            expect(displayWidth(line)).toBeLessThanOrEqual(100);
            expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are one word of a shell, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), (text) => {
        fc.pre(!text.includes('\0'));
        const [call] = callsIn(`kubectl ${shellWord(text)} ${shellJson({ text })}`);
        expect(call!.words[0]).toBe(text);
        expect(JSON.parse(call!.words[1]!)).toEqual({ text });
      }),
      { numRuns: 25 },
    );
  });
});

describe('the picture of the nodes', () => {
  it.each([
    [['a'], 'a'],
    [['*'], 'any node, by the pod templates alone'],
    [['node-1', 'node-2'], 'node-1, node-2'],
    [['node-1', 'node-2', 'node-3'], 'node-1 .. node-3 (3 nodes)'],
    [['node-08', 'node-09', 'node-10'], 'node-08 .. node-10 (3 nodes)'],
    [['node-1', 'node-2', 'node-4'], 'node-1, node-2 and 1 more (3 nodes)'],
    [['a', 'b', 'c'], 'a, b and 1 more (3 nodes)'],
  ])('names %j', (nodes, text) => expect(nodeNames(nodes)).toBe(text));

  it('counts what it does not show, which wide does', () => {
    const nodes = Array.from({ length: 9 }, (_, at) => `node-${at}`);
    const pods = nodes.flatMap((node, at) => [
      ...podsOf('rbdNodePlugin', [node], 9072),
      podOn([9070], { name: `agent-${at}`, node }),
    ]);
    const document = checkReport(survey([{ ...HEALTHY, pods }]));
    expect(render(document, TEXT)).toContain('and 3 more nodes: -o wide shows all');
    const wide = render(document, { ...TEXT, format: 'wide' });
    for (const node of nodes) expect(wide).toContain(node);
  });
});

describe('widths', () => {
  it.each([
    ['abc', 3],
    ['日本', 4],
    ['e\u0301', 1],
    ['🙂', 2],
    ['✗', 1],
    ['', 0],
  ])('%s takes %i columns', (text, width) => expect(displayWidth(text)).toBe(width));

  it('shortens by columns, and not inside of a character', () => {
    expect(shorten('日本語', 4)).toBe('日…');
    expect(shorten('abc', 3)).toBe('abc');
    expect(shorten('abcd', 3)).toBe('ab…');
    expect(shorten('abcd', 0)).toBe('');
  });

  it('wraps at spaces, and words that are longer than a line anywhere', () => {
    expect(wrap('aa bb cc', 5)).toEqual(['aa bb', 'cc']);
    expect(wrap('abcdefgh i', 3)).toEqual(['abc', 'def', 'gh', 'i']);
    expect(wrap('', 5)).toEqual([]);
    expect(wrapHanging('aa bb cc', 5, '  ')).toEqual(['aa', '  bb', '  cc']);
  });

  it('wraps every text to lines that fit, and loses no letter', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 2, max: 40 }), (text, width) => {
        const lines = wrap(text, width);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
    );
  });
});

describe('table', () => {
  const columns = [{ title: 'A' }, { title: 'B', align: 'right' as const }];

  it('lines its columns up by what is seen', () => {
    const rows = [
      ['日本', '1'],
      ['x', { text: '200', style: COLOURED.bad }],
    ];
    const lines = table(columns, rows, { palette: COLOURED, width: 80 }).map(stripped);
    expect(lines).toEqual(['A       B', '日本    1', 'x     200']);
  });

  it('shortens the widest cells until it fits', () => {
    const lines = table(columns, [['a'.repeat(50), 'b'.repeat(10)]], { palette: PLAIN, width: 30, indent: ' ' });
    expect(lines.map(displayWidth)).toEqual([30, 30]);
    expect(lines[1]).toMatch(/…/);
    expect(lines[1]).toContain('b'.repeat(10));
  });

  it('is empty without rows', () => expect(table(columns, [], { palette: PLAIN, width: 30 })).toEqual([]));
});

describe('commandLines', () => {
  it('keeps a command that fits', () => expect(commandLines('kubectl get pods', 40)).toEqual(['kubectl get pods']));

  it('breaks at spaces and behind the commas of JSON, an operation to a line', () => {
    const patch = `'[{"op":"test","path":"/a, b"},{"op":"remove","path":"/c"}]'`;
    expect(commandLines(`kubectl patch x -p ${patch}`, 38)).toEqual([
      'kubectl patch x \\',
      `  -p '[{"op":"test","path":"/a, b"},`,
      `  {"op":"remove","path":"/c"}]'`,
    ]);
  });

  it('breaks no other quoted text', () => {
    const [, last] = commandLines(`kubectl annotate x 'a={"Name": "b"}'`, 22);
    expect(last).toBe(`  'a={"Name": "b"}'`);
  });
});
