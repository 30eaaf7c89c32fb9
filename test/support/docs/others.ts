/** Kinds of other operators, with a schema that takes anything, and objects of theirs, for commands that read or create them. */
import type { ControlPlane } from '../control-plane/control-plane.js';

/** Each with the group, the version and the plural of its path. */
const KINDS = {
  PodMonitor: 'monitoring.coreos.com/v1/podmonitors',
  PrometheusRule: 'monitoring.coreos.com/v1/prometheusrules',
  CephCluster: 'ceph.rook.io/v1/cephclusters',
  OperatorConfig: 'csi.ceph.io/v1/operatorconfigs',
  CSIAddonsNode: 'csiaddons.openshift.io/v1alpha1/csiaddonsnodes',
} as const;

export type OtherKind = keyof typeof KINDS;

export async function serveKind(controlPlane: ControlPlane, kind: OtherKind): Promise<void> {
  const [group, version, plural] = KINDS[kind].split('/') as [string, string, string];
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await createObject(controlPlane, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      ...{ group, scope: 'Namespaced', names: { kind, plural, singular: kind.toLowerCase() } },
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  });
  await controlPlane.kubectl(['wait', '--for=condition=Established', `crd/${plural}.${group}`]);
}

/** With an object of that name in the namespace. */
export async function serveObject(
  controlPlane: ControlPlane,
  kind: OtherKind,
  metadata: { readonly name: string; readonly namespace: string },
): Promise<void> {
  await serveKind(controlPlane, kind);
  const [group, version] = KINDS[kind].split('/');
  await createObject(controlPlane, { apiVersion: `${group}/${version}`, kind, metadata, spec: {} });
}

/** Unless it is there, at the second attempt of a test. */
export async function createObject(controlPlane: ControlPlane, object: object): Promise<void> {
  await controlPlane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(object) });
}
