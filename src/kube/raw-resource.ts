/** Objects as the API server sends them: what their kinds have in common. */
import type { V1Container, V1OwnerReference, V1PodTemplateSpec } from '@kubernetes/client-node';
import type { ObjectMeta } from '../domain/rules/api.js';
import type { ManagedFieldsEntry } from './managed-fields.js';
import { count, list, text } from './validate.js';

/** metadata as in JSON. */
export interface RawMetadata extends ObjectMeta {
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly V1OwnerReference[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

export interface RawResource<Spec, Status> {
  readonly metadata: RawMetadata;
  readonly spec: Spec;
  readonly status?: Status;
}

/** The API server sets these four on every object. */
export function identity(metadata: ObjectMeta): ObjectMeta {
  return {
    namespace: text(metadata.namespace, 'metadata.namespace'),
    name: text(metadata.name, 'metadata.name'),
    uid: text(metadata.uid, 'metadata.uid'),
    resourceVersion: text(metadata.resourceVersion, 'metadata.resourceVersion'),
  };
}

export function generationOf({ generation }: RawMetadata): number {
  return count(generation, 'metadata.generation');
}

export function containersOf({ spec }: V1PodTemplateSpec): readonly V1Container[] {
  return list(spec?.containers, 'containers');
}
