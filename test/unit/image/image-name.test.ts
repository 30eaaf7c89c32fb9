/** Which names an image may have in a docker archive. */
import { describe, expect, it } from 'vitest';
import { checkImageName } from '../../support/image/image-name.js';

const DIGEST = `sha256:${'0'.repeat(64)}`;

describe('a name of an image', () => {
  it.each([
    'csi-port-operator:0.1.0',
    'registry.example/team/csi-port-operator:latest',
    'registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.13.0',
    'localhost:5000/a__b/c-d.e:V_1.x-y',
    'REGISTRY.example/a:b',
  ])('can be %s', (name) => expect(() => checkImageName(name)).not.toThrow());

  it.each([
    '',
    'csi-port-operator',
    'csi-port-operator:',
    'Operator:1',
    'https://registry.example/a:1',
    'a:b:c',
    'a/:1',
    'a b:1',
    'a:1\n',
    `a:${'x'.repeat(129)}`,
  ])('cannot be %j', (name) => expect(() => checkImageName(name)).toThrow('is no image reference with a tag'));

  it('cannot have a digest', () =>
    expect(() => checkImageName(`a:1@${DIGEST}`)).toThrow(`'a:1@${DIGEST}' has a digest, which the archive decides.`));
});
