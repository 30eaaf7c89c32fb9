import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { currentPort, heldPorts, movePort, type JsonPatch } from '../../../../src/domain/rules/sidecar-port.js';
import type { Sidecar } from '../../../../src/domain/rules/workload.js';
import { projectDeployment } from '../../../../src/kube/workload-projection.js';
import { POOL } from '../../../../src/domain/rules/slots.js';
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
  const { name, image, env } = containerOf(raw);
  return applyPatch(raw, [{ op: 'replace', path: CONTAINER, value: { name, image, env } }]);
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

  it('changes nothing outside of the sidecar, nor its name, image and environment', () => {
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
        const own = [currentPort(project(raw).sidecar!), port, ...POOL];
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

describe('a port from the environment', () => {
  const template = (port: number, args: readonly string[]): RawWorkload => {
    const env = [
      { name: 'START', value: String(port).slice(0, 2) },
      { name: 'PORT', value: `$(START)${String(port).slice(2)}` },
    ];
    return rawWorkload('rbdProvisioner', { sidecar: { args, env, ports: [{ containerPort: port }] } });
  };
  const forms = fc.constantFrom(['--controller-port=$(PORT)'], ['-controller-port', '$(PORT)', '--v=0']);
  const projected = (raw: RawWorkload): Sidecar => projectDeployment(raw).sidecar!;

  it('is one like any other: nothing is moved that is on it, and a move writes the number in its place', () => {
    fc.assert(
      fc.property(forms, assignablePort, assignablePort, (args, port, other) => {
        const raw = template(port, args);
        expect(currentPort(projected(raw))).toBe(port);
        expect(movePort(projected(raw), CONTAINER, port)).toEqual([]);
        if (other === port) return;
        const patch = movePort(projected(raw), CONTAINER, other);
        const element = args.findIndex((argument) => argument.includes('$'));
        expect(patch).toContainEqual({ op: 'test', path: `${CONTAINER}/args/${element}`, value: args[element] });
        const after = applyPatch(raw, patch);
        expect(containerOf(after).args).toEqual(args.map((argument) => argument.replace('$(PORT)', String(other))));
        expect(containerOf(after).env).toEqual(containerOf(raw).env);
        expect([...heldPorts(projected(after))]).toEqual([other]);
        expect(movePort(projected(after), CONTAINER, other)).toEqual([]);
      }),
    );
  });

  it('is not known if its value comes from elsewhere: the declared port counts', () => {
    fc.assert(
      fc.property(forms, assignablePort, (args, port) => {
        const env = [{ name: 'PORT', valueFrom: { configMapKeyRef: { name: 'ports', key: 'addons' } } }];
        const raw = rawWorkload('rbdProvisioner', { sidecar: { args, env, ports: [{ containerPort: port }] } });
        expect(projected(raw)).not.toHaveProperty('env');
        expect(currentPort(projected(raw))).toBe(port);
        const after = move(raw, port);
        expect(containerOf(after).args).toEqual(args.map((argument) => argument.replace('$(PORT)', String(port))));
      }),
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
