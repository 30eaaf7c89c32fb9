import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The release the tests run against. go/pin.sh writes the go.mod for it, and a build rejects to start when they differ. */
export const KUBERNETES_VERSION = '1.36.3';

/** The release that go/kubernetes/go.mod pins, without the v. */
export async function pinnedKubernetesVersion(): Promise<string | undefined> {
  const goMod = await readFile(join(import.meta.dirname, 'go/kubernetes/go.mod'), 'utf8');
  return /^(?:require)?\s+k8s\.io\/kubernetes v(\S+)/m.exec(goMod)?.[1];
}
