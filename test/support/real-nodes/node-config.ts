/** The settings of a node's containerd, CNI plugins and kubelet. */
import { join } from 'node:path';
import type { NodePrograms } from './programs.js';

export interface NodeSettings {
  /** Of the node: its settings, logs and data. */
  readonly folder: string;
  readonly programs: NodePrograms;
  readonly address: string;
  /** Of pods that are not on the host network. */
  readonly podSubnet: string;
  /** Below each controller's root. */
  readonly cgroup: string;
}

/** In the place of registry.k8s.io/pause. */
export const PAUSE_IMAGE = 'localhost/pause:1';

export function cniFolder(folder: string): string {
  return join(folder, 'cni');
}

export function containerdConfig({ folder, programs }: NodeSettings): string {
  return `version = 3
root = '/var/lib/containerd'
state = '/run/containerd'
oom_score = 0
disabled_plugins = [
  'io.containerd.snapshotter.v1.blockfile', 'io.containerd.snapshotter.v1.erofs', 'io.containerd.differ.v1.erofs',
  'io.containerd.tracing.processor.v1.otlp', 'io.containerd.internal.v1.tracing',
]

[grpc]
  address = '/run/containerd/containerd.sock'

[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = '${PAUSE_IMAGE}'

[plugins.'io.containerd.cri.v1.runtime']
  # A machine may withhold CAP_SYS_RESOURCE, without which nobody lowers an oom_score_adj.
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = 'io.containerd.runc.v2'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      BinaryName = '${programs.runc}'
      SystemdCgroup = false
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ['${programs.cniPlugins}']
    conf_dir = '${cniFolder(folder)}'
`;
}

/** A pair of links per pod and routes: no address is translated, so there is no rule of iptables anywhere. */
export function cniConfig({ podSubnet }: NodeSettings): object {
  const ipam = {
    type: 'host-local',
    dataDir: '/run/cni-addresses',
    ranges: [[{ subnet: podSubnet }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  return { cniVersion: '1.0.0', name: 'pods', plugins: [{ type: 'ptp', ipMasq: false, ipam }] };
}

export function kubeletConfig({ address, cgroup }: NodeSettings): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    // Several kubelets share the machine.
    cgroupRoot: `/${cgroup}`,
    enforceNodeAllocatable: [],
    oomScoreAdj: 0,
    // It checks the kernel's settings, and writes none.
    protectKernelDefaults: true,
    makeIPTablesUtilChains: false,
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    // What reaches it is in the namespaces of the run: the API server and the pods.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    resolvConf: '',
    volumePluginDir: '/run/volume-plugins',
    // Of a machine that the tests share with others.
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    // Renewed every 2 s, so that a dead node is told from a busy one within the 10 s of the control plane.
    nodeLeaseDurationSeconds: 8,
    nodeStatusUpdateFrequency: '2s',
    // A container that has crashed starts again after 5 s at most, so that a test sees several of its starts.
    crashLoopBackOff: { maxContainerRestartPeriod: '5s' },
    maxPods: 40,
  };
}
