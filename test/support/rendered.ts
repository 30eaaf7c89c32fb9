/** The objects of rendered manifests, and the parts of them that tests look at. */
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from './control-plane/admin-api.js';

export function parseObjects(manifests: string): KubeObject[] {
  return parseAllDocuments(manifests).flatMap((document) => (document.toJS() as KubeObject | null) ?? []);
}

/** The one object of this kind and name. */
export function find(objects: readonly KubeObject[], kind: string, name = 'csi-port-operator'): KubeObject {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  if (found.length !== 1) throw new Error(`there are ${found.length} objects ${kind} ${name}`);
  return found[0]!;
}

export interface Container {
  image: string;
  args: string[];
  env: { name: string; value?: string; valueFrom?: { fieldRef: { fieldPath: string } } }[];
  ports: { name: string }[];
  volumeMounts?: { name: string; mountPath: string; readOnly: boolean }[];
}

export interface ManagerDeployment extends KubeObject {
  spec: {
    replicas: number;
    strategy: object;
    template: {
      metadata: object;
      spec: {
        serviceAccountName: string;
        nodeSelector: object;
        tolerations?: object[];
        containers: [Container];
      } & Record<string, unknown>;
    };
  };
}

export function podSpec(objects: readonly KubeObject[]): ManagerDeployment['spec']['template']['spec'] {
  return (find(objects, 'Deployment') as ManagerDeployment).spec.template.spec;
}
