import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { currentPort, movePort, type JsonPatch } from '../../../../src/domain/rules/sidecar-port.js';
import { assignablePort, sidecarContainer } from '../arbitraries.js';
import { applyPatch, valueAt } from '../json-patch.js';
import { project, rawWorkload, type RawContainer, type RawPort, type RawWorkload } from '../raw-workload.js';

const CONTAINER = '/spec/template/spec/containers/1';
const RUNS = { numRuns: 1000 };

const templates = sidecarContainer.map((sidecar) => rawWorkload('rbdProvisioner', { sidecar }));

function patchOf(raw: RawWorkload, port: number): JsonPatch {
  return movePort(project(raw).sidecar!, CONTAINER, port);
}

function move(raw: RawWorkload, port: number): RawWorkload {
  return applyPatch(raw, patchOf(raw, port));
}

function containerOf(raw: RawWorkload): RawContainer {
  return valueAt(raw, CONTAINER) as RawContainer;
}

/** Everything but the three lists of the sidecar that a move may change. */
function rest(raw: RawWorkload): RawWorkload {
  const { name, image } = containerOf(raw);
  return applyPatch(raw, [{ op: 'replace', path: CONTAINER, value: { name, image } }]);
}

/** The command line as Go's flag package reads it, each value of the port's flag masked. */
function maskedCommandLine(raw: RawWorkload): string[] {
  const { command = [], args = [] } = containerOf(raw);
  const line = [...command, ...args];
  const masked: string[] = [];
  for (let at = 0; at < line.length; at += 1) {
    const element = line[at]!;
    if (/^--?controller-port$/.test(element)) {
      masked.push(element, '<port>');
      at += 1;
    } else masked.push(element.replace(/^(--?controller-port=).*$/, '$1<port>'));
  }
  return masked.some((element) => element.includes('<port>')) ? masked : [...masked, '--controller-port=<port>'];
}

describe('a move, on any template', () => {
  it('puts the sidecar on the port, and leaves nothing to move', () => {
    fc.assert(
      fc.property(templates, assignablePort, (raw, port) => {
        const after = move(raw, port);
        expect(currentPort(project(after).sidecar!)).toBe(port);
        expect(patchOf(after, port)).toEqual([]);
      }),
      RUNS,
    );
  });

  it('changes nothing but the value of the flag in the command line', () => {
    fc.assert(
      fc.property(templates, assignablePort, (raw, port) => {
        expect(maskedCommandLine(move(raw, port))).toEqual(maskedCommandLine(raw));
      }),
      RUNS,
    );
  });

  it('changes nothing outside of the sidecar, nor its name and image', () => {
    fc.assert(
      fc.property(templates, assignablePort, (raw, port) => {
        expect(rest(move(raw, port))).toEqual(rest(raw));
      }),
      RUNS,
    );
  });

  it('declares the port at most once, and keeps foreign ports as they are and in their order', () => {
    fc.assert(
      fc.property(templates, assignablePort, (raw, port) => {
        const before = containerOf(raw).ports ?? [];
        const after = containerOf(move(raw, port)).ports ?? [];
        const own = [currentPort(project(raw).sidecar!), port, 9070, 9071, 9072, 9073];
        const foreign = (list: readonly RawPort[]): RawPort[] =>
          list.filter(({ containerPort }) => !own.includes(containerPort));
        if (before.length !== 1) expect(foreign(after)).toEqual(foreign(before));
        expect(after.filter((declared) => own.includes(declared.containerPort)).length).toBeLessThanOrEqual(1);
      }),
      RUNS,
    );
  });

  it('keeps name and protocol of the declared port it moves, and no hostPort but its number', () => {
    fc.assert(
      fc.property(templates, assignablePort, (raw, port) => {
        const before = containerOf(raw).ports ?? [];
        const kept = (containerOf(move(raw, port)).ports ?? []).find(({ containerPort }) => containerPort === port);
        if (kept === undefined) return;
        const as = ({ name, protocol, hostPort }: RawPort): unknown => ({
          name,
          protocol,
          stored: hostPort !== undefined,
        });
        expect(before.map(as)).toContainEqual(as(kept));
        expect(kept.hostPort ?? port).toBe(port);
      }),
      RUNS,
    );
  });
});

describe('the guards of a move', () => {
  it('stand before each replacement and removal, and test what is replaced', () => {
    fc.assert(
      fc.property(templates, assignablePort, (raw, port) => {
        const patch = patchOf(raw, port);
        patch.forEach((operation, at) => {
          if (operation.op !== 'replace' && operation.op !== 'remove') return;
          const path = operation.op === 'remove' ? `${operation.path}/containerPort` : operation.path;
          const current = valueAt(applyPatch(raw, patch.slice(0, at)), path);
          expect(patch[at - 1]).toEqual({ op: 'test', path, value: current });
        });
      }),
      RUNS,
    );
  });

  it('stand before each addition to a list, so that it goes where it belongs', () => {
    fc.assert(
      fc.property(templates, assignablePort, (raw, port) => {
        const patch = patchOf(raw, port);
        patch.forEach((operation, at) => {
          if (operation.op !== 'add' || !operation.path.endsWith('/-')) return;
          const path = operation.path.slice(0, -2);
          expect(patch.slice(0, at)).toContainEqual({ op: 'test', path, value: valueAt(raw, path) });
        });
      }),
      RUNS,
    );
  });

  it('fail, and the whole patch with them, where a tested value is another one meanwhile', () => {
    fc.assert(
      fc.property(templates, assignablePort, (raw, port) => {
        const patch = patchOf(raw, port);
        for (const { op, path } of patch) {
          if (op !== 'test') continue;
          const meanwhile = applyPatch(raw, [{ op: 'replace', path, value: 'changed meanwhile' }]);
          expect(() => applyPatch(meanwhile, patch)).toThrow('failed');
        }
      }),
    );
  });

  it('fail where the argument moved to another place, or a list grew that is added to', () => {
    const grown = (args: string[], more: (args: string[]) => string[]): (() => unknown) => {
      const patch = patchOf(rawWorkload('rbdProvisioner', { sidecar: { args } }), 9072);
      const meanwhile = rawWorkload('rbdProvisioner', { sidecar: { args: more(args) } });
      return () => applyPatch(meanwhile, patch);
    };
    expect(grown(['--controller-port=9070'], (args) => ['--v=5', ...args])).toThrow('failed');
    expect(grown(['--v=0'], (args) => [...args, '--controller-port=9070'])).toThrow('failed');
    expect(grown(['--v=0', '--controller-port'], (args) => [...args, '9070'])).toThrow('failed');
  });
});
