/** The commands of the pages that are run as they are written: in which state of a cluster, and with what result. */
import type { StateName } from './states.js';

export interface Run {
  readonly command: string;
  /** Default 0. */
  readonly exitCode?: number;
  /** Whether it prints nothing. Default false. */
  readonly isSilent?: boolean;
  /** Whether it goes on until it is interrupted. Default false. */
  readonly isEndless?: boolean;
  /**
   * What it fails with, as no kubelet is behind the pods of this control plane: kubectl has found the pods by then. The real
   * nodes of test/e2e have kubelets.
   */
  readonly failsWith?: RegExp;
}

const silent = (command: string): Run => ({ command, isSilent: true });
const exits = (exitCode: number, command: string): Run => ({ command, exitCode });
const withoutKubelet = (command: string): Run => ({ command, failsWith: /kubelet|dial tcp|no preferred addresses/i });
const all = (...commands: string[]): Run[] => commands.map((command) => ({ command }));

/** In the order in which they are run. */
export const RUNS: Readonly<Record<StateName, readonly Run[]>> = {
  conflict: [
    silent('export PATH="$PWD/dist/bin:$PATH"'),
    exits(1, 'kubectl csiports check'),
    exits(1, 'kubectl csiports check -n rook-ceph -o wide'),
    exits(1, 'kubectl csiports check -f must-gather/ -f pods.yaml'),
    ...all('kubectl csiports plan', 'kubectl csiports explain', 'kubectl csiports explain PortInUse'),
    silent('kubectl csiports completion fish > ~/.config/fish/completions/kubectl-csiports.fish'),
    silent('kubectl csiports completion kubectl > ~/bin/kubectl_complete-csiports'),
  ],
  nothingInstalled: all(
    'kubectl create namespace csi-port-operator-system',
    'kubectl label namespace csi-port-operator-system pod-security.kubernetes.io/enforce=restricted',
    'helm install csi-port-operator charts/csi-port-operator --namespace csi-port-operator-system --set image.repository=registry.example/csi-port-operator --wait',
    'helm upgrade csi-port-operator charts/csi-port-operator --namespace csi-port-operator-system --reset-then-reuse-values --wait',
    'helm uninstall csi-port-operator --namespace csi-port-operator-system --wait',
    'kubectl delete namespace csi-port-operator-system',
  ),
  singleNamespace: all(
    'kubectl -n NS delete deployment,poddisruptionbudget,networkpolicy,rolebinding,role,serviceaccount --selector=app.kubernetes.io/name=csi-port-operator',
    'kubectl -n NS delete --ignore-not-found lease csi-port-operator',
    'kubectl delete --ignore-not-found -k config/rbac/metrics-auth',
    'kubectl delete --ignore-not-found -k config/rbac/aggregated',
  ),
  operatorRemoved: all(
    'make deploy IMG=registry.example/csi-port-operator:0.1.0',
    'make deploy IMG=registry.example/csi-port-operator:0.2.0',
    'kubectl -n csi-port-operator-system rollout status deployment/csi-port-operator',
  ),
  operatorRuns: all(
    'kubectl apply -f config/samples/csiportassignment_dry_run.yaml',
    'kubectl -n rook-ceph describe csiports default',
  ),
  dryRun: all(
    'kubectl -n rook-ceph get csiports default -o wide',
    `kubectl -n NS get csiports default -o jsonpath='{range .status.conflicts[*]}{.port} {.holders} {.nodes}{"\\n"}{end}'`,
    'kubectl -n rook-ceph edit csiports default',
    `kubectl -n rook-ceph patch csiports default --type=merge -p '{"spec":{"mode":"Enforce"}}'`,
    `kubectl -n NS patch csiports default --type=merge -p '{"spec":{"mode":"Enforce"}}'`,
    'kubectl apply -f config/samples/csiportassignment.yaml',
    'kubectl -n rook-ceph wait csiports/default --for=condition=Ready --timeout=10m',
    'kubectl -n rook-ceph get csiports',
  ),
  portReverted: [
    ...all(
      'kubectl csiports status',
      'kubectl csiports doctor',
      'kubectl csiports doctor -o yaml',
      'kubectl csiports check -o json | jq .kind',
    ),
    { command: 'kubectl csiports status -n rook-ceph --watch', isEndless: true },
    silent(
      'kubectl get deployments,daemonsets,configmaps,pods,csiportassignments -A -o yaml --show-managed-fields > dump.yaml',
    ),
    ...all(
      'kubectl csiports check -f dump.yaml',
      'kubectl csiports plan -n rook-ceph -f dump.yaml',
      'kubectl get csiports -A -o wide',
      'kubectl -n NS describe csiports default',
      'kubectl -n NS get events --field-selector reason=Reasserted',
      `kubectl get pods -A -o custom-columns='NODE:.spec.nodeName,NAMESPACE:.metadata.namespace,POD:.metadata.name,PORTS:.spec.containers[*].ports[*].hostPort' | grep -E 'NODE|9070'`,
      'kubectl -n csi-port-operator-system get pods,lease',
      'kubectl -n csi-port-operator-system describe deploy,pods -l app.kubernetes.io/name=csi-port-operator',
      'kubectl -n csi-port-operator-system get lease csi-port-operator -o yaml',
      'kubectl auth can-i patch leases/csi-port-operator -n csi-port-operator-system --as=system:serviceaccount:csi-port-operator-system:csi-port-operator',
      `kubectl -n rook-ceph get csiports default -o jsonpath='{.status.rookVersion}{"\\n"}{.status.provider}{"\\n"}{.status.advice}{"\\n"}'`,
    ),
    withoutKubelet('kubectl -n NS logs POD -c csi-addons --tail=20'),
    withoutKubelet(
      'kubectl -n csi-port-operator-system logs -l app.kubernetes.io/name=csi-port-operator --tail=-1 | grep revertedBy',
    ),
    withoutKubelet(
      'kubectl -n csi-port-operator-system logs -l app.kubernetes.io/name=csi-port-operator --tail=-1 | grep -i forbidden',
    ),
    withoutKubelet(
      `kubectl -n csi-port-operator-system logs -l app.kubernetes.io/name=csi-port-operator --tail=-1 | grep '"level":"warn"'`,
    ),
    withoutKubelet(
      'kubectl -n csi-port-operator-system logs -l app.kubernetes.io/name=csi-port-operator --prefix --tail=-1',
    ),
    withoutKubelet('kubectl -n csi-port-operator-system logs POD --previous'),
    withoutKubelet(`kubectl -n csi-port-operator-system exec POD -- /nodejs/bin/node -e 'process.kill(1, "SIGUSR1")'`),
  ],
  monitoring: [
    ...all('kubectl apply -k config/prometheus'),
    silent(
      'openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=csi-port-operator -addext subjectAltName=DNS:csi-port-operator -keyout tls.key -out tls.crt',
    ),
    ...all(
      'kubectl -n csi-port-operator-system create secret tls csi-port-operator-metrics --cert=tls.crt --key=tls.key',
      'kubectl -n csi-port-operator-system create serviceaccount csi-port-operator-scraper',
      'kubectl create clusterrolebinding csi-port-operator-metrics-reader --clusterrole=csi-port-operator-metrics-reader --serviceaccount=csi-port-operator-system:csi-port-operator-scraper',
      'kubectl apply -k config/grafana',
    ),
  ],
  cephCsiOperatorInstalled: all(
    `kubectl -n rook-ceph patch configmap rook-ceph-operator-config --type merge -p '{"data":{"ROOK_USE_CSI_OPERATOR":"false"}}'`,
    'kubectl -n rook-ceph get cephcluster',
    'kubectl get crd drivers.csi.ceph.io operatorconfigs.csi.ceph.io',
    'kubectl -n rook-ceph get deployment ceph-csi-controller-manager',
    `kubectl -n rook-ceph patch configmap rook-ceph-operator-config --type merge -p '{"data":{"ROOK_USE_CSI_OPERATOR":"true"}}'`,
  ),
  driversCreated: [
    ...all(
      'kubectl -n rook-ceph delete --ignore-not-found daemonset/csi-rbdplugin deployment/csi-rbdplugin-provisioner daemonset/csi-cephfsplugin deployment/csi-cephfsplugin-provisioner daemonset/csi-nfsplugin deployment/csi-nfsplugin-provisioner',
      `kubectl -n rook-ceph wait csiports/default --for=jsonpath='{.status.provider}'=CephCSIOperator --timeout=10m`,
      'kubectl -n rook-ceph get drivers.csi.ceph.io',
      'kubectl -n rook-ceph get deployments,daemonsets',
      `kubectl -n rook-ceph get deployment rook-ceph.rbd.csi.ceph.com-ctrlplugin -o jsonpath='{.spec.template.spec.hostNetwork}{"\\n"}'`,
      `kubectl get csinodes -o 'custom-columns=NODE:.metadata.name,DRIVERS:.spec.drivers[*].name'`,
      'kubectl -n rook-ceph get csiaddonsnodes',
    ),
    silent('kubectl -n rook-ceph get drivers.csi.ceph.io,operatorconfigs.csi.ceph.io -o yaml > before.yaml'),
    ...all(
      `kubectl annotate csidriver rook-ceph.rbd.csi.ceph.com 'csi.ceph.io/ownerref={"Namespace":"rook-ceph","Name":"rook-ceph.rbd.csi.ceph.com"}'`,
      `kubectl annotate csidriver rook-ceph.cephfs.csi.ceph.com 'csi.ceph.io/ownerref={"Namespace":"rook-ceph","Name":"rook-ceph.cephfs.csi.ceph.com"}'`,
      'kubectl delete csidriver rook-ceph.rbd.csi.ceph.com rook-ceph.cephfs.csi.ceph.com',
    ),
  ],
  noLongerNeeded: all(
    'kubectl -n rook-ceph delete csiports default',
    'kubectl -n NS delete --ignore-not-found rolebinding,role csi-port-operator-writer',
    'make undeploy',
    'make uninstall',
  ),
};
