import { describe, expect, it } from 'vitest';
import type { JsonPatchOperation } from '../../../src/domain/rules/sidecar-port.js';
import { applyPatch } from './json-patch.js';

/** The other tests lean on this implementation, so it is held to the examples of RFC 6902, appendix A. */
describe('RFC 6902', () => {
  const holding: [string, unknown, JsonPatchOperation[], unknown][] = [
    ['adds an object member (A.1)', { foo: 1 }, [{ op: 'add', path: '/baz', value: 2 }], { foo: 1, baz: 2 }],
    ['adds a list element (A.2)', { foo: [1, 3] }, [{ op: 'add', path: '/foo/1', value: 2 }], { foo: [1, 2, 3] }],
    ['appends to a list (A.16)', { foo: [1] }, [{ op: 'add', path: '/foo/-', value: [2] }], { foo: [1, [2]] }],
    ['removes a member (A.3)', { foo: 1, baz: 2 }, [{ op: 'remove', path: '/baz' }], { foo: 1 }],
    ['removes a list element (A.4)', { foo: [1, 2, 3] }, [{ op: 'remove', path: '/foo/1' }], { foo: [1, 3] }],
    ['replaces a value (A.5)', { foo: 1 }, [{ op: 'replace', path: '/foo', value: 2 }], { foo: 2 }],
    ['tests deeply (A.8)', { foo: ['a', 2] }, [{ op: 'test', path: '/foo', value: ['a', 2] }], { foo: ['a', 2] }],
    ['unescapes pointers (A.14)', { '/~': 1 }, [{ op: 'replace', path: '/~1~0', value: 2 }], { '/~': 2 }],
    ['adds over a member', { foo: 1 }, [{ op: 'add', path: '/foo', value: 2 }], { foo: 2 }],
  ];
  it.each(holding)('%s', (_name, document, patch, expected) => {
    expect(applyPatch(document, patch)).toEqual(expected);
  });

  const failing: [string, JsonPatchOperation][] = [
    ['test of another value (A.9)', { op: 'test', path: '/foo', value: 'bar' }],
    ['test of a number against a string (A.15)', { op: 'test', path: '/foo/0', value: '1' }],
    ['test of an absent member', { op: 'test', path: '/bar', value: null }],
    ['add to an absent parent (A.12)', { op: 'add', path: '/bar/baz', value: 1 }],
    ['add behind the end of a list', { op: 'add', path: '/foo/3', value: 1 }],
    ['replace of an absent member', { op: 'replace', path: '/bar', value: 1 }],
    ['replace behind the end of a list', { op: 'replace', path: '/foo/2', value: 1 }],
    ['remove of an absent element', { op: 'remove', path: '/foo/2' }],
    ['a path without a leading slash', { op: 'test', path: 'foo', value: [1, 2] }],
  ];
  it.each(failing)('rejects a %s, and what came before it', (_name, operation) => {
    const document = { foo: [1, 2] };
    expect(() =>
      applyPatch(document, [{ op: 'add', path: '/foo/-', value: 3 }, { op: 'remove', path: '/foo/2' }, operation]),
    ).toThrow();
    expect(document).toEqual({ foo: [1, 2] });
  });
});
