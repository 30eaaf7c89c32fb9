/** ceph-csi-operator as far as its objects go: the CRD, Drivers, and the workloads that it makes of them. */
import { AdminApiError, type AdminApi, type KubeObject } from '../control-plane/admin-api.js';
import type { ControlPlane } from '../control-plane/control-plane.js';
import { waitFor } from '../control-plane/wait-for.js';
import { DRIVER_CRD, DRIVER_CRD_NAME, DRIVER_CRD_PATH } from './driver-crd.js';
import { renderDriver, type DriverObject, type DriverType } from './workloads.js';

const DRIVERS = '/apis/csi.ceph.io/v1';

export class CephCsiOperator {
  readonly #api: AdminApi;

  constructor({ api }: Pick<ControlPlane, 'api'>) {
    this.#api = api;
  }

  async installCrd(): Promise<void> {
    await this.#api.create<object>(DRIVER_CRD_PATH, DRIVER_CRD);
    await waitFor('the API server to serve Drivers', () => this.#isServed());
  }

  /** Deletes all Drivers with it; the garbage collector then deletes their workloads. */
  async removeCrd(): Promise<void> {
    try {
      await this.#api.delete(`${DRIVER_CRD_PATH}/${DRIVER_CRD_NAME}`);
    } catch (error) {
      if (!(error instanceof AdminApiError && error.status === 404)) throw error;
    }
    await waitFor('the API server to serve no Drivers', async () => !(await this.#isServed()));
  }

  async createDriver(namespace: string, type: DriverType): Promise<DriverObject> {
    const name = `${namespace}.${type}.csi.ceph.com`;
    const object: KubeObject = { apiVersion: 'csi.ceph.io/v1', kind: 'Driver', metadata: { name }, spec: {} };
    const { metadata } = await this.#api.create(`${DRIVERS}/namespaces/${namespace}/drivers`, object);
    return { namespace, name, uid: metadata.uid!, type };
  }

  async deleteDriver({ namespace, name }: DriverObject): Promise<void> {
    await this.#api.delete(`${DRIVERS}/namespaces/${namespace}/drivers/${name}`);
  }

  /** As the garbage collector does it, which takes half a minute to learn of a new kind of owner. */
  async deleteWorkloads({ namespace, name }: DriverObject): Promise<void> {
    await this.#api.delete(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}-ctrlplugin`);
    for (const part of ['nodeplugin', 'nodeplugin-csi-addons']) {
      await this.#api.delete(`/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}-${part}`);
    }
  }

  /** Its write of a Driver's workloads, which replaces what is there. */
  async write(driver: DriverObject): Promise<void> {
    for (const workload of renderDriver(driver)) {
      const collection = `/apis/apps/v1/namespaces/${driver.namespace}/${workload.kind!.toLowerCase()}s`;
      const path = `${collection}/${workload.metadata!.name!}`;
      if ((await this.#api.getOrUndefined(path)) === undefined) await this.#api.create<object>(collection, workload);
      else await this.#api.replace<object>(path, workload);
    }
  }

  async #isServed(): Promise<boolean> {
    return (await this.#api.getOrUndefined(`${DRIVERS}/drivers`)) !== undefined;
  }
}
