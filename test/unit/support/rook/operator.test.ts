import { describe, expect, it } from 'vitest';
import { CONFLICT_CONFIG, rookOperatorConfig, rookOperatorDeployment } from '../../../support/rook/operator.js';

describe('rookOperatorDeployment', () => {
  it('is labelled and named as Rook does', () => {
    const { metadata, spec } = rookOperatorDeployment({ namespace: 'rook-ceph', version: '1.16.4' });

    expect(metadata).toEqual({
      name: 'rook-ceph-operator',
      namespace: 'rook-ceph',
      labels: { operator: 'rook', 'storage-backend': 'ceph' },
    });
    expect(spec!.replicas).toBe(1);
    expect(spec!.selector.matchLabels).toEqual({ app: 'rook-ceph-operator' });
    expect(spec!.template.metadata!.labels).toEqual({ app: 'rook-ceph-operator' });
    expect(spec!.template.spec!.containers.map(({ name, image }) => ({ name, image }))).toEqual([
      { name: 'rook-ceph-operator', image: 'rook/ceph:v1.16.4' },
    ]);
  });

  it('carries the chart label on the Deployment and its pods when Helm installed it', () => {
    const { metadata, spec } = rookOperatorDeployment({ namespace: 'rook-ceph', version: '1.17.9+mirror', helm: true });

    expect(metadata!.labels).toMatchObject({ 'helm.sh/chart': 'rook-ceph-v1.17.9_mirror' });
    expect(spec!.template.metadata!.labels).toMatchObject({ 'helm.sh/chart': 'rook-ceph-v1.17.9_mirror' });
    expect(spec!.selector.matchLabels).not.toHaveProperty('helm.sh/chart');
  });

  it('takes an image of its own and any number of replicas', () => {
    const image = `registry.example/rook/ceph@sha256:${'0'.repeat(64)}`;
    const { spec } = rookOperatorDeployment({ namespace: 'rook-ceph', version: '1.17.9', image, replicas: 0 });

    expect(spec!.template.spec!.containers[0]!.image).toBe(image);
    expect(spec!.replicas).toBe(0);
  });
});

describe('rookOperatorConfig', () => {
  it('has the settings of the conflict and no port key', () => {
    const { metadata, data } = rookOperatorConfig({ namespace: 'rook-ceph' });

    expect(metadata).toEqual({ name: 'rook-ceph-operator-config', namespace: 'rook-ceph' });
    expect(data).toMatchObject({ ROOK_ENFORCE_HOST_NETWORK: 'true', CSI_ENABLE_CSIADDONS: 'true' });
    expect(Object.keys(data!).filter((key) => key.startsWith('CSIADDONS_'))).toEqual([]);
  });

  it('puts the given settings over them and leaves the shared ones alone', () => {
    const { data } = rookOperatorConfig({
      namespace: 'rook-ceph',
      data: { CSIADDONS_PORT: '9072', ROOK_LOG_LEVEL: 'DEBUG' },
    });

    expect(data).toEqual({ ...CONFLICT_CONFIG, CSIADDONS_PORT: '9072', ROOK_LOG_LEVEL: 'DEBUG' });
    expect(CONFLICT_CONFIG).not.toHaveProperty('CSIADDONS_PORT');
  });
});
