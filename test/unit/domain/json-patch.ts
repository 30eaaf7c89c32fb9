/** RFC 6902 as strictly as the API server takes it: a failing operation, a `test` included, reverts the whole patch. */
import { isDeepStrictEqual } from 'node:util';
import type { JsonPatch, JsonPatchOperation } from '../../../src/domain/rules/sidecar-port.js';

/** The patched copy; the document itself is never changed. Throws on the first operation that does not hold. */
export function applyPatch<T>(document: T, patch: JsonPatch): T {
  const root = { document: structuredClone(document) as unknown };
  for (const operation of patch) applyOperation(root, operation);
  return root.document as T;
}

/** The value at a JSON pointer; throws where nothing is there. */
export function valueAt(document: unknown, path: string): unknown {
  return tokens(path).reduce((parent, token) => member(parent, token, path), document);
}

function applyOperation(root: { document: unknown }, operation: JsonPatchOperation): void {
  const { op, path } = operation;
  if (op === 'test') {
    if (!isDeepStrictEqual(valueAt(root.document, path), operation.value)) throw new Error(`test of ${path} failed`);
    return;
  }
  const parents = tokens(path);
  const last = parents.pop();
  if (last === undefined) throw new Error('the whole document is never replaced');
  const parent = parents.reduce((node, token) => member(node, token, path), root.document);
  if (op !== 'add') member(parent, last, path);
  if (Array.isArray(parent)) changeList(parent, last, operation);
  else changeObject(asObject(parent, path), last, operation);
}

function changeList(list: unknown[], token: string, operation: JsonPatchOperation): void {
  if (operation.op === 'remove') list.splice(Number(token), 1);
  else if (operation.op === 'replace') list[Number(token)] = structuredClone(operation.value);
  else {
    const at = token === '-' ? list.length : Number(token);
    if (!Number.isInteger(at) || at < 0 || at > list.length) throw new Error(`no place at ${operation.path}`);
    list.splice(at, 0, structuredClone(operation.value));
  }
}

function changeObject(object: Record<string, unknown>, key: string, operation: JsonPatchOperation): void {
  if (operation.op === 'remove') Reflect.deleteProperty(object, key);
  else object[key] = structuredClone(operation.value);
}

function tokens(path: string): string[] {
  if (path === '') return [];
  if (!path.startsWith('/')) throw new Error(`${path} is no JSON pointer`);
  const escaped = path.slice(1).split('/');
  return escaped.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function member(parent: unknown, token: string, path: string): unknown {
  if (Array.isArray(parent)) {
    if (!/^(0|[1-9]\d*)$/.test(token) || Number(token) >= parent.length) throw new Error(`nothing at ${path}`);
    return parent[Number(token)];
  }
  const object = asObject(parent, path);
  if (!Object.hasOwn(object, token)) throw new Error(`nothing at ${path}`);
  return object[token];
}

function asObject(node: unknown, path: string): Record<string, unknown> {
  if (typeof node !== 'object' || node === null) throw new Error(`nothing at ${path}`);
  return node as Record<string, unknown>;
}
