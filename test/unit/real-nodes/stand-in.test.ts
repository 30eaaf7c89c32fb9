// The stand-in as a process: what it binds, how it ends, and what it tells the csi-addons sidecar.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../support/control-plane/ports.js';
import { waitFor } from '../../support/control-plane/wait-for.js';
import { provideStandIn, standInProblem } from '../../support/real-nodes/programs.js';

const lastError = await standInProblem();
if (lastError !== undefined) console.log(`skipped: ${lastError}`);
let program: string;
const started: ChildProcess[] = [];

interface StandIn {
  readonly process: ChildProcess;
  log(): string;
  ended(): Promise<number | null>;
}

async function start(args: readonly string[], options: { argv0?: string } = {}): Promise<StandIn> {
  const env = { POD_IP: '127.0.0.1' };
  const child = spawn(program, args, { ...options, env, stdio: ['ignore', 'ignore', 'pipe'] });
  started.push(child);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (log += chunk));
  const closed = once(child, 'close') as Promise<[number | null]>;
  await waitFor('the stand-in to start', () => Promise.resolve(log.includes('Stands for')), { lastSeen: () => log });
  return { process: child, log: () => log, ended: async () => (await closed)[0] };
}

/** @throws Error while nothing listens */
async function scrape(port: number, path = '/metrics'): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}

/** The response to a gRPC call whose request is empty, in protobuf. */
async function call(socket: string, method: string): Promise<Buffer> {
  const session = connectHttp2('http://localhost', { createConnection: () => connect(socket) });
  const request = session.request({
    ':method': 'POST',
    ':path': `/identity.Identity/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  request.end(Buffer.alloc(5));
  const chunks = (await request.toArray()) as Buffer[];
  session.close();
  return Buffer.concat(chunks).subarray(5);
}

// Its build is one of seconds, but for the first, which compiles gRPC.
beforeAll(async () => {
  if (lastError === undefined) program = await provideStandIn((line) => console.error(line));
}, 300_000);
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

describe.skipIf(lastError !== undefined)('the stand-in', () => {
  it.each([
    ['of a driver', ['--nodeid=n1', '--type=rbd', '-v=0', 'unknown']],
    ['of a stranger', ['--listen=0']],
  ])('%s ends with 0 on SIGTERM', async (_, args) => {
    const standIn = await start(args);
    standIn.process.kill('SIGTERM');
    expect(await standIn.ended()).toBe(0);
  });

  it.each([
    ['called as a shell', ['-c', 'while true; do sleep 15m; done --listen=1'], { argv0: '/bin/sh' }],
    ['with --ignore-sigterm', ['--ignore-sigterm'], {}],
  ])('%s ignores SIGTERM', async (_, args, options) => {
    const standIn = await start(args, options);
    standIn.process.kill('SIGTERM');
    await waitFor('the signal to arrive', () => Promise.resolve(standIn.log().includes('Ignored: terminated')));
    expect(standIn.process.exitCode).toBeNull();
  });

  it('binds the port of liveness on the address of the pod, as ceph-csi does', async () => {
    const [port] = await freePorts(1);
    await start(['--type=liveness', `--metricsport=${port}`, '--metricspath=/metrics']);
    expect(await waitFor('the metrics', () => scrape(port!))).toContain('csi_liveness 1');
  });

  it.each([
    ['the port of liveness', (port: number) => ['--type=liveness', `--metricsport=${port}`]],
    ["a stranger's port", (port: number) => [`--listen=${port}`]],
  ])('ends with 1 and the words of the system if %s is taken', async (_, args) => {
    const holder = createServer().listen(0);
    await once(holder, 'listening');
    const address = holder.address();
    const { port } = address as { port: number };
    const standIn = await start(args(port));
    expect(await standIn.ended()).toBe(1);
    expect(standIn.log()).toMatch(new RegExp(`listen tcp .*:${port}: bind: address already in use`));
    holder.close();
  });

  it.each([
    // CONTROLLER_SERVICE is 1 and NODE_SERVICE 2 in the protocol of CSI-addons.
    ['of a provisioner', '--controllerserver=true', '0a040a020801'],
    ['on a node', '--nodeserver=true', '0a040a020802'],
  ])('%s has the identity that the sidecar asks for', async (_, flag, capabilities) => {
    const folder = await mkdtemp(join(tmpdir(), 'stand-in-'));
    const socket = join(folder, 'csi-addons.sock');
    await start([`--csi-addons-endpoint=unix://${socket}`, flag, '--drivername=rook-ceph.rbd.csi.ceph.com']);
    const identity = await waitFor('the identity service', () => call(socket, 'GetIdentity'));
    expect(identity.toString()).toContain('rook-ceph.rbd.csi.ceph.com');
    expect((await call(socket, 'GetCapabilities')).toString('hex')).toBe(capabilities);
    await rm(folder, { recursive: true });
  });
});
