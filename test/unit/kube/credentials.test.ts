import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { InClusterCredentials } from '../../../src/kube/credentials.js';
import { failure, scratch } from './connections.js';

const IN_POD = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

function mounted(): ReturnType<typeof scratch> {
  const files = scratch();
  files.write('namespace', 'rook-ceph-system\n');
  files.write('token', 'token-1\n');
  files.write('ca.crt', 'CA 1\n');
  return files;
}

afterEach(() => vi.useRealTimers());

test('server, token and CA come from the pod', async () => {
  const credentials = new InClusterCredentials(IN_POD, mounted().path);
  expect(credentials.server.href).toBe('https://10.96.0.1/');
  expect(await credentials.forRequest()).toEqual({
    headers: { Authorization: 'Bearer token-1' },
    trust: { ca: 'CA 1' },
  });
});

test('an IPv6 host is put in brackets', () => {
  const inPod = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
  expect(new InClusterCredentials(inPod, mounted().path).server.href).toBe('https://[fd00::1]:6443/');
});

test.each([
  {},
  { KUBERNETES_SERVICE_HOST: '10.96.0.1' },
  { KUBERNETES_SERVICE_PORT: '443' },
  { ...IN_POD, KUBERNETES_SERVICE_HOST: '' },
  { ...IN_POD, KUBERNETES_SERVICE_PORT: '' },
])('outside a pod the error names the remedy: %j', (environment) => {
  expect(() => new InClusterCredentials(environment, mounted().path)).toThrow(
    'run in a pod, or give --kubeconfig or KUBECONFIG',
  );
});

test('without a mounted service account the error names the file', () => {
  const credentials = new InClusterCredentials(IN_POD, scratch().path);
  expect(() => credentials.forRequest()).toThrow(/ENOENT.*token/);
});

test('files are read again after a minute, and at once when the token was rejected', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { path, write } = mounted();
  const credentials = new InClusterCredentials(IN_POD, path);
  const first = await credentials.forRequest();
  write('token', 'token-2');
  write('ca.crt', 'CA 2');
  vi.advanceTimersByTime(59_000);
  expect(await credentials.forRequest()).toBe(first);
  vi.advanceTimersByTime(2_000);
  expect(await credentials.forRequest()).toEqual({
    headers: { Authorization: 'Bearer token-2' },
    trust: { ca: 'CA 2' },
  });
  write('token', 'token-3');
  credentials.invalidate();
  expect((await credentials.forRequest()).headers.Authorization).toBe('Bearer token-3');
});

test.each(['token', 'ca.crt'])('an empty file fails that request alone: %s', async (name) => {
  const { path, write } = mounted();
  const credentials = new InClusterCredentials(IN_POD, path);
  write(name, '\n');
  const ask = async (): Promise<unknown> => credentials.forRequest();
  expect((await failure(ask())).message).toBe(`${join(path, name)} is empty`);
  write(name, 'whole again');
  expect(JSON.stringify(await ask())).toContain('whole again');
});

test('a file that is gone for a moment fails that request alone', async () => {
  const { path, write } = mounted();
  const credentials = new InClusterCredentials(IN_POD, path);
  rmSync(join(path, 'token'));
  const ask = async (): Promise<unknown> => credentials.forRequest();
  expect((await failure(ask())).message).toMatch(/ENOENT.*token/);
  write('token', 'token-2');
  expect(await ask()).toMatchObject({ headers: { Authorization: 'Bearer token-2' } });
});
