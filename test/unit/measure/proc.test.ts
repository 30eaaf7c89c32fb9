import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { connectionsTo, cpuMs, establishedSockets, mebibytes, memory } from '../../support/measure/proc.js';

const LINUX = process.platform === 'linux';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:A3B4 0100007F:192B 01 00000000:00000000 00:00000000 00000000     0        0 111 1 0000 20 4 30 10 -1
   1: 0100007F:A3B5 0100007F:192B 06 00000000:00000000 00:00000000 00000000     0        0 222 1 0000 20 4 30 10 -1
   2: 0100007F:192B 0100007F:A3B4 01 00000000:00000000 00:00000000 00000000     0        0 333 1 0000 20 4 30 10 -1
   3: 0100007F:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 444 1 0000 20 4 30 10 -1
`;

it('finds the established sockets that lead to a port', () =>
  expect(establishedSockets(TABLE, 0x192b)).toEqual(['111']));

it('reads a field in MiB, and not one whose name ends alike', () => {
  expect(mebibytes('Pss_Anon:  9 kB\nPss:  2048 kB\n', 'Pss')).toBe(2);
  expect(mebibytes('VmRSS:\t  512 kB\n', 'VmHWM')).toBe(0);
});

it.runIf(LINUX)('counts the connections of a process', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  onTestFinished(() => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  expect(connectionsTo(process.pid, port)).toBe(2);
});

it.runIf(LINUX)('reads the memory and the CPU time of a process that works', () => {
  const before = cpuMs(process.pid);
  const until = performance.now() + 50;
  while (performance.now() < until);
  const used = cpuMs(process.pid) - before;
  expect(used).toBeGreaterThan(0);
  const { resident, proportional, anonymous } = memory(process.pid);
  expect(resident).toBeGreaterThan(anonymous);
  expect(proportional).toBeGreaterThan(anonymous);
  expect(anonymous).toBeGreaterThan(1);
});
