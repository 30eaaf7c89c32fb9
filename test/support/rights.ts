/** What RBAC objects grant, a line per right, so that two ways of granting it can be compared. */
import type { KubeObject } from './control-plane/admin-api.js';

export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

export interface Role extends KubeObject {
  rules: readonly Rule[];
}

export interface Binding extends KubeObject {
  roleRef: { kind: string; name: string };
  subjects: readonly { kind: string; name: string; namespace: string }[];
}

/** "verb group/resource name", with `(any)` where a rule names none; "verb /path" of paths that are no resources. */
export function rightsOf(rules: readonly Rule[]): string[] {
  return rules
    .flatMap(({ apiGroups = [], resources = [], resourceNames = ['(any)'], nonResourceURLs = [], verbs }) => [
      ...nonResourceURLs.flatMap((url) => verbs.map((verb) => `${verb} ${url}`)),
      ...apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          resourceNames.flatMap((name) => verbs.map((verb) => `${verb} ${group}/${resource} ${name}`)),
        ),
      ),
    ])
    .sort();
}

/** What an account may do by the bindings among the objects: each right with its namespace, or `*` for all. */
export function rightsOfAccount(
  objects: readonly KubeObject[],
  account: { namespace: string; name: string },
): string[] {
  const bindings = objects.filter((object): object is Binding => object.kind?.endsWith('RoleBinding') === true);
  const own = bindings.filter(({ subjects }) =>
    subjects.some(
      ({ kind, name, namespace }) =>
        kind === 'ServiceAccount' && name === account.name && namespace === account.namespace,
    ),
  );
  const rights = own.flatMap((binding) => {
    const { namespace } = binding.metadata;
    const role = objects.find(
      ({ kind, metadata }) =>
        kind === binding.roleRef.kind &&
        metadata.name === binding.roleRef.name &&
        (kind === 'ClusterRole' || metadata.namespace === namespace),
    );
    if (role === undefined) throw new Error(`${binding.roleRef.kind} ${binding.roleRef.name} is bound but not there`);
    return rightsOf((role as Role).rules).map((right) => `${namespace ?? '*'}: ${right}`);
  });
  return [...new Set(rights)].sort();
}
