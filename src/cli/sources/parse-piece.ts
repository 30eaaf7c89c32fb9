/** Parses the text of one object. Of YAML, which takes long to parse, only what may concern a Rook. */
import { load, YAML11_SCHEMA, YAMLException } from 'js-yaml';
import { ROOK_CONFIG_NAME } from '../../domain/rules/rook-config.js';
import { ROOK_OPERATOR_NAME } from '../../domain/rules/rook-operator.js';
import { SLOT_SPECS } from '../../domain/rules/slots.js';
import { ASSIGNMENTS, DRIVERS } from '../../kube/resources.js';
import { messageOf } from '../../log.js';
import type { Piece } from './piece.js';

/** The text is neither JSON nor YAML. */
export class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault';

  constructor(
    message: string,
    /** Of the file. */
    readonly line: number,
  ) {
    super(message);
  }
}

/** An object that concerns no Rook: only that it is in the dump matters. */
export interface Passed {
  readonly kind: string;
  /** Absent if the object names none. */
  readonly namespace?: string;
}

export type Parsed = { readonly passed: Passed } | { readonly value: unknown };

const NAMES = [ROOK_CONFIG_NAME, ROOK_OPERATOR_NAME, ...SLOT_SPECS.map(({ workload }) => workload)];
const OF_INTEREST = new RegExp(
  ['hostNetwork', ASSIGNMENTS.group, DRIVERS.group, ...NAMES].join('|').replaceAll('.', '\\.'),
);

/** No object is without one of these. */
const OBJECT_KEY = /^[ -]*["']?(apiVersion|kind|metadata|items)["']?:/m;

/** @throws SyntaxFault */
export function parsePiece(piece: Piece): Parsed {
  if (piece.form === 'json') return { value: parseJson(piece) };
  // A log among objects, say.
  if (!OBJECT_KEY.test(piece.text)) return { value: undefined };
  const passed = OF_INTEREST.test(piece.text) ? undefined : passedOver(piece);
  return passed === undefined ? { value: parseYaml(piece) } : { passed };
}

/** YAML has braces, too. */
function parseJson(piece: Piece): unknown {
  try {
    return JSON.parse(piece.text) as unknown;
  } catch (error) {
    const message = messageOf(error);
    try {
      return parseYaml(piece);
    } catch {
      throw new SyntaxFault(`not JSON: ${message.split(' in JSON')[0]}`, lineOf(message, piece));
    }
  }
}

function lineOf(message: string, { text, line }: Piece): number {
  const position = Number(/at position (\d+)/.exec(message)?.[1] ?? 0);
  return line + text.slice(0, position).split('\n').length - 1;
}

/** As kubectl does, by YAML 1.1, where `yes` is true. Aliases may be nested without end, and kubectl writes none. */
const YAML_OPTIONS = { schema: YAML11_SCHEMA, json: true, maxAliases: 16 };

function parseYaml({ text, line, form }: Piece): unknown {
  const isItem = form === 'yaml' && /^ *-( |$)/m.exec(text)?.index === 0;
  try {
    // A copy: the strings of the parser keep the whole text in memory.
    const value = JSON.parse(JSON.stringify(load(text, YAML_OPTIONS) ?? null)) as unknown;
    return isItem && Array.isArray(value) ? (value as unknown[])[0] : value;
  } catch (error) {
    const { reason, mark } = error instanceof YAMLException ? error : { reason: causeOf(error), mark: undefined };
    throw new SyntaxFault(`not YAML: ${reason}`, line + (mark?.line ?? 0));
  }
}

/** Of what Node.js says of a value that is no JSON. */
function causeOf(error: unknown): string {
  if (error instanceof RangeError) return 'it is nested too deeply';
  return error instanceof TypeError ? 'it refers to itself' : messageOf(error);
}

/** By the lines that kubectl writes; undefined if they are not there. */
function passedOver({ text, listKind }: Piece): Passed | undefined {
  const dash = /^( *)- /.exec(text);
  const indent = ' '.repeat(dash === null ? 0 : (dash[1] ?? '').length + 2);
  // The first line of an item begins with the dash.
  const lines = `\n${dash === null ? text : indent + text.slice(indent.length)}`;
  const valueOf = (depth: string, key: string): string | undefined =>
    new RegExp(`\\n${depth}${key}: +["']?([^\\s"']+)`).exec(lines)?.[1];
  const hasContainers = (): boolean => lines.includes(`\n${indent}  containers:`);
  const kind = valueOf(indent, 'kind') ?? listKind ?? (hasContainers() ? 'Pod' : undefined);
  if (kind === undefined || !lines.includes(`\n${indent}metadata:`)) return undefined;
  const namespace = valueOf(`${indent}  `, 'namespace');
  return { kind, ...(namespace === undefined ? {} : { namespace }) };
}
