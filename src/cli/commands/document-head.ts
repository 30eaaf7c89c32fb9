/** How each document of the plugin begins: the version of the schema, and what it is. */
export const CLI_API_VERSION = 'csiports.io/cli/v1';

export interface DocumentHead<Kind extends string> {
  readonly apiVersion: typeof CLI_API_VERSION;
  readonly kind: Kind;
}

export function head<Kind extends string>(kind: Kind): DocumentHead<Kind> {
  return { apiVersion: CLI_API_VERSION, kind };
}
