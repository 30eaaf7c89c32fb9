import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { connect, kubeconfigFiles } from '../../../../src/cli/sources/connection.js';
import { scratch } from '../../kube/connections.js';
import { sourceError } from './dumps.js';

const IN_POD = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };

function home(hasConfig: boolean): string {
  const { path } = scratch();
  if (!hasConfig) return path;
  mkdirSync(join(path, '.kube'));
  writeFileSync(join(path, '.kube/config'), '{}');
  return path;
}

test('the flag wins, then KUBECONFIG, then the file at home', () => {
  const HOME = home(true);
  const KUBECONFIG = `/a${delimiter}${delimiter}/b`;
  expect(kubeconfigFiles('/flag', { HOME, KUBECONFIG })).toEqual(['/flag']);
  expect(kubeconfigFiles(undefined, { HOME, KUBECONFIG })).toEqual(['/a', '/b']);
  expect(kubeconfigFiles(undefined, { HOME, KUBECONFIG: '' })).toEqual([join(HOME, '.kube/config')]);
});

test('a pod without a kubeconfig uses its own account', () => {
  const without = home(false);
  expect(kubeconfigFiles(undefined, { HOME: without, ...IN_POD })).toEqual([]);
  expect(kubeconfigFiles(undefined, { HOME: without })).toEqual([join(without, '.kube/config')]);
  const HOME = home(true);
  expect(kubeconfigFiles(undefined, { HOME, ...IN_POD })).toEqual([join(HOME, '.kube/config')]);
});

test('a kubeconfig that cannot be used is an error with a remedy, before anything is sent', async () => {
  const file = scratch().write('config', 'a: [');
  const error = await sourceError(connect({ kubeconfigs: [file], userAgent: 'test', requestTimeoutMs: 1_000 }));
  expect(error.message).toContain(file);
  expect(error.remedy).toBe('give the kubeconfig of the cluster by --kubeconfig or KUBECONFIG');
});
