import { expect, test } from 'vitest';
import { forChosenCluster, type ChosenCluster } from '../../../../src/cli/commands/chosen-cluster.js';

const DOCUMENT = {
  summary: 'what kubectl shows',
  steps: [{ text: 'Run kubectl:', command: 'kubectl -n rook get pods' }, { command: 'kubectl csiports plan -n rook' }],
  phases: [{ commands: ["echo '{}' | kubectl create -f -"] }],
  gaps: [{ message: 'kubectl', remedy: 'kubectl auth can-i list pods' }],
};

test.each<[string, ChosenCluster, string]>([
  ['a context', { context: 'staging' }, '--context=staging'],
  ['what a shell would take apart', { context: "a b'c" }, `--context='a b'"'"'c'`],
  [
    'all of them',
    { kubeconfig: '/etc/kube', context: 'one', cluster: 'two', user: 'three' },
    '--kubeconfig=/etc/kube --context=one --cluster=two --user=three',
  ],
])('commands name %s, and prose stays as it is', (_, chosen, flags) => {
  expect(forChosenCluster(DOCUMENT, chosen)).toEqual({
    summary: 'what kubectl shows',
    steps: [
      { text: 'Run kubectl:', command: `kubectl ${flags} -n rook get pods` },
      { command: `kubectl csiports plan ${flags} -n rook` },
    ],
    phases: [{ commands: [`echo '{}' | kubectl ${flags} create -f -`] }],
    gaps: [{ message: 'kubectl', remedy: `kubectl ${flags} auth can-i list pods` }],
  });
});

test('without a choice the document is the same', () => {
  expect(forChosenCluster(DOCUMENT, {})).toBe(DOCUMENT);
});
