import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { PORT_FLAGS, flaggedPort, namesInPorts, portArguments } from '../../../../src/domain/rules/port-flag.js';

const flag = fc.constantFrom(...PORT_FLAGS);
const port = fc.integer({ min: 1, max: 65_535 });

/** The forms of Go's flag package. */
function forms(name: string, value: string): string[][] {
  return [[`--${name}=${value}`], [`-${name}=${value}`], [`--${name}`, value], [`-${name}`, value]];
}

describe('each flag', () => {
  it('is read in every form, in command and args', () => {
    fc.assert(
      fc.property(flag, port, fc.nat({ max: 3 }), (name, number, form) => {
        const line = forms(name, String(number))[form]!;
        expect(flaggedPort(name, { command: line })).toBe(number);
        expect(flaggedPort(name, { command: ['x'], args: line })).toBe(number);
        expect(flaggedPort(name, { command: [...line.slice(0, 1)], args: line.slice(1) })).toBe(number);
      }),
    );
  });

  it('is no other flag', () => {
    fc.assert(
      fc.property(flag, flag, port, fc.nat({ max: 3 }), (name, other, number, form) => {
        fc.pre(name !== other);
        expect(flaggedPort(name, { args: forms(other, String(number))[form]! })).toBeUndefined();
      }),
    );
  });

  it('is resolved from the environment in every form, and keeps its stored text for the guard', () => {
    fc.assert(
      fc.property(flag, port, fc.nat({ max: 3 }), (name, number, form) => {
        const args = forms(name, '$(PORT)')[form]!;
        const line = { args, env: { PORT: String(number) } };
        expect(flaggedPort(name, line)).toBe(number);
        const [argument] = portArguments(name, line);
        expect(argument).toMatchObject({ element: args.at(-1), value: String(number) });
        expect(argument!.withPort(9071)).toBe(forms(name, '9071')[form]!.at(-1));
        expect(flaggedPort(name, { args })).toBeUndefined();
        expect([...namesInPorts(line)]).toEqual(['PORT']);
      }),
    );
  });
});

test.each([
  ['--http-endpoint=:8080'],
  ['--metrics-port=8080'],
  ['--ports=8080'],
  ['--export=8080'],
  ['---port=8080'],
  ['port=8080'],
  ['--port =8080'],
  ['--PORT=8080'],
])('%s is none of them', (argument) => {
  for (const name of PORT_FLAGS) expect(flaggedPort(name, { args: [argument, '8080'] })).toBeUndefined();
});

test('part of a value may be a reference', () => {
  const env = { START: '90', EMPTY: '', constructor: '1' };
  expect(flaggedPort('port', { args: ['--port=$(START)70$(EMPTY)'], env })).toBe(9070);
  expect(flaggedPort('port', { args: ['--port=$(toString)70'], env })).toBeUndefined();
  expect(flaggedPort('port', { args: ['--port=:$(START)70'], env })).toBeUndefined();
  expect(flaggedPort('port', { args: ['--port=$$(START)70'], env })).toBeUndefined();
});

test('names are those in the values of port flags alone', () => {
  const args = ['--pod=$(POD)', '--port=$(A)$$(X)', '--metricsport', '$(B)', '$(C)', '--controller-port=$(D)'];
  expect([...namesInPorts({ command: ['--livenessport=$(E)', '$(F)'], args })].sort()).toEqual(['A', 'B', 'D', 'E']);
  expect(namesInPorts({})).toEqual(new Set());
});
