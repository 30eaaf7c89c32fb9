/**
 * References to a container's environment, `$(NAME)`, as the kubelet resolves them in commands, arguments and later env
 * values (k8s.io/kubernetes/third_party/forked/golang/expansion). A name that is not known stays as it is; `$$` is `$`.
 */

/** As in a container's `env`. */
export interface EnvVariable {
  readonly name: string;
  /** Absent if it comes from a source that is not read: a field, a ConfigMap, a Secret. */
  readonly value?: string;
}

/** Text of any length is allowed. In one as long as this a reference may still lead to a port. */
const MAX_TEXT_LENGTH = 256;

const REFERENCE = /\$(?:\$|\(([^)]*)\))/g;

export function hasReference(text: string): boolean {
  return text.includes('$(') && text.length <= MAX_TEXT_LENGTH;
}

/** The text with its references resolved. Longer text is returned as it is. */
export function resolveReferences(text: string, env: ReadonlyMap<string, string>): string {
  if (text.length > MAX_TEXT_LENGTH) return text;
  return text.replace(REFERENCE, (reference: string, name: string | undefined) => {
    return name === undefined ? '$' : (env.get(name) ?? reference);
  });
}

/** The names that the text refers to, known or not. */
export function referredNames(text: string): string[] {
  if (!hasReference(text)) return [];
  return Array.from(text.matchAll(REFERENCE), ([, name]) => name).filter((name) => name !== undefined);
}

/**
 * The variables that can be part of a port, which are of five digits at most. A value may refer to variables before it;
 * of several with one name the last counts.
 */
export function portVariables(variables: readonly EnvVariable[]): Map<string, string> {
  const known = new Map<string, string>();
  for (const { name, value } of variables) {
    const resolved = value === undefined ? undefined : resolveReferences(value, known);
    if (resolved !== undefined && /^[0-9]{0,5}$/.test(resolved)) known.set(name, resolved);
    else known.delete(name);
  }
  return known;
}
