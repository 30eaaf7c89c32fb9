/** The variables of a pod of config/manager, and those that kubelet gives to every pod. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

const DEPLOYMENT = join(import.meta.dirname, '../../../config/manager/deployment.yaml');

interface Deployment {
  spec: { template: { spec: { containers: [{ env: { name: string; value?: string }[] }] } } };
}

/** @param server the API server's address */
export async function podEnvironment(server: string, namespace: string): Promise<Record<string, string>> {
  const deployment = parse(await readFile(DEPLOYMENT, 'utf8')) as Deployment;
  const fixed = deployment.spec.template.spec.containers[0].env.filter(({ value }) => value !== undefined);
  const { hostname, port } = new URL(server);
  return {
    ...Object.fromEntries(fixed.map(({ name, value }) => [name, value!])),
    POD_NAME: 'csi-port-operator-0',
    POD_NAMESPACE: namespace,
    // Without the brackets of a URL, as kubelet has it.
    KUBERNETES_SERVICE_HOST: hostname.replace(/^\[|\]$/g, ''),
    KUBERNETES_SERVICE_PORT: port,
  };
}
