import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import type { AssignmentSpec } from '../../../src/domain/rules/api.js';
import { plan } from '../../../src/domain/rules/plan.js';
import { DEFAULT_PORTS } from '../../support/slots.js';
import { CONFLICTING, observe } from '../domain/worlds.js';
import { SCHEMA, fieldSchema, readManifest, yamlFiles, type Schema } from './manifests.js';

interface Assignment {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec?: AssignmentSpec;
}

const FOLDER = 'config/samples';
const SAMPLES = yamlFiles(FOLDER).filter((path) => !path.endsWith('/kustomization.yaml'));

const readSample = (name: string): Assignment => readManifest(`${FOLDER}/csiportassignment${name}.yaml`) as Assignment;

/** As the API server reads it for kubectl: a field that the schema does not know is an error. */
function strictly(schema: Schema): object {
  const { properties, items } = schema;
  return {
    ...schema,
    ...(items === undefined ? {} : { items: strictly(items) }),
    ...(properties === undefined
      ? {}
      : {
          additionalProperties: false,
          properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, strictly(field)])),
        }),
  };
}

/** What it makes of a Rook whose sidecars are all on 9070. */
function portsBy(spec: AssignmentSpec = {}): object {
  return plan(observe({ ...CONFLICTING, spec })).assignment.ports;
}

const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(strictly(SCHEMA));

describe('samples', () => {
  test.each(SAMPLES)('%s fits the CRD', (path) => {
    const sample = readManifest(path);
    expect(validate(sample), JSON.stringify(validate.errors)).toBe(true);
    expect(sample).toMatchObject({
      apiVersion: 'csiports.io/v1alpha1',
      kind: 'CSIPortAssignment',
      metadata: { name: 'default', namespace: 'rook-ceph' },
    });
  });

  test('what does not fit would be noticed', () => {
    expect(validate({ ...readSample(''), spec: { port: 9070 } })).toBe(false);
    expect(validate({ ...readSample(''), spec: { mode: 'Off' } })).toBe(false);
    expect(validate({ ...readSample(''), spec: { ports: { rbdNodePlugin: 80 } } })).toBe(false);
  });

  test('the first one is empty', () => {
    expect(readSample('')).not.toHaveProperty('spec');
  });

  test('the one with all fields has them all, each with what its absence comes to where all are on 9070', () => {
    const { spec } = readSample('_all_fields');
    expect(Object.keys(spec!).sort()).toEqual(Object.keys(fieldSchema('spec').properties!).sort());
    expect(spec).toEqual({ mode: 'Enforce', rookConfig: 'Pin', ports: portsBy() });
  });

  test('the one that keeps the node plugin gets what it says', () => {
    expect(portsBy(readSample('_keep_node_plugin').spec)).toEqual({
      ...DEFAULT_PORTS,
      rbdProvisioner: 9072,
      rbdNodePlugin: 9070,
    });
  });
});
