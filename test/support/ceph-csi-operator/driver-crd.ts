/** The CustomResourceDefinition of ceph-csi-operator's Driver, with a schema that takes anything. */
export const DRIVER_CRD_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const DRIVER_CRD_NAME = 'drivers.csi.ceph.io';

/** v1 is served from 0.3.0 on, and alone from 1.0.0 on. */
export const DRIVER_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: DRIVER_CRD_NAME },
  spec: {
    group: 'csi.ceph.io',
    scope: 'Namespaced',
    names: { kind: 'Driver', listKind: 'DriverList', plural: 'drivers', singular: 'driver' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};
