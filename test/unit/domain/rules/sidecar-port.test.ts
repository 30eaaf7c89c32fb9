import { describe, expect, it } from 'vitest';
import { currentPort, heldPorts, movePort } from '../../../../src/domain/rules/sidecar-port.js';
import type { RawContainer } from '../raw-workload.js';
import { project, rawWorkload } from '../raw-workload.js';
import { applyPatch, valueAt } from '../json-patch.js';

const CONTAINER = '/spec/template/spec/containers/1';

type SidecarSpec = Omit<RawContainer, 'name' | 'image'>;

function raw(sidecar: SidecarSpec): ReturnType<typeof rawWorkload> {
  return rawWorkload('rbdProvisioner', { sidecar });
}

function sidecarOf(sidecar: SidecarSpec): NonNullable<ReturnType<typeof project>['sidecar']> {
  return project(raw(sidecar)).sidecar!;
}

/** The sidecar after its move, without name and image. */
function moved(sidecar: SidecarSpec, port: number): unknown {
  const after = applyPatch(raw(sidecar), movePort(sidecarOf(sidecar), CONTAINER, port));
  const { name, image, ...rest } = valueAt(after, CONTAINER) as RawContainer;
  expect([name, image]).toEqual(['csi-addons', 'k8s-sidecar:v0.12.0']);
  return rest;
}

describe('currentPort', () => {
  const declared = [{ containerPort: 9070 }, { containerPort: 9071 }];
  const rows: [string, SidecarSpec, number | undefined][] = [
    ['two dashes, joined', { args: ['--controller-port=9075'], ports: declared }, 9075],
    ['one dash, joined', { args: ['-controller-port=9075'], ports: declared }, 9075],
    ['two dashes, value apart', { args: ['--controller-port', '9075'], ports: declared }, 9075],
    ['one dash, value apart', { args: ['-controller-port', '9075'], ports: declared }, 9075],
    ['the last of several', { args: ['--controller-port=9075', '-controller-port', '9076'] }, 9076],
    ['in the command', { command: ['sidecar', '--controller-port=9075'], args: ['--v=0'] }, 9075],
    ['args after command', { command: ['sidecar', '--controller-port=9075'], args: ['--controller-port=9076'] }, 9076],
    ['a variable', { args: ['--controller-port=$(PORT)'], env: [{ name: 'PORT', value: '9075' }] }, 9075],
    ['a variable, value apart', { args: ['-controller-port', '$(P)'], env: [{ name: 'P', value: '9075' }] }, 9075],
    ['an unknown variable: the first declared port', { args: ['--controller-port=$(PORT)'], ports: declared }, 9070],
    [
      'an escaped reference: the first declared port',
      { args: ['--controller-port=$$(PORT)'], env: [{ name: 'PORT', value: '9075' }], ports: declared },
      9070,
    ],
    ['not a number', { args: ['--controller-port=90x'], ports: declared }, 9070],
    ['as found, though it is no port', { args: ['--controller-port=70000'], ports: declared }, 70000],
    ['too long for an int64 of the status', { args: [`--controller-port=${'9'.repeat(20)}`], ports: declared }, 9070],
    ['no value', { args: ['--controller-port='], ports: declared }, 9070],
    ['the flag last, without its value', { args: ['--controller-port'], ports: declared }, 9070],
    ['no flag', { args: ['--v=0'], ports: declared }, 9070],
    ['no args', { ports: declared }, 9070],
    ['nothing at all', {}, undefined],
    [
      'flags that only look alike',
      { args: ['--controller-ports=1', '---controller-port=2', 'controller-port=3', '--x--controller-port=4'] },
      undefined,
    ],
  ];
  it.each(rows)('%s', (_name, sidecar, port) => expect(currentPort(sidecarOf(sidecar))).toBe(port));
});

describe('heldPorts', () => {
  it('joins the port listened on and all those declared', () => {
    const ports = [{ containerPort: 9070 }, { containerPort: 9072 }];
    expect([...heldPorts(sidecarOf({ args: ['--controller-port=9075'], ports }))]).toEqual([9070, 9072, 9075]);
    expect([...heldPorts(sidecarOf({ args: ['--controller-port=9070'], ports }))]).toEqual([9070, 9072]);
    expect([...heldPorts(sidecarOf({}))]).toEqual([]);
    const env = [{ name: 'PORT', value: '9075' }];
    expect([...heldPorts(sidecarOf({ args: ['--controller-port=$(PORT)'], env, ports }))]).toEqual([9070, 9072, 9075]);
  });
});

describe('the argument', () => {
  const rows: [string, SidecarSpec, SidecarSpec][] = [
    [
      'two dashes, joined',
      { args: ['--v=0', '--controller-port=9070', '--pod=x'] },
      { args: ['--v=0', '--controller-port=9072', '--pod=x'] },
    ],
    ['one dash, joined', { args: ['-controller-port=9070'] }, { args: ['-controller-port=9072'] }],
    [
      'two dashes, value apart',
      { args: ['--controller-port', '9070', '--v=0'] },
      { args: ['--controller-port', '9072', '--v=0'] },
    ],
    ['one dash, value apart', { args: ['-controller-port', '9070'] }, { args: ['-controller-port', '9072'] }],
    [
      'the flag last, without its value',
      { args: ['--v=0', '--controller-port'] },
      { args: ['--v=0', '--controller-port', '9072'] },
    ],
    ['joined without a value', { args: ['--controller-port='] }, { args: ['--controller-port=9072'] }],
    [
      'every occurrence',
      { args: ['--controller-port=9070', '-controller-port', '9071'] },
      { args: ['--controller-port=9072', '-controller-port', '9072'] },
    ],
    [
      'only the occurrences that differ',
      { args: ['--controller-port=9072', '--controller-port=9070'] },
      { args: ['--controller-port=9072', '--controller-port=9072'] },
    ],
    [
      'an occurrence and a trailing flag',
      { args: ['--controller-port=9070', '--controller-port'] },
      { args: ['--controller-port=9072', '--controller-port', '9072'] },
    ],
    ['a line end in the value', { args: ['--controller-port=90\n70'] }, { args: ['--controller-port=9072'] }],
    ['an unknown variable', { args: ['--controller-port=$(PORT)'] }, { args: ['--controller-port=9072'] }],
    [
      'a variable, which itself stays',
      { args: ['--controller-port=$(PORT)'], env: [{ name: 'PORT', value: '9070' }] },
      { args: ['--controller-port=9072'], env: [{ name: 'PORT', value: '9070' }] },
    ],
    ['missing: appended', { args: ['--v=0'] }, { args: ['--v=0', '--controller-port=9072'] }],
    ['empty args', { args: [] }, { args: ['--controller-port=9072'] }],
    ['no args', {}, { args: ['--controller-port=9072'] }],
    [
      'in the command',
      { command: ['sidecar', '--controller-port=9070'] },
      { command: ['sidecar', '--controller-port=9072'] },
    ],
    [
      'in both',
      { command: ['sidecar', '-controller-port=9070'], args: ['--controller-port=9071'] },
      { command: ['sidecar', '-controller-port=9072'], args: ['--controller-port=9072'] },
    ],
    [
      'a flag that is the value of a flag',
      { args: ['--controller-port', '--controller-port=9070', '--v=0'] },
      { args: ['--controller-port', '9072', '--v=0'] },
    ],
    [
      'the flag twice, then one value',
      { args: ['--controller-port', '--controller-port', '9070'] },
      { args: ['--controller-port', '9072', '9070'] },
    ],
    [
      'the flag last in the command, its value first in args',
      { command: ['sidecar', '--controller-port'], args: ['9070', '--v=0'] },
      { command: ['sidecar', '--controller-port'], args: ['9072', '--v=0'] },
    ],
  ];
  it.each(rows)('%s', (_name, before, after) => expect(moved(before, 9072)).toEqual(after));

  it('is left alone where it is right', () => {
    for (const args of [['--controller-port=9072'], ['-controller-port', '9072', '--v=0']]) {
      expect(movePort(sidecarOf({ args }), CONTAINER, 9072)).toEqual([]);
    }
    const env = [{ name: 'PORT', value: '9072' }];
    expect(movePort(sidecarOf({ args: ['--controller-port=$(PORT)'], env }), CONTAINER, 9072)).toEqual([]);
  });
});

describe('the declared port', () => {
  const args = ['--controller-port=9070'];
  const rows: [string, SidecarSpec['ports'], number, SidecarSpec['ports']][] = [
    ['as Rook writes it', [{ containerPort: 9070, protocol: 'TCP' }], 9072, [{ containerPort: 9072, protocol: 'TCP' }]],
    ['named', [{ name: 'addons', containerPort: 9070 }], 9072, [{ name: 'addons', containerPort: 9072 }]],
    [
      'with the stored hostPort of Kubernetes 1.27',
      [{ containerPort: 9070, hostPort: 9070 }],
      9072,
      [{ containerPort: 9072, hostPort: 9072 }],
    ],
    ['a single one of any number', [{ containerPort: 8080 }], 9072, [{ containerPort: 9072 }]],
    ['none', [], 9072, []],
    ['not at all', undefined, 9072, undefined],
    [
      'beside a foreign one, behind',
      [{ containerPort: 9070 }, { containerPort: 8080 }],
      9072,
      [{ containerPort: 9072 }, { containerPort: 8080 }],
    ],
    [
      'beside a foreign one, in front',
      [{ containerPort: 8080, hostPort: 8080 }, { containerPort: 9070 }],
      9072,
      [{ containerPort: 8080, hostPort: 8080 }, { containerPort: 9072 }],
    ],
    [
      'two foreign ones alone',
      [{ containerPort: 8080 }, { containerPort: 8081 }],
      9072,
      [{ containerPort: 8080 }, { containerPort: 8081 }],
    ],
    [
      'left over, new one first',
      [
        { containerPort: 9072, name: 'a' },
        { containerPort: 9070, name: 'b' },
      ],
      9072,
      [{ containerPort: 9072, name: 'a' }],
    ],
    ['left over, old one first', [{ containerPort: 9070 }, { containerPort: 9072 }], 9072, [{ containerPort: 9072 }]],
    [
      'left over twice, around a foreign one',
      [{ containerPort: 9071 }, { containerPort: 8080 }, { containerPort: 9070 }, { containerPort: 9073 }],
      9072,
      [{ containerPort: 9072 }, { containerPort: 8080 }],
    ],
    [
      'of another protocol, in front of its own',
      [{ containerPort: 9072, protocol: 'UDP' }, { containerPort: 9070 }],
      9072,
      [{ containerPort: 9072, protocol: 'UDP' }, { containerPort: 9072 }],
    ],
    ['left over from the pool', [{ containerPort: 9099 }, { containerPort: 9070 }], 9072, [{ containerPort: 9072 }]],
    [
      'left over, on a port outside of the layout',
      [{ containerPort: 9500 }, { containerPort: 9070 }],
      9500,
      [{ containerPort: 9500 }],
    ],
    [
      'left over, outside of the layout, old one first',
      [{ containerPort: 9070 }, { containerPort: 9500 }],
      9500,
      [{ containerPort: 9500 }],
    ],
  ];
  it.each(rows)('%s', (_name, ports, port, expected) => {
    const declared = (list: SidecarSpec['ports']): SidecarSpec => (list === undefined ? {} : { ports: list });
    const after = moved({ args, ...declared(ports) }, port);
    expect(after).toEqual({ args: [`--controller-port=${port}`], ...declared(expected) });
  });

  it('is recognised by the argument where it is outside of the layout', () => {
    const ports = [{ containerPort: 8080 }, { containerPort: 9500 }];
    const after = moved({ args: ['--controller-port=9500'], ports }, 9070);
    expect(after).toEqual({
      args: ['--controller-port=9070'],
      ports: [{ containerPort: 8080 }, { containerPort: 9070 }],
    });
  });

  it('goes where it is named as left over, and stays otherwise', () => {
    const container = { args: ['--controller-port=9072'], ports: [{ containerPort: 9072 }, { containerPort: 9500 }] };
    expect(movePort(sidecarOf(container), CONTAINER, 9072)).toEqual([]);
    expect(movePort(sidecarOf(container), CONTAINER, 9072, [9500])).toEqual([
      { op: 'test', path: `${CONTAINER}/ports/1/containerPort`, value: 9500 },
      { op: 'remove', path: `${CONTAINER}/ports/1` },
    ]);
  });

  it('is moved alone where only it is wrong, hostPort alone likewise', () => {
    const container = { args: ['--controller-port=9072'], ports: [{ containerPort: 9070 }] };
    expect(movePort(sidecarOf(container), CONTAINER, 9072)).toEqual([
      { op: 'test', path: `${CONTAINER}/ports/0/containerPort`, value: 9070 },
      { op: 'replace', path: `${CONTAINER}/ports/0/containerPort`, value: 9072 },
    ]);
    const host = { args: ['--controller-port=9072'], ports: [{ containerPort: 9072, hostPort: 9070 }] };
    expect(movePort(sidecarOf(host), CONTAINER, 9072)).toEqual([
      { op: 'test', path: `${CONTAINER}/ports/0/hostPort`, value: 9070 },
      { op: 'replace', path: `${CONTAINER}/ports/0/hostPort`, value: 9072 },
    ]);
  });
});

it('names the container by the pointer it is given', () => {
  const { args, ports } = { args: ['--controller-port=9070', '--controller-port'], ports: [{ containerPort: 9070 }] };
  const paths = movePort(sidecarOf({ args, ports }), '/elsewhere/5', 9072).map(({ path }) => path);
  expect(paths.every((path) => path.startsWith('/elsewhere/5/'))).toBe(true);
});
