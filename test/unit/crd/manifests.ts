import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const REPOSITORY = join(import.meta.dirname, '../../..');

export function readText(path: string): string {
  return readFileSync(join(REPOSITORY, path), 'utf8');
}

/** The one object in a YAML file of the repository. The caller says what it is: a cast at the border. */
export function readManifest(path: string): unknown {
  const [document, ...more] = parseAllDocuments(readText(path));
  if (document === undefined || more.length > 0) throw new Error(`${path} has not exactly one document`);
  const [error] = document.errors;
  if (error !== undefined) throw error;
  return document.toJS();
}

/** Paths of all YAML files in a folder of the repository and below. */
export function yamlFiles(folder: string): string[] {
  return readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yaml'))
    .map((path) => `${folder}/${path}`)
    .sort();
}

/** The part of a structural schema that the CRD uses. */
export interface Schema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
}

export interface CustomResourceDefinition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly shortNames: string[];
      readonly categories: string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly additionalPrinterColumns: readonly { readonly name: string; readonly jsonPath: string }[];
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

export const CRD = readManifest('crds/csiportassignments.yaml') as CustomResourceDefinition;
export const CRD_VERSION = CRD.spec.versions[0]!;
export const SCHEMA = CRD_VERSION.schema.openAPIV3Schema;

/** The schema of a field, by its path as `kubectl explain` takes it: `spec.ports`, `status.workloads.state`. */
export function fieldSchema(path: string): Schema {
  let schema = SCHEMA;
  for (const name of path.split('.')) {
    const field = (schema.items ?? schema).properties?.[name];
    if (field === undefined) throw new Error(`the CRD has no field ${path}`);
    schema = field;
  }
  return schema;
}

/** Every field below the root as [path, schema]. */
export function allFields(schema: Schema = SCHEMA, parent = ''): [string, Schema][] {
  return Object.entries((schema.items ?? schema).properties ?? {}).flatMap(([name, field]) => {
    const path = parent === '' ? name : `${parent}.${name}`;
    return [[path, field], ...allFields(field, path)] satisfies [string, Schema][];
  });
}
