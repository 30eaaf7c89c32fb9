import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Store, type StoredObject } from '../../../src/kube/store.js';

const object = (namespace: string, uid: string, resourceVersion: string): StoredObject => ({
  namespace,
  uid,
  resourceVersion,
});

function filled(...objects: readonly StoredObject[]): { store: Store<StoredObject>; changed: string[] } {
  const changed: string[] = [];
  const store = new Store<StoredObject>((namespace) => changed.push(namespace));
  store.replace(objects);
  changed.length = 0;
  return { store, changed };
}

test('put takes up what is new and tells its namespace', () => {
  const { store, changed } = filled();
  store.put(object('a', 'u1', '5'));
  store.put(object('b', 'u2', '6'));
  expect(store.get('a')).toEqual(object('a', 'u1', '5'));
  expect(store.namespaces()).toEqual(['a', 'b']);
  expect(changed).toEqual(['a', 'b']);
});

test.each([
  ['the same version', '9', '9', false],
  ['an older one', '9', '8', false],
  ['an older one with fewer digits', '10', '9', false],
  ['a newer one', '9', '11', true],
  ['a newer one beyond what a double holds', '9007199254740992', '9007199254740993', true],
  ['another one that is no number', '9', 'v9', true],
  ['the same one that is no number', 'v9', 'v9', false],
])('put of %s: %s then %s', (_, stored, next, taken) => {
  const { store, changed } = filled(object('a', 'u', stored));
  store.put(object('a', 'u', next));
  expect(store.get('a')?.resourceVersion).toBe(taken ? next : stored);
  expect(changed).toEqual(taken ? ['a'] : []);
});

test('an object made again under its name is taken whatever its version', () => {
  const { store, changed } = filled(object('a', 'old', '9'));
  store.put(object('a', 'new', '3'));
  expect(store.get('a')).toEqual(object('a', 'new', '3'));
  expect(changed).toEqual(['a']);
});

test('the answer to a write is told as a change, and an event that is not newer is ignored', () => {
  const { store, changed } = filled(object('a', 'u', '5'));
  store.putAnswer(object('a', 'u', '8'));
  expect(store.get('a')?.resourceVersion).toBe('8');
  store.put(object('a', 'u', '7'));
  store.put(object('a', 'u', '8'));
  expect(store.get('a')?.resourceVersion).toBe('8');
  expect(changed).toEqual(['a']);
});

test('an answer does not bring back what is gone, older, or another object', () => {
  const { store } = filled(object('a', 'u', '5'));
  store.putAnswer(object('a', 'other', '9'));
  store.putAnswer(object('a', 'u', '4'));
  store.putAnswer(object('b', 'u', '9'));
  expect(store.get('a')).toEqual(object('a', 'u', '5'));
  expect(store.namespaces()).toEqual(['a']);
});

test('delete removes the object with that uid, and no other', () => {
  const { store, changed } = filled(object('a', 'new', '9'));
  store.delete(object('a', 'old', '10'));
  store.delete(object('b', 'new', '10'));
  expect(store.namespaces()).toEqual(['a']);
  expect(changed).toEqual([]);
  store.delete(object('a', 'new', '10'));
  expect(store.namespaces()).toEqual([]);
  expect(changed).toEqual(['a']);
});

test('replace drops what is gone, tells of what differs, and takes older versions too', () => {
  const { store, changed } = filled(
    object('same', 'u1', '5'),
    object('gone', 'u2', '5'),
    object('newer', 'u3', '5'),
    object('restored', 'u4', '500'),
    object('again', 'u5', '5'),
  );
  store.replace([
    object('same', 'u1', '5'),
    object('newer', 'u3', '6'),
    object('restored', 'u4', '50'),
    object('again', 'u6', '5'),
    object('added', 'u7', '7'),
  ]);
  expect(changed.sort()).toEqual(['added', 'again', 'gone', 'newer', 'restored']);
  expect(store.namespaces().sort()).toEqual(['added', 'again', 'newer', 'restored', 'same']);
  expect(store.get('restored')?.resourceVersion).toBe('50');
});

test('replace within a namespace leaves the others alone', () => {
  const { store, changed } = filled(object('a', 'u1', '5'), object('b', 'u2', '5'));
  store.replace([], 'a');
  expect(store.namespaces()).toEqual(['b']);
  expect(changed).toEqual(['a']);
  store.replace([object('a', 'u3', '6')], 'a');
  store.replace([], 'c');
  expect(store.namespaces().sort()).toEqual(['a', 'b']);
  expect(changed).toEqual(['a', 'a']);
});

test('onChange is called exactly when what is stored for a namespace became another object or version', () => {
  const anObject = fc.record({
    namespace: fc.constantFrom('a', 'b'),
    uid: fc.constantFrom('u1', 'u2'),
    resourceVersion: fc.nat(12).map(String),
  });
  const step = fc.oneof(
    anObject.map((one) => (store: Store<StoredObject>) => store.put(one)),
    anObject.map((one) => (store: Store<StoredObject>) => store.delete(one)),
    fc
      .uniqueArray(anObject, { selector: ({ namespace }) => namespace })
      .map((list) => (store: Store<StoredObject>) => store.replace(list)),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const { store, changed } = filled();
      const snapshot = (): (string | undefined)[] => ['a', 'b'].map((name) => JSON.stringify(store.get(name)));
      for (const take of steps) {
        const before = snapshot();
        changed.length = 0;
        take(store);
        const after = snapshot();
        expect(changed.sort()).toEqual(['a', 'b'].filter((_, index) => before[index] !== after[index]));
      }
    }),
  );
});
