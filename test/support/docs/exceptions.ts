/** The commands of the pages that no test runs as they are written, and why. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  'make build': 'test/support/build-once.ts makes the same dist/ before the tests, from which other tests run',
  'make demo':
    'starts a control plane of its own, and plays for half a minute what test/cluster/conflict.test.ts holds',
  'make build && export PATH="$PWD/dist/bin:$PATH"': 'as make build',
  'make docker-build IMG=registry.example/csi-port-operator:0.1.0':
    'needs a Docker daemon; test/cluster/image.test.ts runs what the Dockerfile describes',
  'docker push registry.example/csi-port-operator:0.1.0': 'needs a registry',
  'kubectl csiports completion bash > /etc/bash_completion.d/kubectl-csiports':
    'writes to /etc of this machine; test/cluster/plugin-terminal.test.ts loads the script into bash',
  'kubectl csiports completion zsh > "${fpath[1]}/_kubectl-csiports"':
    'fpath is a variable of zsh; test/cluster/plugin-terminal.test.ts checks the script',
  'kubectl get --raw /api/v1/namespaces/csi-port-operator-system/pods/POD:8081/proxy/readyz':
    'connects to a pod, and pods here run in name only; test/cluster/prerequisites.test.ts reads /readyz of the process',
};
