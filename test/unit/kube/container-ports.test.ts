import type { V1Container } from '@kubernetes/client-node';
import { describe, expect, it, test } from 'vitest';
import { commandLineOf, portsTaken } from '../../../src/kube/container-ports.js';

/** As in the API server's JSON. */
const parsed = (fields: object): V1Container => JSON.parse(JSON.stringify({ name: 'c', ...fields })) as V1Container;

const portsOf = (fields: object): number[] => {
  const taken = portsTaken(parsed(fields));
  expect(taken.map((port) => port.container)).toEqual(taken.map(() => 'c'));
  return taken.map(({ port }) => port);
};
const valueFrom = { fieldRef: { fieldPath: 'status.hostIP' } };

describe('portsTaken', () => {
  const tcp = [{ containerPort: 8080 }, { containerPort: 8081, protocol: 'TCP' }];
  const rows: [string, object, number[]][] = [
    ['declared for TCP', { ports: [...tcp, { containerPort: 53, protocol: 'UDP' }] }, [8080, 8081]],
    ['nothing', {}, []],
    ['null for every list', { ports: null, args: null, command: null, env: null }, []],
    ['each port argument', { args: ['--metricsport=1', '-livenessport', '2', '--port', '3'] }, [1, 2, 3]],
    ["the sidecar's", { args: ['--controller-port=9070'], ports: [{ containerPort: 9071 }] }, [9071, 9070]],
    ['in the command', { command: ['/node-agent', '--port=8080'] }, [8080]],
    ['declared and an argument', { args: ['--metricsport=9080'], ports: [{ containerPort: 9080 }] }, [9080]],
    ['the last of a flag', { args: ['--metricsport=9080', '--metricsport=9082'] }, [9082]],
    ['other flags', { args: ['--http-endpoint=:8080', '--metrics-port=1', '--ports=2', '--support=3', 'port=4'] }, []],
    ['no port', { args: ['--port=0', '--metricsport=65536', '--livenessport=x'] }, []],
    ['from the environment', { args: ['--port=$(P)'], env: [{ name: 'P', value: '8080' }] }, [8080]],
    [
      'from a variable that refers to another',
      {
        args: ['--port', '$(P)'],
        env: [
          { name: 'N', value: '80' },
          { name: 'P', value: '$(N)80' },
        ],
      },
      [8080],
    ],
    ['a variable from elsewhere', { args: ['--port=$(P)'], env: [{ name: 'P', valueFrom }] }, []],
    ['a variable that is not there', { args: ['--port=$(P)'], ports: [{ containerPort: 8080 }] }, [8080]],
  ];
  it.each(rows)('%s', (_name, container, ports) => expect(portsOf(container)).toEqual(ports));

  it('throws a TypeError that names the field', () => {
    expect(() => portsOf({ ports: 'x' })).toThrow('ports is not a list');
    expect(() => portsOf({ args: [7] })).toThrow('args is not a string');
    expect(() => portsOf({ args: ['--port=$(P)'], env: [{ name: 7 }] })).toThrow('env name is not a string');
    expect(() => portsOf({ args: ['--port=$(P)'], env: [{ name: 'P', value: 7 }] })).toThrow('env value is not');
  });
});

test('no environment is looked at unless a port argument refers to it', () => {
  const env = new Proxy([{ name: 'P', value: '1' }], {
    get: () => {
      throw new Error('looked at');
    },
  });
  const args = ['--pod=$(P)', '--port=8080', '--metricsport=$$(P)'];
  expect(commandLineOf(Object.assign(parsed({ args }), { env }))).toEqual({ command: undefined, args });
});

test('of more than a thousand variables none is read', () => {
  const env = (count: number): object[] =>
    Array.from({ length: count }, (_, at) => ({ name: `V${at}`, value: '8080' }));
  expect(portsOf({ args: ['--port=$(V0)'], env: env(1000) })).toEqual([8080]);
  expect(portsOf({ args: ['--port=$(V0)'], env: env(1001) })).toEqual([]);
});

test('of a line of references to names that every object inherits nothing is known', () => {
  const args = ['--port=$(constructor)', '--metricsport=$(__proto__)'];
  expect(portsOf({ args })).toEqual([]);
  expect(portsOf({ args, env: [{ name: '__proto__', value: '9080' }] })).toEqual([9080]);
});
