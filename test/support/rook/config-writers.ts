/** Others that write rook-ceph-operator-config beside a person with kubectl: what installed Rook. */
import type { AdminApi } from '../control-plane/admin-api.js';
import { ROOK_OPERATOR_CONFIG } from './names.js';

type Data = Readonly<Record<string, string>>;

interface Target {
  readonly namespace: string;
  readonly configPath: string;
}

function manifest({ namespace }: Target, data: Data): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: ROOK_OPERATOR_CONFIG, namespace }, data };
}

/** Argo CD with Replace=true: the ConfigMap becomes the copy in git, and a key that git does not know is gone. */
export async function replaceFromGit(api: AdminApi, target: Target, data: Data): Promise<void> {
  await api.replace<object>(`${target.configPath}?fieldManager=argocd-controller`, manifest(target, data));
}

/** Argo CD with ServerSideApply=true: takes the keys that git knows from whoever owns them, and leaves all others. */
export async function applyFromGit(api: AdminApi, target: Target, data: Data): Promise<void> {
  const query = 'fieldManager=argocd-controller&force=true';
  await api.patch<object>(`${target.configPath}?${query}`, manifest(target, data), 'application/apply-patch+yaml');
}

/** `helm upgrade` of the rook-ceph chart: a merge of the last values, the new ones and what is stored. */
export class HelmRelease {
  readonly #api: AdminApi;
  readonly #target: Target;
  #last: Data;

  constructor(api: AdminApi, target: Target, installed: Data) {
    this.#api = api;
    this.#target = target;
    this.#last = installed;
  }

  /** Sets what the chart renders now, deletes what it rendered last time only, and keeps what it never rendered. */
  async upgrade(data: Data): Promise<void> {
    const gone = Object.keys(this.#last).filter((key) => !(key in data));
    const patch = { data: { ...data, ...Object.fromEntries(gone.map((key) => [key, null])) } };
    await this.#api.patch<object>(`${this.#target.configPath}?fieldManager=helm`, patch);
    this.#last = data;
  }
}
