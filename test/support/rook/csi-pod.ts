import type { CsiDriver, CsiParameters } from './csi-parameters.js';

/** One kind of CSI pod, as Rook's templates see it: a driver's node plugin or its provisioner. */
export interface CsiPod {
  readonly parameters: CsiParameters;
  readonly driver: CsiDriver;
  /** component: Rook's word for it in paths. */
  readonly component: 'node-plugin' | 'controller-plugin';
  readonly hostNetwork: boolean;
  /** driverName: the CSI driver's registered name, prefixed with the operator's namespace. */
  readonly driverName: string;
  /** root: the driver's directory under the cluster's dataDirHostPath, of logs and of the log rotation's settings. */
  readonly root: string;
}

export function nodePluginPod(parameters: CsiParameters, driver: CsiDriver): CsiPod {
  return {
    ...driverPaths(parameters, driver),
    component: 'node-plugin',
    hostNetwork: parameters.nodePluginHostNetwork,
  };
}

export function provisionerPod(parameters: CsiParameters, driver: CsiDriver): CsiPod {
  return {
    ...driverPaths(parameters, driver),
    component: 'controller-plugin',
    hostNetwork: parameters.provisionerHostNetwork,
  };
}

function driverPaths(
  parameters: CsiParameters,
  driver: CsiDriver,
): Pick<CsiPod, 'parameters' | 'driver' | 'driverName' | 'root'> {
  const driverName = `${parameters.namespace}.${driver}.csi.ceph.com`;
  return { parameters, driver, driverName, root: `/var/lib/rook/${driverName}` };
}

export function isController(pod: CsiPod): boolean {
  return pod.component === 'controller-plugin';
}

/** Items that a template renders on a condition only. */
export function when<T>(condition: boolean | undefined, ...items: T[]): T[] {
  return condition === true ? items : [];
}
