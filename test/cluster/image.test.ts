/**
 * The image as the Dockerfile describes it, run as a pod would be: its files as a read-only root, its user, its entry point,
 * and a ServiceAccount in the place where kubelet mounts it. There is no container engine in this; what pulls, unpacks and
 * confines an image is not tested here.
 */
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { freePorts } from '../support/control-plane/ports.js';
import { useCluster } from '../support/cluster.js';
import { type Container, type ContainerOptions, Image, namespaceProblem } from '../support/image/container.js';
import { podEnvironment } from '../support/image/pod-environment.js';
import type { LogLine } from '../support/operator.js';
import { layoutOf } from '../support/slots.js';
import { OPERATOR_NAMESPACE } from '../support/operator-account.js';

const cluster = useCluster();
const lastError = await namespaceProblem();
if (lastError !== undefined) console.log(`skipped: the image is not run, as ${lastError}`);

const NOTHING = '0000000000000000';

function fields(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^(\w+):\s*(.*?)\s*$/gm)].map(([, name, value]) => [name!, value!]));
}

describe.skipIf(lastError !== undefined)('the image', () => {
  let image: Image;
  beforeAll(async () => {
    const { controlPlane } = cluster();
    const token = await controlPlane.serviceAccountToken(OPERATOR_NAMESPACE, 'csi-port-operator');
    image = await Image.create({ token, ca: controlPlane.ca, namespace: OPERATOR_NAMESPACE });
    return () => image.remove();
  });

  function start(options: ContainerOptions): Container {
    const container = image.start(options);
    onTestFinished(() => container.kill());
    return container;
  }

  /** Each of its servers on a free port of its own: the container has the host's network. */
  async function startOperator({ args = [], ...options }: ContainerOptions = {}): Promise<Container> {
    const help = start({ args: ['--help'] });
    expect(await help.end()).toBe(0);
    const flags = [...new Set([...help.stdout.matchAll(/--\S+-bind-address/g)].map(([flag]) => flag))];
    const ports = await freePorts(flags.length);
    const addresses = flags.map((flag, index) => `${flag}=127.0.0.1:${ports[index]!}`);
    const env = await podEnvironment(cluster().controlPlane.server, OPERATOR_NAMESPACE);
    const container = start({ ...options, args: [...addresses, ...args], env });
    const probes = flags.indexOf('--health-probe-bind-address');
    await container.waitUntilServing(`http://127.0.0.1:${ports[probes]!}/readyz`);
    return container;
  }

  test('holds the bundle and its licences, and no shell', async () => {
    expect((await readdir(join(image.root, 'app'))).sort()).toEqual([
      'LICENSE',
      'THIRD-PARTY-LICENSES.txt',
      'kubeconfig.js',
      'main.js',
      'package.json',
      'pino-pretty.js',
    ]);
    const everything = await readdir(image.root, { recursive: true });
    expect(everything.filter((path) => /(^|\/)s?bin\//.test(path))).toEqual(['nodejs/bin/node']);
  });

  test('prints its version', async () => {
    const container = start({ args: ['--version'] });
    expect(await container.end()).toBe(0);
    expect(container).toMatchObject({ stdout: `${packageJson.version}\n`, stderr: '' });
  });

  test('has nowhere to write', async () => {
    const places = ['/', '/app/', '/tmp/', '/dev/', '/home/nonroot/', '/var/run/secrets/kubernetes.io/serviceaccount/'];
    const code = (path: string): string =>
      `try { fs.writeFileSync('${path}x', '') } catch ({ code }) { codes.push(code) }`;
    const script = `const codes = []; ${places.map(code).join('; ')}; console.log(codes.join(' '))`;
    const container = start({ entrypoint: [image.stage.entrypoint[0]!, '-e', script] });
    expect(await container.end()).toBe(0);
    expect(container.stdout.trim().split(' ')).toEqual(places.map(() => 'EROFS'));
  });

  test('ends the conflict with the credentials of its pod, unprivileged, and stops on SIGTERM', async () => {
    const { rook, assignment } = await cluster().installRookWithAssignment();
    const container = await startOperator();
    await assignment.waitUntilAssigned();
    expect(await rook.layout()).toEqual(layoutOf());

    const [user, group] = image.stage.last('USER')!.split(':');
    expect([user, group]).toEqual(['65532', '65532']);
    expect(fields(await container.status('status'))).toMatchObject({
      NSpid: expect.stringMatching(/\t1$/) as string,
      Uid: Array.from({ length: 4 }, () => user).join('\t'),
      Gid: Array.from({ length: 4 }, () => group).join('\t'),
      Groups: group,
      CapInh: NOTHING,
      CapPrm: NOTHING,
      CapEff: NOTHING,
      CapAmb: NOTHING,
      NoNewPrivs: '1',
    });
    expect(await writableMounts(container)).toEqual([]);
    expect(await openFiles(container)).toEqual([]);
    expect(await children(container)).toBe('');

    await container.signal('SIGTERM');
    expect(await container.end()).toBe(0);
    expect(container.stderr).toBe('');
    const log = container.stdout.trim().split('\n');
    const lines = log.map((line) => JSON.parse(line) as LogLine);
    expect(lines.filter(({ level }) => level !== 'info')).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ msg: 'Stopped' });
  });

  test('runs as a user of whom the image knows nothing, as OpenShift chooses one', async () => {
    const container = await startOperator({ user: '1000680000:65532' });
    const { Uid } = fields(await container.status('status'));
    expect(Uid).toBe(Array.from({ length: 4 }, () => '1000680000').join('\t'));
    await container.signal('SIGTERM');
    expect(await container.end()).toBe(0);
    expect(container.stderr).toBe('');
  });

  test('logs for people, too', async () => {
    const container = await startOperator({ args: ['--log-format=pretty'] });
    await container.signal('SIGTERM');
    expect(await container.end()).toBe(0);
    expect(container.stderr).toBe('');
    expect(container.stdout).toMatch(/INFO.*Stopped/);
    expect(container.stdout).not.toContain('"msg"');
  });
});

/** Beside /proc and the devices. */
async function writableMounts(container: Container): Promise<string[]> {
  const mounts = (await container.status('mountinfo')).trim().split('\n');
  expect(mounts.length).toBeGreaterThan(3);
  return mounts.filter((mount) => {
    const [, , , , point, options] = mount.split(' ');
    return !/^(\/proc|\/dev\/\w+)$/.test(point!) && !options!.split(',').includes('ro');
  });
}

/** That are no pipes, sockets or devices: a log or a cache would show here. */
async function openFiles(container: Container): Promise<string[]> {
  const folder = `/proc/${await container.pid()}/fd`;
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')));
  expect(links.some((link) => link.startsWith('socket:'))).toBe(true);
  return links.filter((link) => link.startsWith('/') && !link.endsWith('/dev/null'));
}

async function children(container: Container): Promise<string> {
  return container.status(`task/${await container.pid()}/children`);
}
