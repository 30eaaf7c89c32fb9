/** The patch of a workload as a diff: the lines of the sidecar that go, and those that come. */
import type { JsonPatch, JsonPatchOperation } from '../../domain/rules/sidecar-port.js';
import type { Sidecar } from '../../domain/rules/workload.js';

export interface DiffLine {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** Lines of one list of the container. */
export interface Hunk {
  readonly of: 'command' | 'args' | 'ports';
  readonly lines: readonly DiffLine[];
}

const LISTS = ['command', 'args', 'ports'] as const;

/** A JSON pointer of the container's: /spec/template/spec/containers/4/args/3. */
const POINTER = /\/containers\/\d+\/(command|args|ports)(?:\/(\d+|-))?(?:\/(\w+))?$/;

interface Place {
  readonly list: Hunk['of'];
  readonly index: number | undefined;
  /** containerPort or hostPort. */
  readonly field: string | undefined;
}

/** @param sidecar as the patch finds it */
export function diffOf(patch: JsonPatch, sidecar: Sidecar): Hunk[] {
  const changes = patch.flatMap((operation, at) => {
    const place = placeOf(operation.path);
    if (operation.op === 'test' || place === undefined) return [];
    return [{ place, lines: linesOf(operation, place, sidecar), at }];
  });
  return LISTS.flatMap((list): Hunk[] => {
    const ofList = changes.filter(({ place }) => place.list === list);
    // An addition is behind everything that the list has.
    ofList.sort((a, b) => (a.place.index ?? Infinity) - (b.place.index ?? Infinity) || a.at - b.at);
    return ofList.length === 0 ? [] : [{ of: list, lines: ofList.flatMap(({ lines }) => lines) }];
  });
}

function placeOf(path: string): Place | undefined {
  const [, list, index, field] = POINTER.exec(path) ?? [];
  if (list === undefined) return undefined;
  const position = index === undefined || index === '-' ? undefined : Number(index);
  return { list: list as Hunk['of'], index: position, field };
}

function linesOf(
  operation: Exclude<JsonPatchOperation, { readonly op: 'test' }>,
  place: Place,
  sidecar: Sidecar,
): DiffLine[] {
  const old = oldLines(place, sidecar);
  if (operation.op === 'remove') return old;
  const values = Array.isArray(operation.value) ? (operation.value as unknown[]) : [operation.value];
  const added = values.map((value): DiffLine => ({ sign: '+', text: textOf(place, value) }));
  return operation.op === 'add' ? added : [...context(place, sidecar), ...old, ...added];
}

/** Of a flag whose value is an element of its own: the flag. */
function context({ list, index }: Place, sidecar: Sidecar): DiffLine[] {
  if (list === 'ports' || index === undefined || index === 0) return [];
  const elements = sidecar[list] ?? [];
  const flag = elements[index - 1] ?? '';
  return elements[index]?.startsWith('-') === true || !flag.startsWith('-') ? [] : [{ sign: ' ', text: flag }];
}

function oldLines(place: Place, sidecar: Sidecar): DiffLine[] {
  const { list, index, field } = place;
  if (index === undefined) return [];
  const old = list === 'ports' ? portField(sidecar, index, field) : sidecar[list]?.[index];
  return old === undefined ? [] : [{ sign: '-', text: textOf(place, old) }];
}

function portField({ ports }: Sidecar, index: number, field: string | undefined): number | undefined {
  const declared = ports[index];
  return field === 'hostPort' ? declared?.hostPort : declared?.containerPort;
}

function textOf({ list, field = 'containerPort' }: Place, value: unknown): string {
  return list === 'ports' ? `${field}: ${String(value)}` : String(value);
}
