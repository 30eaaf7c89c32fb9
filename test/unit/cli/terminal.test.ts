/** When text is coloured, how wide it is, and when a line of progress is shown. */
import { describe, expect, test } from 'vitest';
import { ProgressLine, renderOptions } from '../../../src/cli/terminal.js';

const TERMINAL = { isTTY: true, columns: 80, write: () => true };
const PIPE = { write: () => true };
const AUTO = { format: 'text', colour: 'auto' } as const;

test.each([
  { what: 'a terminal', colour: true },
  { what: 'a pipe', stream: PIPE, colour: false },
  { what: 'NO_COLOR', environment: { NO_COLOR: '1' }, colour: false },
  { what: 'an empty NO_COLOR', environment: { NO_COLOR: '' }, colour: true },
  { what: 'a dumb terminal', environment: { TERM: 'dumb' }, colour: false },
  {
    what: 'always, over NO_COLOR',
    asked: 'always' as const,
    stream: PIPE,
    environment: { NO_COLOR: '1' },
    colour: true,
  },
  { what: 'never', asked: 'never' as const, colour: false },
])('colour: $what', ({ asked = 'auto' as const, stream = TERMINAL, environment = {}, colour }) => {
  expect(renderOptions({ format: 'text', colour: asked }, stream, environment)).toMatchObject({
    format: 'text',
    colour,
  });
});

test('text is as wide as the terminal, and 100 columns in a pipe', () => {
  expect(renderOptions(AUTO, TERMINAL, {}).columns).toBe(80);
  expect(renderOptions(AUTO, PIPE, {}).columns).toBe(100);
});

describe('progress', () => {
  function lineOn(stream: object): { line: ProgressLine; written: () => string } {
    let written = '';
    const line = new ProgressLine({ ...stream, write: (text) => ((written += text), true) });
    return { line, written: () => written };
  }

  test('of a long list is one line of a terminal, which goes away', () => {
    const { line, written } = lineOn(TERMINAL);
    line.update('Deployment rook-ceph-operator', 3);
    line.clear();
    expect(written()).toBe('');
    line.update('Pods on the host network', 500);
    line.update('Pods on the host network', 1000);
    line.update('Pods on the host network', 1500);
    line.clear();
    expect(written()).toBe(
      '\r\x1b[KReading Pods on the host network: 1000\r\x1b[KReading Pods on the host network: 1500\r\x1b[K',
    );
  });

  test('is not shown in a file', () => {
    const { line, written } = lineOn({});
    line.update('Pods on the host network', 5000);
    line.clear();
    expect(written()).toBe('');
  });
});
