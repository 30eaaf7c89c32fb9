import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Store, type StoredObject } from '../../../src/kube/store.js';

const object = (namespace: string, uid: string, resourceVersion: string): StoredObject => ({
  namespace,
  name: 'one',
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
  store.putResponse(object('a', 'u', '8'));
  expect(store.get('a')?.resourceVersion).toBe('8');
  store.put(object('a', 'u', '7'));
  store.put(object('a', 'u', '8'));
  expect(store.get('a')?.resourceVersion).toBe('8');
  expect(changed).toEqual(['a']);
});

test('the answer to a write that did all that was wanted is taken, and told to nobody; its event then tells nothing', () => {
  const { store, changed } = filled(object('a', 'u', '5'));
  store.putExpectedResponse(object('a', 'u', '8'));
  store.put(object('a', 'u', '8'));
  expect([store.get('a')?.resourceVersion, changed]).toEqual(['8', []]);
  store.putExpectedResponse(object('a', 'u', '7'));
  store.putExpectedResponse(object('a', 'other', '9'));
  store.putExpectedResponse(object('b', 'u', '9'));
  expect([store.get('a')?.resourceVersion, store.namespaces()]).toEqual(['8', ['a']]);
  store.put(object('a', 'u', '9'));
  expect(changed).toEqual(['a']);
});

test.each([
  { case: 'only its own event', events: ['8'], answer: '8', told: [] },
  { case: "somebody else's edit before it, which the answer holds", events: ['7', '8'], answer: '8', told: [] },
  { case: 'nothing', events: [], answer: '8', told: [] },
  { case: 'a later edit', events: ['8', '9'], answer: '8', told: ['a'] },
])('while it is written, $case is seen: told afterwards to $told', async ({ events, answer, told }) => {
  const { store, changed } = filled(object('a', 'u', '5'), object('b', 'u', '5'));
  const result = await store.whileWriting('a', async () => {
    for (const version of events) store.put(object('a', 'u', version));
    store.put(object('b', 'u', '6'));
    expect(changed).toEqual(['b']);
    store.putExpectedResponse(object('a', 'u', answer));
    return Promise.resolve('done');
  });
  expect([result, changed]).toEqual(['done', ['b', ...told]]);
  store.put(object('a', 'u', '10'));
  expect(changed).toEqual(['b', ...told, 'a']);
});

test('a write that fails hides nothing of what was seen meanwhile, nor does one with another answer', async () => {
  const { store, changed } = filled(object('a', 'u', '5'));
  const failing = store.whileWriting('a', () => {
    store.put(object('a', 'u', '6'));
    return Promise.reject(new Error('no answer'));
  });
  await expect(failing).rejects.toThrow('no answer');
  expect(changed).toEqual(['a']);
  await store.whileWriting('a', async () => {
    store.putResponse(object('a', 'u', '7'));
    return Promise.resolve();
  });
  expect(changed).toEqual(['a', 'a']);
});

test('while it is written, a deletion and a list are told at once', async () => {
  const { store, changed } = filled(object('a', 'u', '5'));
  await store.whileWriting('a', async () => {
    store.delete(object('a', 'u', '6'));
    store.replace([object('a', 'v', '7')]);
    expect(changed).toEqual(['a', 'a']);
    return Promise.resolve();
  });
  expect(changed).toEqual(['a', 'a']);
});

test('an answer does not bring back what is gone, older, or another object', () => {
  const { store } = filled(object('a', 'u', '5'));
  store.putResponse(object('a', 'other', '9'));
  store.putResponse(object('a', 'u', '4'));
  store.putResponse(object('b', 'u', '9'));
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
    name: fc.constant('one'),
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

const named = (namespace: string, name: string, uid: string, resourceVersion: string): StoredObject => ({
  ...object(namespace, uid, resourceVersion),
  name,
});

function byName(onChange: (namespace: string) => void = () => undefined): Store<StoredObject> {
  return new Store(onChange, { keyOf: ({ namespace, name }) => `${namespace}/${name}` });
}

test('by name: several objects of a namespace are kept apart', () => {
  const changed: string[] = [];
  const store = byName((namespace) => changed.push(namespace));
  const [rbd, nfs, other] = [named('a', 'rbd', 'u1', '5'), named('a', 'nfs', 'u2', '6'), named('b', 'rbd', 'u3', '7')];
  store.replace([rbd, nfs]);
  store.put(other);
  expect(store.in('a')).toEqual([rbd, nfs]);
  expect(store.in('b')).toEqual([other]);
  store.put(named('a', 'rbd', 'u1', '4'));
  store.delete(named('a', 'nfs', 'another', '9'));
  expect(store.in('a')).toEqual([rbd, nfs]);
  store.delete(nfs);
  store.replace([], 'b');
  expect([store.in('a'), store.in('b')]).toEqual([[rbd], []]);
  expect(changed).toEqual(['a', 'a', 'b', 'a', 'b']);
});

test('by name: it holds what a Store for each name would', () => {
  const anObject = fc
    .tuple(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y'), fc.constantFrom('u1', 'u2'), fc.nat(12).map(String))
    .map((fields) => named(...fields));
  const list = fc.uniqueArray(anObject, { selector: ({ namespace, name }) => `${namespace}/${name}` });
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom('put' as const, 'delete' as const), objects: fc.tuple(anObject) }),
    fc.record({ kind: fc.constant('replace' as const), objects: list }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const store = byName();
      const models = { x: new Store<StoredObject>(() => undefined), y: new Store<StoredObject>(() => undefined) };
      for (const { kind, objects } of steps) {
        if (kind === 'replace') store.replace(objects);
        else store[kind](objects[0]);
        for (const [name, model] of Object.entries(models)) {
          const own = objects.filter((one) => one.name === name);
          if (kind === 'replace') model.replace(own);
          else own.forEach((one) => model[kind](one));
        }
        for (const namespace of ['a', 'b']) {
          const expected = [models.x.get(namespace), models.y.get(namespace)].filter((one) => one !== undefined);
          expect(store.in(namespace).sort((a, b) => a.name.localeCompare(b.name))).toEqual(expected);
        }
      }
    }),
  );
});

interface Labelled extends StoredObject {
  readonly label: string;
}

test('a newer version that brings nothing new is stored and reported to nobody', () => {
  const changes: (readonly Labelled[])[] = [];
  const isSame = (a: Labelled, b: Labelled): boolean => a.label === b.label;
  const store = new Store<Labelled>((_, objects) => changes.push(objects), { isSame });
  const [first, same, other, anew] = [
    { ...object('a', 'u', '1'), label: 'x' },
    { ...object('a', 'u', '2'), label: 'x' },
    { ...object('a', 'u', '4'), label: 'y' },
    { ...object('a', 'v', '5'), label: 'y' },
  ];
  store.put(first);
  store.put(same);
  expect(store.get('a')).toBe(same);
  store.replace([{ ...same, resourceVersion: '3' }]);
  expect(store.get('a')?.resourceVersion).toBe('3');
  store.put(other);
  store.put(anew);
  store.delete(anew);
  expect(changes.map((objects) => objects.map(({ resourceVersion }) => resourceVersion))).toEqual([
    ['1'],
    ['3', '4'],
    ['4', '5'],
    ['5'],
  ]);
});

test('an index holds the very objects that are stored, whatever happens', () => {
  const anObject = fc
    .tuple(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y'), fc.constantFrom('u', 'v'), fc.nat(20))
    .map(([namespace, name, uid, version]) => ({ namespace, name, uid, resourceVersion: String(version) }));
  const list = fc.uniqueArray(anObject, { selector: ({ namespace, name }) => `${namespace}/${name}` });
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom('put', 'delete', 'putResponse', 'putExpectedResponse'), object: anObject }),
    fc.record({ kind: fc.constant('replace'), objects: list, within: fc.constantFrom(undefined, 'a') }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const indexed = new Set<StoredObject>();
      const index = {
        add: (one: StoredObject) => {
          expect(indexed.has(one)).toBe(false);
          indexed.add(one);
        },
        remove: (one: StoredObject) => {
          expect(indexed.delete(one)).toBe(true);
        },
      };
      const keyOf = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;
      const store = new Store<StoredObject>(() => undefined, { keyOf, index, isSame: () => true });
      for (const step of steps) {
        if ('objects' in step) {
          const listed = step.objects.filter(({ namespace }) => (step.within ?? namespace) === namespace);
          store.replace(
            listed.map((one) => ({ ...one })),
            step.within,
          );
        } else store[step.kind as 'put' | 'delete']({ ...step.object });
        expect(new Set(store.all())).toEqual(indexed);
        for (const one of store.all()) expect(indexed.has(one)).toBe(true);
      }
    }),
  );
});
