import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';

/** Below those that a system gives to outgoing connections (Linux from 32768 on), which would take one at any time. */
const FIRST = 10_000;
const END = 32_000;
/** Test files run side by side, each in a process of its own, and look for ports in a range of their own. */
const RANGES = 8;
const WIDTH = (END - FIRST) / RANGES;
const rangeStart = FIRST + (Number(process.env.VITEST_POOL_ID ?? 0) % RANGES) * WIDTH;
let next = randomInt(WIDTH);

/**
 * That many distinct free ports of 127.0.0.1. None is handed out again soon: it may be long until it is used. Somebody
 * else may still take one before that, by a rare chance.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Map<number, Server>();
  while (ports.size < count) {
    const port = rangeStart + next;
    next = (next + 1) % WIDTH;
    const server = await listening(port);
    if (server !== undefined) ports.set(port, server);
  }
  await Promise.all([...ports.values()].map((server) => once(server.close(), 'close')));
  return [...ports.keys()];
}

/** @returns undefined where the port is taken */
async function listening(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

export async function isListening(port: number, host = '127.0.0.1'): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}
