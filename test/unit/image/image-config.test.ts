/** What the Dockerfile says of the containers, as it stands in the image's config. */
import { describe, expect, it } from 'vitest';
import { readDockerfile, Stage } from '../../support/image/dockerfile.js';
import { imageConfig, parseBuildArguments } from '../../support/image/image-config.js';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const image = readDockerfile().at(-1)!;

function stage(...lines: readonly string[]): Stage {
  const words = ['WORKDIR /app', 'USER 1:2', 'ENTRYPOINT ["/program"]', ...lines];
  const instructions = words.map((line) => {
    const [keyword, ...rest] = line.split(' ');
    return { keyword: keyword!, value: rest.join(' ') };
  });
  return new Stage('base', instructions);
}

describe('the config of the image', () => {
  const SOURCE = 'https://example.org/csi-port-operator';
  const config = imageConfig(image, { VERSION: '1.2.3', REVISION: 'abc', CREATED: '2026-01-02', SOURCE });

  it('is the last stage of the Dockerfile, on the environment of its base', () => {
    expect(config).toMatchObject({ user: '65532:65532', workingDir: '/app' });
    expect(config.entrypoint).toEqual(JSON.parse(image.last('ENTRYPOINT')!));
    expect(config.entrypoint.at(0)).toBe('/nodejs/bin/node');
    expect(config.entrypoint.at(-1)).toBe('/app/main.js');
    expect(config.cmd).toBeUndefined();
    expect(config.env).toEqual({
      PATH,
      SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt',
      NODE_ENV: 'production',
      MALLOC_ARENA_MAX: '1',
    });
  });

  it('has labels with the build arguments', () =>
    expect(config.labels).toEqual({
      'org.opencontainers.image.title': 'csi-port-operator',
      'org.opencontainers.image.description':
        "Keeps the csi-addons sidecars of Rook's Ceph CSI workloads on distinct host ports",
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': '1.2.3',
      'org.opencontainers.image.revision': 'abc',
      'org.opencontainers.image.created': '2026-01-02',
      'org.opencontainers.image.source': SOURCE,
      'org.opencontainers.image.documentation': `${SOURCE}#readme`,
    }));

  it('has the defaults of the Dockerfile for what is not given', () =>
    expect(imageConfig(image, {}).labels).toMatchObject({ 'org.opencontainers.image.version': 'unknown' }));
});

describe('a variable', () => {
  it('is filled in with and without braces, more than once, as it is', () => {
    const { labels, env } = imageConfig(stage('ARG V=1', 'LABEL a="${V}-$V" b=$V', 'ENV C=${V}'), { V: '$&' });
    expect(labels).toEqual({ a: '$&-$&', b: '$&' });
    expect(env).toMatchObject({ C: '$&' });
  });

  it('that is given without an ARG has no effect', () =>
    expect(imageConfig(stage('LABEL a=b'), { PATH: 'x', a: 'c' })).toMatchObject({
      env: { PATH },
      labels: { a: 'b' },
    }));

  it('that no ARG declares is an error', () =>
    expect(() => imageConfig(stage('LABEL a=${V}'), { V: '1' })).toThrow('uses $V, and its last stage has no ARG V.'));
});

describe('build arguments', () => {
  it('are split at the first equals sign', () =>
    expect(parseBuildArguments(['A=b=c', 'EMPTY=', 'LINES=a\nb'])).toEqual({ A: 'b=c', EMPTY: '', LINES: 'a\nb' }));
});
