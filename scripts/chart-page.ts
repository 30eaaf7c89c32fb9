/** The table of values in the chart's README, made from values.schema.json and values.yaml. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { withPart } from './marked-part.js';

export const CHART_README = 'charts/csi-port-operator/README.md';
const MARKS = {
  begin: '<!-- the values: written by npm run docs -->\n',
  end: '<!-- end of the values -->\n',
};

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** What the page is to be: as it is now, with the table made anew. */
export function chartPage(): string {
  return withPart(CHART_README, MARKS, table());
}

function table(): string {
  const schema = JSON.parse(readFileSync('charts/csi-port-operator/values.schema.json', 'utf8')) as Schema;
  const values: unknown = parse(readFileSync('charts/csi-port-operator/values.yaml', 'utf8'));
  const rows = rowsOf(schema, values, '').map((cells) => `| ${cells.join(' | ')} |\n`);
  return `| value | default | meaning |\n|---|---|---|\n${rows.join('')}`;
}

/** @throws Error where the two files do not have the same values, or one has no description */
function rowsOf(schema: Schema, value: unknown, path: string): string[][] {
  const { properties } = schema;
  if (properties === undefined) {
    if (value === undefined) throw new Error(`values.yaml does not have ${path}`);
    if (schema.description === undefined) throw new Error(`values.schema.json does not describe ${path}`);
    return [[`\`${path}\``, `\`${JSON.stringify(value)}\``, schema.description]];
  }
  const fields = value as Record<string, unknown>;
  const unknown = Object.keys(fields).filter((name) => !(name in properties));
  if (unknown.length > 0) throw new Error(`values.schema.json does not have ${path} ${unknown.join(', ')}`);
  const own = Object.entries(properties).filter(([name]) => path !== '' || name !== 'global');
  return own.flatMap(([name, field]) => rowsOf(field, fields[name], path === '' ? name : `${path}.${name}`));
}
