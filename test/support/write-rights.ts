/** The operator's right to write in a namespace, without kubectl: where there are hundreds of them, or one comes in between. */
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import type { AdminApi, KubeObject } from './control-plane/admin-api.js';

/** What config/rbac/rook-namespace grants, in another namespace, as the example in its kustomization makes it. */
export async function allowWrites(api: AdminApi, namespace: string): Promise<void> {
  for (const file of ['role', 'role_binding']) {
    const text = await readFile(`config/rbac/rook-namespace/${file}.yaml`, 'utf8');
    for (const document of parseAllDocuments(text)) {
      const object = document.toJS() as KubeObject;
      const collection = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/${object.kind!.toLowerCase()}s`;
      await api.create<object>(collection, { ...object, metadata: { ...object.metadata, namespace } });
    }
  }
}
