import http from 'node:http';
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { kubeconfigCredentials, type KubeconfigChoice } from '../../../src/kube/kubeconfig.js';
import { createIdentity, type ApiServerDouble } from '../../support/api-server-double.js';
import { failure, scratch, startDouble, transportTo } from './connections.js';

const GET = { method: 'GET', path: '/api/v1/x' } as const;

interface Parts {
  readonly name?: string;
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
  readonly currentContext?: string;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig (JSON is YAML) with one cluster, user and context, all of that name. */
function kubeconfig(
  server: URL | string,
  { name = 'one', cluster, user, context, currentContext = name }: Parts = {},
): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: String(server), ...cluster } }],
    users: [{ name, user: user ?? { token: `token-${name}` } }],
    contexts: [{ name, context: { cluster: name, user: name, ...context } }],
    'current-context': currentContext,
  });
}

async function responding(): Promise<{ server: ApiServerDouble; ca: { 'certificate-authority-data': string } }> {
  const server = await startDouble();
  server.handler = (_, exchange) => exchange.json(200, {});
  return { server, ca: { 'certificate-authority-data': base64(server.identity.cert) } };
}

async function callWith(server: ApiServerDouble, parts: Parts): Promise<void> {
  const file = scratch().write('config', kubeconfig(server.url, parts));
  await transportTo(kubeconfigCredentials([file])).call(GET);
}

test('token and CA', async () => {
  const { server, ca } = await responding();
  const file = scratch().write('config', kubeconfig(server.url, { cluster: ca }));
  const credentials = kubeconfigCredentials([file]);
  const transport = transportTo(credentials);
  await transport.call(GET);
  await transport.call(GET);
  expect(server.requests[0]!.headers.authorization).toBe('Bearer token-one');
  expect(server.connections).toBe(1);
});

test('a CA in a file, a client certificate, and a user with a password', async () => {
  const { server, ca } = await responding();
  const { path, write } = scratch();
  write('ca.crt', server.identity.cert);
  const client = createIdentity('admin');
  const user = { 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key) };
  await callWith(server, { cluster: { 'certificate-authority': join(path, 'ca.crt') }, user });
  await callWith(server, { cluster: ca, user: { username: 'me', password: 'pass:word' } });
  expect(server.requests[0]!.client).toBe('admin');
  expect(server.requests[1]!.headers.authorization).toBe(`Basic ${base64('me:pass:word')}`);
});

function execPlugin(credential: string): object {
  const plugin = scratch().write('plugin.sh', `#!/bin/sh\ncat <<'END'\n${credential}\nEND\n`);
  chmodSync(plugin, 0o700);
  return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' } };
}

const execCredential = (status: object): string =>
  JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status });

test('a token of an exec plugin', async () => {
  const { server, ca } = await responding();
  await callWith(server, { cluster: ca, user: execPlugin(execCredential({ token: 'from-plugin' })) });
  expect(server.requests[0]!.headers.authorization).toBe('Bearer from-plugin');
});

test('a client certificate of an exec plugin', async () => {
  const { server, ca } = await responding();
  const { cert, key } = createIdentity('plugin-user');
  const status = { clientCertificateData: cert, clientKeyData: key };
  await callWith(server, { cluster: ca, user: execPlugin(execCredential(status)) });
  expect(server.requests[0]!.client).toBe('plugin-user');
});

test('an exec plugin that fails is UnreachableError with its output', async () => {
  const { server, ca } = await responding();
  const plugin = scratch().write('plugin.sh', '#!/bin/sh\necho log in first >&2\nexit 1\n');
  chmodSync(plugin, 0o700);
  const error = await failure(callWith(server, { cluster: ca, user: { exec: { command: plugin } } }));
  expect(error.name).toBe('UnreachableError');
  expect(error.message).toContain('log in first');
});

test('an exec plugin that hangs delays a call until its deadline at most', async () => {
  const { server, ca } = await responding();
  const { write } = scratch();
  const plugin = write('plugin.sh', '#!/bin/sh\nexec sleep 5\n');
  chmodSync(plugin, 0o700);
  const file = write('config', kubeconfig(server.url, { cluster: ca, user: { exec: { command: plugin } } }));
  const transport = transportTo(kubeconfigCredentials([file]), 100);
  expect((await failure(transport.call(GET))).message).toContain('no response within 100 ms');
});

test('insecure-skip-tls-verify waives the CA, tls-server-name changes the name', async () => {
  const server = await startDouble({ identity: createIdentity('inner.example') });
  server.handler = (_, exchange) => exchange.json(200, {});
  await callWith(server, { cluster: { 'insecure-skip-tls-verify': true } });
  const ca = { 'certificate-authority-data': base64(server.identity.cert) };
  await callWith(server, { cluster: { ...ca, 'tls-server-name': 'inner.example' } });
  const error = await failure(callWith(server, { cluster: { ...ca, 'tls-server-name': 'outer.example' } }));
  expect(error.cause).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
});

async function startProxy(): Promise<{ url: string; targets: string[] }> {
  const targets: string[] = [];
  const sockets: Socket[] = [];
  const proxy = http.createServer().on('connect', (request, client: Socket, head: Buffer) => {
    targets.push(request.url ?? '');
    const [host = '', port] = (request.url ?? '').split(':');
    const target = connectTcp(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.write(head);
      target.pipe(client).pipe(target);
    });
    for (const socket of [client, target]) socket.on('error', () => socket.destroy());
    sockets.push(client, target);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, targets };
}

test('calls go through proxy-url, and the server is trusted as without it', async () => {
  const { server, ca } = await responding();
  const proxy = await startProxy();
  await callWith(server, { cluster: { ...ca, 'proxy-url': proxy.url } });
  expect(proxy.targets).toEqual([server.url.host]);
  expect(server.requests[0]!.headers.authorization).toBe('Bearer token-one');
  const wrong = { 'certificate-authority-data': base64(createIdentity('other').cert) };
  expect((await failure(callWith(server, { cluster: { ...wrong, 'proxy-url': proxy.url } }))).name).toBe(
    'UnreachableError',
  );
  expect(server.requests).toHaveLength(1);
});

test('of several files the first current context wins, and the rest is merged', () => {
  const { write } = scratch();
  const none = write('none', kubeconfig('https://none', { name: 'none', currentContext: '' }));
  const first = write('first', kubeconfig('https://first', { name: 'first' }));
  const second = write('second', kubeconfig('https://second', { name: 'second' }));
  expect(kubeconfigCredentials([first, second]).server.host).toBe('first');
  expect(kubeconfigCredentials([second, first]).server.host).toBe('second');
  expect(kubeconfigCredentials([none, first, second]).server.host).toBe('first');
  const pointer = write('pointer', kubeconfig('https://p', { name: 'p', currentContext: 'second' }));
  expect(kubeconfigCredentials([pointer, second]).server.host).toBe('second');
});

test('of several files a missing one is skipped', () => {
  const present = scratch().write('present', kubeconfig('https://present', { name: 'present' }));
  expect(kubeconfigCredentials(['/no/such/file', present]).server.host).toBe('present');
});

test('if two files name the same entry, the first wins', async () => {
  const { server, ca } = await responding();
  const { write } = scratch();
  const first = write('first', kubeconfig(server.url, { cluster: ca, user: { token: 'first' } }));
  const second = write('second', kubeconfig('https://second', { user: { token: 'second' } }));
  const credentials = kubeconfigCredentials([first, second]);
  await transportTo(credentials).call(GET);
  expect(server.requests[0]!.headers.authorization).toBe('Bearer first');
});

test('an unusable kubeconfig is an error that names the file', () => {
  const { path, write } = scratch();
  const missing = join(path, 'missing');
  expect(() => kubeconfigCredentials([missing])).toThrow(`kubeconfig ${missing} cannot be used: ENOENT`);
  const garbled = write('garbled', '{"clusters": [');
  expect(() => kubeconfigCredentials([garbled])).toThrow(`kubeconfig ${garbled} cannot be used: `);
  const unset = write('unset', kubeconfig('https://k', { currentContext: '' }));
  expect(() => kubeconfigCredentials([unset])).toThrow(`kubeconfig ${unset}: the current context "" names no cluster`);
  const other = write('other', kubeconfig('https://k', { currentContext: 'gone' }));
  expect(() => kubeconfigCredentials([other])).toThrow('the current context "gone" names no cluster');
  const address = write('address', kubeconfig('10.0.0.1:6443'));
  expect(() => kubeconfigCredentials([address])).toThrow(`kubeconfig ${address}: "10.0.0.1:6443" is not a URL`);
  const scheme = write('scheme', kubeconfig('api.example:6443'));
  expect(() => kubeconfigCredentials([scheme])).toThrow(`kubeconfig ${scheme}: "api.example:6443" is not a URL`);
  const plain = write('plain', kubeconfig('http://127.0.0.1:8001'));
  expect(() => kubeconfigCredentials([plain])).toThrow('http://127.0.0.1:8001 is not encrypted; if that is meant, set');
  expect(() => kubeconfigCredentials(['/no/a', '/no/b'])).toThrow('none of the kubeconfigs /no/a, /no/b exists');
});

describe('a choice among what the kubeconfig has', () => {
  const two = (): string => {
    const first = kubeconfig('https://first', { name: 'first' });
    const second = kubeconfig('https://second', { name: 'second' });
    const write = scratch().write;
    return [write('first', first), write('second', second)].join();
  };
  const chosen = async (choice: KubeconfigChoice): Promise<[context: string, host: string, token: string]> => {
    const credentials = kubeconfigCredentials(two().split(','), choice);
    const { headers } = await credentials.forRequest();
    return [credentials.context, credentials.server.host, headers.Authorization ?? ''];
  };

  test.each<[KubeconfigChoice, [string, string, string]]>([
    [{}, ['first', 'first', 'Bearer token-first']],
    [{ context: 'second' }, ['second', 'second', 'Bearer token-second']],
    [{ cluster: 'second' }, ['first', 'second', 'Bearer token-first']],
    [{ user: 'second' }, ['first', 'first', 'Bearer token-second']],
    [{ context: 'second', cluster: 'first', user: 'first' }, ['second', 'first', 'Bearer token-first']],
  ])('%j', async (choice, expected) => {
    expect(await chosen(choice)).toEqual(expected);
  });

  test.each(['context', 'cluster', 'user'] as const)(
    'a %s that it has not is an error that lists those it has',
    (kind) => {
      expect(() => kubeconfigCredentials(two().split(','), { [kind]: 'third' })).toThrow(
        new RegExp(`^kubeconfig .* has no ${kind} "third", but first, second$`),
      );
    },
  );
});
